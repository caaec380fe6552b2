"""Decodes video files with FFmpeg (PyAV), one frame at a time.

Convention:
    Frames come as RGB of 8 bits and as stored (see :mod:`master_thesis.video.io.colours`), at the times of the result
    (see :mod:`master_thesis.video.io.clock`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from master_thesis.errors import UserError, require
from master_thesis.video.io.bridging import bridged
from master_thesis.video.io.clock import Clock, read_clock
from master_thesis.video.io.colours import colours_of, to_rgb
from master_thesis.video.io.encoding import is_yuv, mastering
from master_thesis.video.io.opening import open_media, picture_stream, reason_of
from master_thesis.video.io.orientation import quarter_turn
from master_thesis.video.io.source import FrameFolder, TimedFrame, VideoInfo, VideoSource
from master_thesis.video.io.tracks import read_tracks
from master_thesis.video.io.writer import Timing

MAX_PIXELS = 1 << 26
"""Larger frames (67 megapixels: 8192 x 8192) are refused: a few bytes of a hostile file can claim any size."""


TRUNCATED = "truncated packet"
"""The damage of a file that ends too early."""


def open_source(path: Path, rate: Fraction | float | int = 25, keep_going: bool = False) -> VideoSource:
    """Opens a video file or a folder of frames.

    Args:
        path: the file or folder.
        rate: frames per second of a folder; files have their own.
        keep_going: make damaged frames from their neighbours instead of raising.

    Raises:
        UserError: the path does not exist, or is neither a video nor a folder of images.
    """
    require(path.exists(), f"{path}: there is no such file or folder")
    return FrameFolder(path, rate) if path.is_dir() else VideoFile(path, keep_going)


class VideoFile:
    """The film of a file; cover pictures and thumbnails do not count.

    Args:
        path: the file.
        keep_going: make damaged frames from their neighbours instead of raising.
    """

    def __init__(self, path: Path, keep_going: bool = False) -> None:
        self._path, self._keep_going = path, keep_going
        with open_media(path) as container:
            stream, _ = picture_stream(container, path)
            clock = read_clock(container, stream, [s for s in container.streams.audio if s.codec_context])
        with open_media(path) as container:
            self.info = describe(container, path, clock)

    def frames(self) -> Iterator[TimedFrame]:
        """Decodes one frame after another.

        Raises:
            UserError: the file is damaged, or the frames change their size.
        """
        return bridged(self._frames()) if self._keep_going else self._frames()

    def _frames(self) -> Iterator[TimedFrame]:
        count, last = 0, None
        with open_media(self._path) as container:
            pictures = self._decode(container)
            while True:
                try:
                    picture, pts = next(pictures, (None, None))
                except av.error.FFmpegError as error:
                    raise UserError(self._damaged(count, last, error)) from error
                if picture is None and pts is None:
                    return
                frame = self._timed(picture, pts, count, last)
                if frame is not None:
                    count, last = count + 1, frame
                    yield frame

    def _decode(self, container: Any) -> Iterator[tuple[Any, int | None]]:
        """Yields pictures with their times; None for a picture that is damaged."""
        stream, _ = picture_stream(container, self._path)
        decoder, clock = stream.codec_context, self.info.clock.follow()
        if _has_webm_alpha(stream):  # FFmpeg's own decoders drop the second picture, which carries the transparency
            decoder = av.CodecContext.create("libvpx-vp9" if decoder.name == "vp9" else "libvpx", "r")
        else:  # several frames at once would blame a later packet for an error
            decoder.thread_type = "SLICE" if self._keep_going else "AUTO"
        may_miss_packets = bool(self.info.clock.may_jump)
        for packet in container.demux(stream):
            clock.apply(packet)
            if packet.is_corrupt and not may_miss_packets and not self._keep_going:
                raise av.error.InvalidDataError(0, TRUNCATED, str(self._path))
            try:
                pictures = decoder.decode(packet if packet.size else None)
            except av.error.FFmpegError:
                if not self._keep_going:
                    raise
                if packet.pts is not None:
                    yield None, packet.pts
                continue
            for picture in pictures:
                if picture.is_corrupt and not self._keep_going:
                    raise av.error.InvalidDataError(0, "damaged frame", str(self._path))
                yield (None if picture.is_corrupt else picture), picture.pts

    def _timed(self, picture: Any, pts: int | None, count: int, last: TimedFrame | None) -> TimedFrame | None:
        """A decoded frame; None if it is damaged and there is none before it."""
        timing = self.info.timing
        if last is not None and (pts is None or pts <= last.pts):  # AVI and broken files: keep time increasing
            pts = last.pts + timing.ticks_per_frame
        if picture is None:
            return replace(last, pts=pts or 0, is_held=True) if last is not None else None
        self._check_size(picture, count, float((pts or 0) * timing.time_base))
        pixels = to_rgb(picture, self.info.has_alpha)
        alpha = pixels[..., 3].copy() if self.info.has_alpha else None
        native = picture if is_yuv(picture.format.name) else None
        image = np.ascontiguousarray(pixels[..., :3])
        return TimedFrame(image, pts or 0, alpha, native=native, length=picture.duration or 0)

    def _check_size(self, picture: Any, count: int, seconds: float) -> None:
        h, w = self.info.size
        got = f"{picture.width} x {picture.height}"
        require(
            (picture.height, picture.width) == (h, w),
            f"{self._path}: the size changes from {w} x {h} to {got} at frame {count} ({seconds:.2f} s): cut it there, "
            f"for example by ffmpeg with -t {seconds:.3f} and with -ss {seconds:.3f}, and fill the parts",
        )

    def _damaged(self, count: int, last: TimedFrame | None, error: av.error.FFmpegError) -> str:
        timing = self.info.timing
        seconds = float((last.pts + timing.ticks_per_frame) * timing.time_base) if last is not None else 0.0
        way_on = "" if error.strerror == TRUNCATED else ", or add --keep_going, which makes it from its neighbours"
        return (
            f"{self._path}: damaged after {count} complete frames ({reason_of(error)}); "
            f"repair it, or cut it before {seconds:.1f} s{way_on}"
        )


def describe(container: Any, path: Path, clock: Clock) -> VideoInfo:
    """Reads the headers of an open video, and what only frames say from the first frame.

    Raises:
        UserError: there is no frame that can be decoded, or frames are larger than ``MAX_PIXELS``.
    """
    stream, notice = picture_stream(container, path)
    size = (stream.height, stream.width)
    megapixels = size[0] * size[1] / 1e6
    is_small = size[0] * size[1] <= MAX_PIXELS
    require(is_small, f"{path}: frames should have at most 67 megapixels, got {megapixels:.0f}")
    first = _first_frame(container, stream, path)
    colours = colours_of(first)
    return VideoInfo(
        path=path,
        size=size,
        timing=_timing(stream, clock),
        estimated_frames=_estimated_frames(stream),
        pix_fmt=first.format.name,
        bits=max(component.bits for component in first.format.components),
        has_alpha=_has_webm_alpha(stream) or _has_alpha_plane(first.format),
        is_hdr=colours.is_hdr,
        colours=colours,
        hdr_light=_hdr_light(first),
        is_interlaced=bool(first.interlaced_frame),
        display_matrix=_display_matrix(first),
        pixel_aspect=stream.sample_aspect_ratio or None,
        audio_codecs=tuple(s.codec_context.name if s.codec_context else "unknown" for s in container.streams.audio),
        tracks=read_tracks(container, stream),
        picture=stream.index,
        clock=clock,
        notice=notice,
    )


def _first_frame(container: Any, stream: Any, path: Path) -> Any:
    try:
        first = next(container.decode(stream), None)
    except av.error.FFmpegError as error:
        raise UserError(f"{path}: the first frame cannot be decoded ({reason_of(error)})") from error
    if first is None:
        raise UserError(f"{path}: contains no frames")
    return first


def _timing(stream: Any, clock: Clock) -> Timing:
    rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
    time_base = Fraction(stream.time_base)
    end = _end(stream, time_base)
    if end is not None:
        end = None if clock.jumps else end - round(clock.origin / time_base)
    return Timing(rate, time_base, end)


def _estimated_frames(stream: Any) -> int:
    """The number of frames that the header claims; 0 if some of them are cut away by an edit list."""
    rate = stream.average_rate or stream.guessed_rate
    if not stream.duration or not rate:
        return int(stream.frames)
    return int(stream.frames) if stream.frames <= stream.duration * stream.time_base * rate + 1 else 0


def _display_matrix(frame: Any) -> tuple[int, ...] | None:
    """How players rotate a frame."""
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # beside it lies something that PyAV does not know, such as EXIF
        return quarter_turn(frame.rotation)
    return tuple(np.frombuffer(bytes(matrix), np.int32).tolist()) if matrix is not None else None


def _hdr_light(frame: Any) -> str:
    try:
        return mastering(frame.side_data)
    except ValueError:
        return ""


def _end(stream: Any, time_base: Fraction) -> int | None:
    """The end of the last frame, in ticks; Matroska stores it in a tag (``00:01:02.5``)."""
    if stream.duration:
        return int((stream.start_time or 0) + stream.duration)
    tag = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if tag is None:
        return None
    hours, minutes, seconds = tag.groups()
    return round((int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)) / time_base)


def _has_webm_alpha(stream: Any) -> bool:
    return str(stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE", "0"))) == "1"


def _has_alpha_plane(pixels: Any) -> bool:
    return bool(any(component.is_alpha for component in pixels.components)) or pixels.name == "pal8"
