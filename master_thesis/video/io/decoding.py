"""Decodes video files with FFmpeg (PyAV), one frame at a time.

Convention:
    Colours are converted by the tags of the file. Without tags, they are read as players do: as BT.709 (HD) from 720
    lines on, as BT.601 (SD) below. More than 8 bits are reduced to 8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.video.reformatter import Colorspace, ColorTrc

from master_thesis.errors import UserError, require
from master_thesis.video.io.source import FrameFolder, TimedFrame, VideoInfo, VideoSource
from master_thesis.video.io.writer import Timing

MAX_PIXELS = 1 << 26
"""Larger frames (67 megapixels: 8192 x 8192) are refused: a few bytes of a hostile file can claim any size."""

UNSPECIFIED_COLOURS = 2
"""FFmpeg's AVCOL_SPC_UNSPECIFIED."""


def open_source(path: Path, rate: Fraction | float | int = 25) -> VideoSource:
    """Opens a video file or a folder of frames.

    Args:
        path: the file or folder.
        rate: frames per second of a folder; files have their own.

    Raises:
        UserError: the path does not exist, or is neither a video nor a folder of images.
    """
    require(path.exists(), f"{path}: there is no such file or folder")
    return FrameFolder(path, rate) if path.is_dir() else VideoFile(path)


class VideoFile:
    """The first video stream of a file; cover pictures do not count."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as container:
            self.info = describe(container, _picture_stream(container, path), path)

    def frames(self) -> Iterator[TimedFrame]:
        """Decodes one frame after another.

        Raises:
            UserError: the file is damaged, or the frames change their size.
        """
        count, last_pts = 0, None
        with self._open() as container:
            pictures = self._decode(container)
            while True:
                try:
                    picture = next(pictures, None)
                except av.error.FFmpegError as error:
                    raise UserError(self._damaged(count, error)) from error
                if picture is None:
                    return
                frame = self._timed(picture, last_pts)
                count, last_pts = count + 1, frame.pts
                yield frame

    def _open(self) -> Any:
        try:
            return av.open(str(self._path))
        except (av.error.FFmpegError, UnicodeDecodeError) as error:
            raise UserError(f"{self._path}: cannot be read as a video ({_reason(error)})") from error

    def _decode(self, container: Any) -> Iterator[Any]:
        stream = _picture_stream(container, self._path)
        decoder = stream.codec_context
        if _has_webm_alpha(stream):  # FFmpeg's own decoders drop the second picture, which carries the transparency
            decoder = av.CodecContext.create("libvpx-vp9" if decoder.name == "vp9" else "libvpx", "r")
        else:
            decoder.thread_type = "AUTO"
        for packet in container.demux(stream):
            if packet.is_corrupt:
                raise av.error.InvalidDataError(0, "truncated packet", str(self._path))
            for picture in decoder.decode(packet if packet.size else None):
                if picture.is_corrupt:
                    raise av.error.InvalidDataError(0, "damaged frame", str(self._path))
                yield picture

    def _timed(self, picture: Any, last_pts: int | None) -> TimedFrame:
        h, w = self.info.size
        got = f"{picture.width} x {picture.height}"
        require((picture.height, picture.width) == (h, w), f"{self._path}: the size changes from {w} x {h} to {got}")
        pixels = _to_rgb(picture, "rgba" if self.info.has_alpha else "rgb24")
        alpha = pixels[..., 3].copy() if self.info.has_alpha else None
        pts = picture.pts
        if last_pts is not None and (pts is None or pts <= last_pts):  # AVI and broken files: keep time increasing
            pts = last_pts + self.info.timing.ticks_per_frame
        return TimedFrame(np.ascontiguousarray(pixels[..., :3]), pts or 0, alpha)

    def _damaged(self, count: int, error: Exception) -> str:
        seconds = float(count / self.info.timing.rate)
        return (
            f"{self._path}: damaged after {count} complete frames ({_reason(error)}); "
            f"repair it, or cut it before {seconds:.1f} s"
        )


def describe(container: Any, stream: Any, path: Path) -> VideoInfo:
    """Reads the headers of an open video, and what only frames say from the first frame.

    Raises:
        UserError: there is no frame that can be decoded, or frames are larger than ``MAX_PIXELS``.
    """
    size = (stream.height, stream.width)
    megapixels = size[0] * size[1] / 1e6
    is_small = size[0] * size[1] <= MAX_PIXELS
    require(is_small, f"{path}: frames should have at most 67 megapixels, got {megapixels:.0f}")
    try:
        first = next(container.decode(stream), None)
    except av.error.FFmpegError as error:
        raise UserError(f"{path}: the first frame cannot be decoded ({_reason(error)})") from error
    if first is None:
        raise UserError(f"{path}: contains no frames")
    rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
    time_base = Fraction(stream.time_base)
    matrix = first.side_data.get("DISPLAYMATRIX")
    return VideoInfo(
        path=path,
        size=size,
        timing=Timing(rate, time_base, _end(stream, time_base)),
        estimated_frames=stream.frames,
        pix_fmt=first.format.name,
        bits=max(component.bits for component in first.format.components),
        has_alpha=_has_webm_alpha(stream) or _has_alpha_plane(first.format),
        is_hdr=first.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67),
        is_interlaced=bool(first.interlaced_frame),
        display_matrix=tuple(np.frombuffer(bytes(matrix), np.int32).tolist()) if matrix is not None else None,
        pixel_aspect=stream.sample_aspect_ratio or None,
        audio_codecs=tuple(s.codec_context.name if s.codec_context else "unknown" for s in container.streams.audio),
    )


def _end(stream: Any, time_base: Fraction) -> int | None:
    """The end of the last frame, in ticks; Matroska stores it in a tag (``00:01:02.5``)."""
    if stream.duration:
        return int((stream.start_time or 0) + stream.duration)
    tag = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if tag is None:
        return None
    hours, minutes, seconds = tag.groups()
    return round((int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)) / time_base)


def _picture_stream(container: Any, path: Path) -> Any:
    moving = [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]
    if not moving:
        found = "contains sound but no video" if container.streams.audio else "contains no video"
        raise UserError(f"{path}: {found}")
    require(moving[0].codec_context is not None, f"{path}: the video codec is unknown")
    return moving[0]


def _has_webm_alpha(stream: Any) -> bool:
    return str(stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE", "0"))) == "1"


def _has_alpha_plane(pixels: Any) -> bool:
    return bool(any(component.is_alpha for component in pixels.components)) or pixels.name == "pal8"


def _to_rgb(picture: Any, pix_fmt: str) -> Any:
    source = picture.colorspace
    if source == UNSPECIFIED_COLOURS:
        source = Colorspace.ITU709 if picture.height >= 720 else Colorspace.ITU601
    return picture.reformat(format=pix_fmt, src_colorspace=source, threads=1).to_ndarray()


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
