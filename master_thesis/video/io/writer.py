"""Writes videos: H.264 that plays in browsers, or lossless FFV1; incomplete files never appear.

Convention:
    Frames are uint8 RGB ``(H, W, 3)`` in *stored* orientation. A rotated video (a phone held upright) stays rotated by
    its display matrix, which is copied to the output: players rotate it, the pixels are never resampled.
    Times are integer ``pts``, in ticks of ``time_base`` seconds.
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
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from jaxtyping import UInt8

from master_thesis.video.io.audio import AudioCopier

Frame = UInt8[np.ndarray, "H W 3"]

CRF = 16
"""Constant rate factor of x264: visually lossless. ``--lossless`` keeps every bit."""

H264_OPTIONS = {"preset": "medium", "bf": "0"}
"""Without B-frames packets come in display order, so that the duration of every frame is kept as well."""

FFV1_OPTIONS = {"level": "3", "slicecrc": "1"}


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


class VideoWriter:
    """Writes a video beside its final place and renames it when complete; a context manager.

    If the ``with`` block ends with an exception, nothing remains, and an older file at ``path`` stays.

    Args:
        path: the final place; the suffix selects the container (``.mp4``, ``.mov``, ``.mkv``).
        geometry: size and orientation of the frames.
        timing: rate and time base.
        lossless: bit-exact FFV1 in RGB (``.mkv``) instead of H.264.
        audio_from: a file whose audio packets are copied; None: no sound.
        crf: constant rate factor of x264; larger values give smaller and worse videos.
    """

    def __init__(
        self,
        path: Path,
        geometry: Geometry,
        timing: Timing,
        lossless: bool = False,
        audio_from: Path | None = None,
        crf: int = CRF,
    ) -> None:
        self._path, self._timing = path, timing
        # Not `atomic_path`: FFmpeg selects the container by the suffix.
        self._part = path.with_name(f"{path.stem}.part{path.suffix}")
        self._pending: Any = None  # the last frame: its duration is known only when the next one comes
        path.parent.mkdir(parents=True, exist_ok=True)
        muxing = {"fflags": "+bitexact"}  # equal frames give equal files
        if path.suffix.lower() in {".mp4", ".m4v", ".mov"}:
            muxing["movflags"] = "+faststart"
        self._output = av.open(str(self._part), "w", options=muxing)
        encoding = FFV1_OPTIONS if lossless else H264_OPTIONS | {"crf": str(crf)}
        self._stream = self._add_video(geometry, encoding, lossless)
        self._audio = AudioCopier(audio_from, self._output) if audio_from else None

    def write(self, frame: Frame, pts: int | None = None) -> None:
        """Appends a frame.

        Args:
            frame: the picture.
            pts: presentation time, in ticks; None: one frame interval after the previous frame.
        """
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = _to_encoder_colours(picture, str(self._stream.pix_fmt))
        picture.time_base = self._timing.time_base
        if self._pending is None:
            picture.pts = 0 if pts is None else pts
        else:
            picture.pts = self._pending.pts + self._timing.ticks_per_frame if pts is None else pts
            self._encode(self._pending, until=picture.pts)
        self._pending = picture

    def _encode(self, picture: Any, until: int) -> None:
        picture.duration = until - picture.pts
        if self._audio:
            self._audio.copy_until(float(picture.pts * self._timing.time_base))
        self._output.mux(self._stream.encode(picture))

    def _finish(self) -> None:
        if self._pending is not None:
            start, end = self._pending.pts, self._timing.end or 0
            self._encode(self._pending, until=end if end > start else start + self._timing.ticks_per_frame)
        self._output.mux(self._stream.encode(None))
        if self._audio:
            self._audio.copy_until(float("inf"))

    def _add_video(self, geometry: Geometry, options: dict[str, str], lossless: bool) -> Any:
        codec = "ffv1" if lossless else "libx264"
        stream: Any = self._output.add_stream(codec, rate=self._timing.rate, options=options)
        stream.height, stream.width = geometry.size
        has_odd_side = any(side % 2 for side in geometry.size)
        stream.pix_fmt = "bgr0" if lossless else "yuv444p" if has_odd_side else "yuv420p"
        context = stream.codec_context
        context.time_base = stream.time_base = self._timing.time_base
        if not lossless:
            context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
            context.color_trc, context.color_primaries = ColorTrc.BT709, ColorPrimaries.BT709
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
            if self._audio:
                self._audio.close()
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


def _to_encoder_colours(picture: Any, pix_fmt: str) -> Any:
    # One thread: with several, equal runs give files that differ by a few bytes far more often (PyAV 18), no faster.
    if pix_fmt == "bgr0":
        return picture.reformat(format=pix_fmt, threads=1)
    return picture.reformat(
        format=pix_fmt,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation="BICUBIC",
        threads=1,
    )
