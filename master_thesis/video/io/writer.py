"""Writing videos: H.264 that plays in a browser, or FFV1 without loss; never a half-written file.

Convention:
    Frames are uint8 RGB ``(H, W, 3)`` in *stored* orientation. A rotated video (a phone held upright) stays rotated by
    its display matrix, which is copied to the output: the player turns it, the pixels are never resampled.
    Times are integer ``pts`` counted in ``time_base`` seconds.
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
"""x264's constant rate factor: visually lossless; ``--lossless`` is for those who need every bit."""

H264_OPTIONS = {"preset": "medium", "bf": "0"}
"""Without B-frames packets lie in the order of display, so that the duration of every frame is kept as well."""

FFV1_OPTIONS = {"level": "3", "slicecrc": "1"}


@dataclass(frozen=True)
class Timing:
    """How the frames of a video lie in time.

    Attributes:
        rate: frames per second; the mean where the rate varies.
        time_base: seconds of one tick of ``pts``.
        end: when the last frame stops being shown, in ticks; None: after one frame at the mean rate.
    """

    rate: Fraction
    time_base: Fraction
    end: int | None = None

    @classmethod
    def constant(cls, rate: Fraction | float | int) -> Timing:
        """One tick per frame."""
        exact = Fraction(rate).limit_denominator(1001)
        return cls(exact, 1 / exact)

    @property
    def ticks_per_frame(self) -> int:
        """Ticks of one frame at the mean rate."""
        return max(round(1 / (self.rate * self.time_base)), 1)


class VideoWriter:
    """Writes one video beside its final place and renames it when it is whole; a context manager.

    The file appears at ``path`` only when the ``with`` block ends without an exception; otherwise nothing is left.

    Args:
        path: where the video goes; the suffix names the container (``.mp4``, ``.mov``, ``.mkv``).
        size: height and width in pixels. Odd sizes are kept: such videos store colours at full resolution (4:4:4),
            since 4:2:0 exists for even sizes only.
        timing: rate and time base.
        lossless: FFV1 in RGB (``.mkv``), bit-exact, instead of H.264.
        display_matrix: how players should turn the frames (nine integers, 16.16 fixed point); None: not at all.
        pixel_aspect: width over height of one pixel; None: square.
        audio_from: a file whose audio packets are copied as they are; None: no sound.
        crf: x264's constant rate factor; more is smaller and worse.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        timing: Timing,
        lossless: bool = False,
        display_matrix: Sequence[int] | None = None,
        pixel_aspect: Fraction | None = None,
        audio_from: Path | None = None,
        crf: int = CRF,
    ) -> None:
        self._path, self._size, self._timing = path, size, timing
        self._part = path.with_name(f"{path.stem}.part{path.suffix}")
        self._held: Any = None  # the last frame waits for the next one: only then its duration is known
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {"fflags": "+bitexact"}  # the same frames give the same file
        if path.suffix.lower() in {".mp4", ".m4v", ".mov"}:
            options["movflags"] = "+faststart"
        self._output = av.open(str(self._part), "w", options=options)
        self._stream = self._add_video(FFV1_OPTIONS if lossless else H264_OPTIONS | {"crf": str(crf)}, lossless)
        if display_matrix is not None:
            self._stream.set_display_matrix(list(display_matrix))
        if pixel_aspect:
            self._stream.codec_context.sample_aspect_ratio = pixel_aspect
        self._audio = AudioCopier(audio_from, self._output) if audio_from else None

    def write(self, frame: Frame, pts: int | None = None) -> None:
        """Appends a frame.

        Args:
            frame: the picture.
            pts: when it is shown, in ticks; None: one frame after the one before.
        """
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = _to_encoder_colours(picture, str(self._stream.pix_fmt))
        picture.time_base = self._timing.time_base
        if self._held is None:
            picture.pts = 0 if pts is None else pts
        else:
            picture.pts = self._held.pts + self._timing.ticks_per_frame if pts is None else pts
            self._encode(self._held, until=picture.pts)
        self._held = picture

    def _encode(self, picture: Any, until: int) -> None:
        picture.duration = until - picture.pts
        if self._audio:
            self._audio.copy_until(float(picture.pts * self._timing.time_base))
        self._output.mux(self._stream.encode(picture))

    def _finish(self) -> None:
        if self._held is not None:
            end = self._timing.end or 0
            self._encode(
                self._held, until=end if end > self._held.pts else self._held.pts + self._timing.ticks_per_frame
            )
        self._output.mux(self._stream.encode(None))
        if self._audio:
            self._audio.copy_until(float("inf"))

    def _add_video(self, options: dict[str, str], lossless: bool) -> Any:
        codec = "ffv1" if lossless else "libx264"
        stream: Any = self._output.add_stream(codec, rate=self._timing.rate, options=options)
        stream.height, stream.width = self._size
        has_odd_side = any(side % 2 for side in self._size)
        stream.pix_fmt = "bgr0" if lossless else "yuv444p" if has_odd_side else "yuv420p"
        context = stream.codec_context
        context.time_base = stream.time_base = self._timing.time_base
        if not lossless:
            context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
            context.color_trc, context.color_primaries = ColorTrc.BT709, ColorPrimaries.BT709
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
        path: where; written beside and renamed when whole.
        frames: uint8 RGB pictures of one size; at least one.
        rate: frames per second.

    Raises:
        ValueError: there are no frames.
    """
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise ValueError(f"{path}: no frames to write")
    with VideoWriter(path, (first.shape[0], first.shape[1]), Timing.constant(rate)) as writer:
        writer.write(first)
        for frame in iterator:
            writer.write(frame)


def _to_encoder_colours(picture: Any, pix_fmt: str) -> Any:
    # By one thread: with several, equal runs gave files that differ by some bytes far more often (PyAV 18), no faster.
    if pix_fmt == "bgr0":
        return picture.reformat(format=pix_fmt, threads=1)
    return picture.reformat(
        format=pix_fmt,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation="BICUBIC",
        threads=1,
    )
