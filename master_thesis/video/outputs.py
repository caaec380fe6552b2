"""Where a result goes and in which form: a video, or a folder of PNG frames."""

from __future__ import annotations

import os
import shutil
from collections.abc import Set
from pathlib import Path
from types import TracebackType
from typing import Protocol, runtime_checkable

from jaxtyping import UInt8
from numpy import ndarray

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import require
from master_thesis.images.codec import write_png
from master_thesis.video.io.audio import CONTAINERS, can_hold
from master_thesis.video.io.source import VideoInfo
from master_thesis.video.io.writer import VideoWriter

FIGURES, OVERLAY, PAGE = ".json", "_overlay.mp4", ".html"
"""Endings of what is written beside an output."""


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
    video = with_own_name(video)
    return video.with_name(f"{video.stem if video.is_file() else video.name}_inpainted{suffix}")


def with_own_name(path: Path) -> Path:
    """A path that can be given another name: ``.`` and ``..`` are spelled out.

    Raises:
        UserError: it is the root of all.
    """
    named = path if path.name not in ("", "..") else path.resolve()
    require(bool(named.name), f"{path}: should be a file or a folder with a name")
    return named


def is_frame_folder(output: Path) -> bool:
    """Whether an output names a folder of PNG frames: it has no suffix."""
    return not output.suffix


def beside(output: Path, ending: str) -> Path:
    """A file that goes with an output: its name without suffix, and an ending.

    >>> beside(Path("clip.mp4"), OVERLAY).name
    'clip_overlay.mp4'
    """
    return output.with_name(f"{output.stem}{ending}")


def unfinished(output: Path) -> Path:
    """The folder that holds what is done of an output that is not whole yet."""
    return output.with_name(f"{output.name}.parts")


def output_problems(output: Path, config: VideoConfig, info: VideoInfo) -> list[str]:
    """Why an output cannot be written, one line each."""
    inputs = {info.path.resolve(), Path(str(config.mask)).resolve()}
    if output.resolve() in inputs:
        return [f"--output {output} is an input and is never overwritten"]
    problems = _standing_in_the_way(output, config.overwrite) if output.exists() else []
    problems += _companion_problems(output, config, inputs) + _format_problems(output, config, info)
    place = next(p for p in output.absolute().parents if p.exists())
    if not place.is_dir():
        problems.append(f"--output {output}: {place} is a file, not a folder")
    elif not os.access(place, os.W_OK):
        problems.append(f"--output {output}: {place} cannot be written to")
    return problems


def _standing_in_the_way(output: Path, overwrite: bool) -> list[str]:
    """What speaks against replacing an output that exists."""
    if output.is_dir() != is_frame_folder(output):
        return [f"--output {output} is a {'folder' if output.is_dir() else 'file'}: choose another name"]
    names = sorted(p.name for p in output.iterdir()) if output.is_dir() else []
    strange = [name for name in names if not name.endswith(".png")]
    if strange:  # a folder is replaced as a whole
        return [f"--output {output} holds other things than a result ({strange[0]}): choose another name"]
    is_free = overwrite or (output.is_dir() and not names)
    return [] if is_free else [f"--output {output} exists already: --overwrite replaces it"]


def _companion_problems(output: Path, config: VideoConfig, inputs: Set[Path]) -> list[str]:
    """What speaks against the files that are written beside an output."""
    wanted = {FIGURES: True, OVERLAY: config.overlay, PAGE: config.report}
    companions = [beside(output, ending) for ending, is_wanted in wanted.items() if is_wanted]
    lost = [path for path in companions if path.resolve() in inputs]
    is_free = config.overwrite or output.exists() or unfinished(output).exists()
    taken = [path for path in companions if path.exists() and path not in lost and not is_free]
    return [
        *(f"--output {output} comes with {path}, an input that is never overwritten" for path in lost),
        *(f"--output {output} comes with {path}, which exists already: --overwrite replaces it" for path in taken),
    ]


def _format_problems(output: Path, config: VideoConfig, info: VideoInfo) -> list[str]:
    """What an output's container cannot hold."""
    if is_frame_folder(output):
        return []
    suffix = output.suffix.lower()
    if suffix not in CONTAINERS:
        return [f"--output should end in .mp4, .mov or .mkv, or be a folder, got {output.name}"]
    silent = [codec for codec in info.audio_codecs if not can_hold(suffix, codec)]
    problems = [f"{suffix} cannot hold the sound of {info.path} ({codec}): use .mkv" for codec in silent]
    if config.lossless and suffix != ".mkv":
        problems.append(f"--lossless needs an --output in .mkv or a folder, got {output.name}")
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
