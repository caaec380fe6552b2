"""The consumers of finished frames: result, overlay, origins, figures and page.

Each is a context manager that yields a :class:`Sink`. Its output appears complete when the block ends, or not at all.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from master_thesis.configs.video import VideoConfig
from master_thesis.images.codec import write_numbers, write_png
from master_thesis.video.compositing import KNOWN
from master_thesis.video.finished import FinishedFrame
from master_thesis.video.io.source import VideoInfo
from master_thesis.video.io.writer import Known, VideoWriter
from master_thesis.video.outputs import PAGE, PREVIEW, beside, companions_of, is_frame_folder, result_encoding
from master_thesis.video.provenance import FrameOrigin, in_one_sentence, origin_numbers, write_origins
from master_thesis.video.report.closeups import Closeups
from master_thesis.video.report.page import Page, write_page
from master_thesis.video.report.preview import open_preview


@runtime_checkable
class Sink(Protocol):
    """Takes every finished frame, in order."""

    def write(self, frame: FinishedFrame) -> None:
        """Takes the next frame."""
        ...


def result_sink(output: Path, info: VideoInfo, config: VideoConfig) -> AbstractContextManager[Sink]:
    """Writes the result, with the sound of the video: a video file, or a folder of PNG frames."""
    return frame_folder_sink(output, info) if is_frame_folder(output) else video_sink(output, info, config)


@dataclass(frozen=True)
class _Result:
    writer: VideoWriter

    def write(self, frame: FinishedFrame) -> None:
        known = Known(frame.native, frame.source != KNOWN) if frame.native is not None else None
        self.writer.write(frame.after if frame.fine is None else frame.fine, frame.pts, known, frame.length)


@contextmanager
def video_sink(path: Path, info: VideoInfo, config: VideoConfig) -> Iterator[Sink]:
    """Writes a video of the filled frames."""
    encoding, companions = result_encoding(config, info), companions_of(path, info)
    with VideoWriter(path, info.geometry, info.timing, encoding, companions) as writer:
        yield _Result(writer)


@dataclass(frozen=True)
class _FrameFolder:
    folder: Path
    info: VideoInfo

    def write(self, frame: FinishedFrame) -> None:
        names = self.info.names
        stem = Path(names[frame.number]).stem if names else f"{frame.number:05d}"
        write_png(self.folder / f"{stem}.png", frame.after)


@contextmanager
def frame_folder_sink(path: Path, info: VideoInfo) -> Iterator[Sink]:
    """Writes the filled frames as PNG. Frames from a folder keep their names, others are numbered from 0."""
    with _replaced(path) as part:
        yield _FrameFolder(part, info)


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Yields an empty folder that takes the place of another one when the block ends without an error."""
    part = path.with_name(f"{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        if path.exists():
            shutil.rmtree(path)
        os.replace(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@dataclass(frozen=True)
class _Origins:
    folder: Path

    def write(self, frame: FinishedFrame) -> None:
        write_numbers(self.folder / f"{frame.number:05d}.png", origin_numbers(frame.source))


@contextmanager
def origins_sink(path: Path) -> Iterator[Sink]:
    """Writes the origin of every pixel as a folder of images of 16 bits."""
    with _replaced(path) as part:
        yield _Origins(part)


@dataclass(frozen=True)
class _Overlay:
    writer: VideoWriter

    def write(self, frame: FinishedFrame) -> None:
        self.writer.write(frame.overlay, frame.pts, length=frame.length)


@contextmanager
def overlay_sink(path: Path, info: VideoInfo) -> Iterator[Sink]:
    """Writes a video in which the hole is coloured by origin."""
    with VideoWriter(path, info.geometry, info.timing) as writer:
        yield _Overlay(writer)


@dataclass(frozen=True)
class Figures:
    """Collects where the pixels of every frame came from.

    Attributes:
        origins: of the frames so far.
        are_all_asked: whether every frame was asked for what it shows of each hole.
    """

    origins: list[FrameOrigin] = field(default_factory=list)
    are_all_asked: bool = True

    def write(self, frame: FinishedFrame) -> None:
        """Adds the origin of a frame."""
        self.origins.append(frame.origin)

    @property
    def sentence(self) -> str:
        """The figures in words."""
        return in_one_sentence(self.origins, self.are_all_asked)


@contextmanager
def figures_sink(path: Path, figures: Figures, made_from: Mapping[str, Any]) -> Iterator[Sink]:
    """Collects figures and writes them as JSON, with the fingerprint of what they were made from."""
    yield figures
    write_origins(path, figures.origins, figures.sentence, made_from)


@dataclass(frozen=True)
class _Both:
    first: Sink
    second: Sink

    def write(self, frame: FinishedFrame) -> None:
        self.first.write(frame)
        self.second.write(frame)


@contextmanager
def page_sink(output: Path, info: VideoInfo, figures: Figures, title: str, facts: Mapping[str, str]) -> Iterator[Sink]:
    """Writes a small video of before, after and origin, and finally the page around it, with crops at full size.

    Args:
        output: the result that the page lies beside.
        info: the video.
        figures: collected by :func:`figures_sink` from the same frames.
        title: title of the page.
        facts: how the result was made, by name.
    """
    preview, closeups = beside(output, PREVIEW), Closeups(info.display_matrix)
    try:
        with open_preview(preview, info) as sink:
            yield _Both(sink, closeups)
        page = Page(title, figures.sentence, figures.origins, facts, closeups.chosen())
        write_page(beside(output, PAGE), page, preview)
    finally:
        preview.unlink(missing_ok=True)
