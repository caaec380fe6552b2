"""Where a result goes and in which form: a video, or a folder of PNG frames."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Protocol, runtime_checkable

from jaxtyping import UInt8
from numpy import ndarray

from master_thesis.io.audio import CONTAINERS, can_hold
from master_thesis.io.frames import write_png
from master_thesis.io.source import VideoInfo
from master_thesis.io.video import VideoWriter


@runtime_checkable
class Sink(Protocol):
    """Takes frames one by one and makes them appear whole or not at all; a context manager."""

    def write(self, frame: UInt8[ndarray, "H W 3"], pts: int | None = None) -> None:
        """Appends a frame, shown at ``pts``."""
        ...

    def __enter__(self) -> Sink: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def default_output(video: Path, info: VideoInfo, lossless: bool) -> Path:
    """Where the result goes when nobody says: beside the video, in a container that holds its sound."""
    holds_sound = all(can_hold(".mp4", codec) for codec in info.audio_codecs)
    suffix = ".mp4" if holds_sound and not lossless else ".mkv"
    return video.with_name(f"{video.stem if video.is_file() else video.name}_inpainted{suffix}")


def is_frame_folder(output: Path) -> bool:
    """Whether an output names a folder of PNG frames: it has no suffix."""
    return not output.suffix


def output_problems(output: Path, mask: Path, info: VideoInfo, lossless: bool, overwrite: bool) -> list[str]:
    """Why an output cannot be written, one line each."""
    problems = []
    if output.resolve() in (info.path.resolve(), mask.resolve()):
        return [f"--output {output} is an input and is never overwritten"]
    if output.exists() and not overwrite:
        problems.append(f"--output {output} exists already: --overwrite replaces it")
    elif output.exists() and output.is_dir() != is_frame_folder(output):
        problems.append(f"--output {output} is a {'folder' if output.is_dir() else 'file'}: choose another name")
    suffix = output.suffix.lower()
    if not is_frame_folder(output) and suffix not in CONTAINERS:
        problems.append(f"--output should end in .mp4, .mov or .mkv, or be a folder, got {output.name}")
        return problems
    if lossless and suffix and suffix != ".mkv":
        problems.append(f"--lossless needs an --output in .mkv or a folder, got {output.name}")
    for codec in info.audio_codecs if suffix else ():
        if not can_hold(suffix, codec):
            problems.append(f"{suffix} cannot hold the sound of {info.path} ({codec}): use .mkv")
    place = next(p for p in output.absolute().parents if p.exists())
    if not os.access(place, os.W_OK):
        problems.append(f"--output {output}: {place} cannot be written to")
    return problems


def open_sink(output: Path, info: VideoInfo, lossless: bool) -> Sink:
    """Opens an output for frames like those of ``info``, with its sound."""
    if is_frame_folder(output):
        return FrameFolderWriter(output, info)
    return VideoWriter(
        output,
        info.size,
        info.timing,
        lossless=lossless,
        display_matrix=info.display_matrix,
        pixel_aspect=info.pixel_aspect,
        audio_from=info.path if info.audio_codecs else None,
    )


class FrameFolderWriter:
    """Writes PNG frames into a folder that appears when it is whole; a context manager.

    Args:
        path: the folder. Frames keep the names they had in a folder, else they are numbered from 0.
        info: the video they belong to.
    """

    def __init__(self, path: Path, info: VideoInfo) -> None:
        self._path, self._names = path, [Path(name).stem for name in info.names]
        self._part = path.with_name(f"{path.name}.part")
        self._count = 0
        shutil.rmtree(self._part, ignore_errors=True)
        self._part.mkdir(parents=True)

    def write(self, frame: UInt8[ndarray, "H W 3"], pts: int | None = None) -> None:
        """Appends a frame; a folder knows no times."""
        name = self._names[self._count] if self._names else f"{self._count:05d}"
        write_png(self._part / f"{name}.png", frame)
        self._count += 1

    def __enter__(self) -> FrameFolderWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            if self._path.exists():
                shutil.rmtree(self._path)
            os.replace(self._part, self._path)
        shutil.rmtree(self._part, ignore_errors=True)
