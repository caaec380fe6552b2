"""Writes videos that appear when complete: H.264 that plays in browsers unless asked otherwise.

Convention:
    Frames are RGB ``(H, W, 3)`` of 8 or 16 bits in *stored* orientation. A rotated video (a phone held upright) stays
    rotated by its display matrix, which is copied to the output: players rotate it, the pixels are never resampled.
    Times are integer ``pts``, in ticks of ``time_base`` seconds. Pixels that are known as the video stores them are
    passed on as they are, in its own colours; only filled ones are converted from RGB.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from jaxtyping import Bool, Shaped

from master_thesis.video.io.colours import from_rgb, with_known
from master_thesis.video.io.copying import Companions, TrackCopier, copy_picture_facts
from master_thesis.video.io.encoding import Encoding, opening_encoder

Frame = Shaped[np.ndarray, "H W 3"]


@dataclass(frozen=True)
class Timing:
    """When the frames of a video are shown.

    Attributes:
        rate: frames per second; the mean of a variable rate.
        time_base: duration of one tick of ``pts``, in seconds.
        end: end of the last frame, in ticks; None: one frame at the mean rate after its start.
    """

    rate: Fraction
    time_base: Fraction
    end: int | None = None

    @classmethod
    def constant(cls, rate: Fraction | float | int) -> Timing:
        """A constant rate, with one tick per frame."""
        exact = Fraction(rate).limit_denominator(1001)
        return cls(exact, 1 / exact)

    @property
    def ticks_per_frame(self) -> int:
        """Ticks of one frame at the mean rate."""
        return max(round(1 / (self.rate * self.time_base)), 1)


@dataclass(frozen=True)
class Geometry:
    """The format of the pictures of a video.

    Attributes:
        size: stored height and width, in pixels. Odd sizes are kept: H.264 then stores colours at full resolution
            (4:4:4), because 4:2:0 exists for even sizes only.
        display_matrix: how players rotate the frames (nine integers, 16.16 fixed point); None: not at all.
        pixel_aspect: width over height of a pixel; None: square.
    """

    size: tuple[int, int]
    display_matrix: Sequence[int] | None = None
    pixel_aspect: Fraction | None = None


@dataclass(frozen=True)
class Known:
    """The part of a frame that a video stores already.

    Attributes:
        native: the frame as decoded, in YUV.
        hole: the pixels that it does not show.
    """

    native: Any
    hole: Bool[np.ndarray, "H W"]


class VideoWriter:
    """Writes a video next to its final place and renames it when complete; a context manager.

    If the ``with`` block ends with an exception, nothing remains, and an older file at ``path`` stays.

    Args:
        path: the final place; the suffix selects the container (``.mp4``, ``.mov``, ``.mkv``).
        geometry: size and orientation of the frames.
        timing: rate and time base.
        encoding: codec, quality and colours.
        companions: what is copied from a source in addition to the picture; None: nothing.
    """

    def __init__(
        self,
        path: Path,
        geometry: Geometry,
        timing: Timing,
        encoding: Encoding | None = None,
        companions: Companions | None = None,
    ) -> None:
        self._path, self._timing, self._encoding = path, timing, encoding or Encoding()
        # Not `atomic_path`: FFmpeg selects the container by the suffix.
        self._part = path.with_name(f"{path.stem}.part{path.suffix}")
        self._pending: Any = None  # the last frame: its duration is known only when the next one comes
        self._pending_length = 0
        self._durations: dict[int, int] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        muxing = {"fflags": "+bitexact"}  # equal frames give equal files
        if path.suffix.lower() in {".mp4", ".m4v", ".mov"}:
            muxing["movflags"] = "+faststart"
        self._output: Any = None
        self._copier: TrackCopier | None = None
        try:
            self._open(geometry, companions, muxing)
        except BaseException:
            self._part.unlink(missing_ok=True)
            raise

    def _open(self, geometry: Geometry, companions: Companions | None, muxing: dict[str, str]) -> None:
        self._output = av.open(f"file:{self._part}", "w", options=muxing)
        self._stream = self._add_video(geometry)
        if companions:
            self._copier = TrackCopier(companions, self._output)
            copy_picture_facts(companions, self._stream)
        with opening_encoder():
            self._stream.codec_context.open()

    def write(self, frame: Frame, pts: int | None = None, known: Known | None = None, length: int = 0) -> None:
        """Appends a frame.

        Args:
            frame: the picture.
            pts: presentation time, in ticks; None: one frame interval after the previous frame.
            known: the part of the frame that is passed on as it is.
            length: how long it is shown if it is the last one, in ticks; 0: not known.
        """
        picture = self._picture(frame, known)
        picture.time_base = self._timing.time_base
        if self._pending is None:
            picture.pts = 0 if pts is None else pts
        else:
            picture.pts = self._pending.pts + self._timing.ticks_per_frame if pts is None else pts
            self._encode(self._pending, until=picture.pts)
        self._pending, self._pending_length = picture, length

    def _picture(self, frame: Frame, known: Known | None) -> Any:
        colours, pix_fmt = self._encoding.colours, str(self._stream.pix_fmt)
        if known is None or not pix_fmt.startswith("yuv"):
            picture = from_rgb(frame, pix_fmt, colours)
        else:
            picture = with_known(frame, known.hole, known.native, pix_fmt, colours)
        if pix_fmt.startswith("yuv"):
            picture.color_range, picture.colorspace = colours.range_tag, colours.matrix
            # ProRes takes these from its pictures.
            picture.color_trc, picture.color_primaries = colours.transfer, colours.primaries
        return picture

    def _encode(self, picture: Any, until: int) -> None:
        self._durations[picture.pts] = picture.duration = until - picture.pts
        if self._copier:
            self._copier.copy_until(float(picture.pts * self._timing.time_base))
        self._mux(self._stream.encode(picture))

    def _mux(self, packets: Iterable[Any]) -> None:
        for packet in packets:  # encoders derive durations from the rate, which is wrong at variable rates
            packet.duration = self._durations.pop(packet.pts, packet.duration)
            self._output.mux(packet)

    def _finish(self) -> None:
        if self._pending is not None:
            start, end = self._pending.pts, self._timing.end or 0
            length = self._pending_length or self._timing.ticks_per_frame
            self._encode(self._pending, until=end if end > start else start + length)
        self._mux(self._stream.encode(None))
        if self._copier:
            self._copier.copy_until(float("inf"))

    def _add_video(self, geometry: Geometry) -> Any:
        encoding, colours = self._encoding, self._encoding.colours
        options = encoding.options(geometry.size)
        stream: Any = self._output.add_stream(encoding.encoder.name, rate=self._timing.rate, options=options)
        stream.height, stream.width = geometry.size
        stream.pix_fmt = encoding.format_for(geometry.size)
        context = stream.codec_context
        context.time_base = stream.time_base = self._timing.time_base
        if stream.pix_fmt.startswith("yuv"):
            context.color_range, context.colorspace = colours.range_tag, colours.matrix
            context.color_trc, context.color_primaries = colours.transfer, colours.primaries
        if encoding.codec == "hevc" and self._path.suffix.lower() != ".mkv":
            context.codec_tag = "hvc1"  # the name that Apple's players know
        if geometry.display_matrix is not None:
            stream.set_display_matrix(list(geometry.display_matrix))
        if geometry.pixel_aspect:
            context.sample_aspect_ratio = geometry.pixel_aspect
        return stream

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
            self._output.close()
            if kind is None:
                os.replace(self._part, self._path)
        finally:
            if self._copier:
                self._copier.close()
            self._part.unlink(missing_ok=True)


def write_video(path: Path, frames: Iterable[Frame], rate: Fraction | float | int) -> None:
    """Writes frames as an H.264 ``.mp4`` that plays in a browser.

    Args:
        path: the final place; the video appears there when complete.
        frames: uint8 RGB pictures of one size, at least one.
        rate: frames per second.

    Raises:
        ValueError: there are no frames.
    """
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise ValueError(f"{path}: no frames to write")
    with VideoWriter(path, Geometry((first.shape[0], first.shape[1])), Timing.constant(rate)) as writer:
        writer.write(first)
        for frame in iterator:
            writer.write(frame)
