"""Where results go, how the files beside them are named, and why an output cannot be written."""

from __future__ import annotations

import os
from collections.abc import Set
from pathlib import Path

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import require
from master_thesis.video.io.audio import CONTAINERS, can_hold
from master_thesis.video.io.source import VideoInfo

FIGURES, OVERLAY, PAGE = ".json", "_overlay.mp4", ".html"
"""Endings of the files written beside an output."""
PREVIEW = ".preview.mp4"
"""Ending of the small video that becomes part of the page."""


def chosen_output(config: VideoConfig, info: VideoInfo) -> Path:
    """The output that the user names, or else a file beside the video."""
    if config.output:
        return with_own_name(Path(config.output))
    video = with_own_name(info.path)
    return video.with_name(f"{stem_of(video)}_inpainted{video_suffix(info, config.lossless)}")


def video_suffix(info: VideoInfo, lossless: bool) -> str:
    """The suffix of a container that holds the result with its sound."""
    holds_sound = all(can_hold(".mp4", codec) for codec in info.audio_codecs)
    return ".mp4" if holds_sound and not lossless else ".mkv"


def stem_of(video: Path) -> str:
    """The name of a video without suffix; folders have none."""
    return video.name if video.is_dir() else video.stem


def with_own_name(path: Path) -> Path:
    """The path with ``.`` and ``..`` resolved, so that other names can be derived from its own.

    Raises:
        UserError: it is the root folder.
    """
    named = path if path.name not in ("", "..") else path.resolve()
    require(bool(named.name), f"{path}: should be a file or a folder with a name")
    return named


def is_frame_folder(output: Path) -> bool:
    """Whether an output is a folder of PNG frames: its name has no suffix."""
    return not output.suffix


def beside(output: Path, ending: str) -> Path:
    """The path of a file beside an output: the name of the output without suffix, and an ending.

    >>> beside(Path("clip.mp4"), OVERLAY).name
    'clip_overlay.mp4'
    """
    return output.with_name(f"{output.stem}{ending}")


def unfinished(output: Path) -> Path:
    """The folder with the unfinished work on an output."""
    return output.with_name(f"{output.name}.parts")


def output_problems(output: Path, config: VideoConfig, info: VideoInfo) -> list[str]:
    """Why an output cannot be written, one line each."""
    inputs = {info.path.resolve(), Path(config.mask).resolve()}
    if output.resolve() in inputs:
        return [f"--output {output} is an input and is never overwritten"]
    problems = _replacement_problems(output, config.overwrite) if output.exists() else []
    problems += _companion_problems(output, config, inputs) + _format_problems(output, config, info)
    place = next(p for p in output.absolute().parents if p.exists())
    if not place.is_dir():
        problems.append(f"--output {output}: {place} is a file, not a folder")
    elif not os.access(place, os.W_OK):
        problems.append(f"--output {output}: {place} cannot be written to")
    return problems


def _replacement_problems(output: Path, overwrite: bool) -> list[str]:
    """Why an existing output cannot be replaced."""
    if output.is_dir() != is_frame_folder(output):
        return [f"--output {output} is a {'folder' if output.is_dir() else 'file'}: choose another name"]
    names = sorted(p.name for p in output.iterdir()) if output.is_dir() else []
    others = [name for name in names if not name.endswith(".png")]
    if others:  # replacing a folder deletes everything in it
        return [f"--output {output} contains files other than frames ({others[0]}): choose another name"]
    is_free = overwrite or (output.is_dir() and not names)
    return [] if is_free else [f"--output {output} exists already: --overwrite replaces it"]


def _companion_problems(output: Path, config: VideoConfig, inputs: Set[Path]) -> list[str]:
    """Why the files beside an output cannot be written."""
    wanted = {FIGURES: True, OVERLAY: config.overlay, PAGE: config.report}
    companions = [beside(output, ending) for ending, is_wanted in wanted.items() if is_wanted]
    lost = [path for path in companions if path.resolve() in inputs]
    is_free = config.overwrite or output.exists() or unfinished(output).exists()
    taken = [path for path in companions if path.exists() and path not in lost and not is_free]
    return [
        *(f"--output {output} also writes {path}, an input that is never overwritten" for path in lost),
        *(f"--output {output} also writes {path}, which exists already: --overwrite replaces it" for path in taken),
    ]


def _format_problems(output: Path, config: VideoConfig, info: VideoInfo) -> list[str]:
    """What the container of an output cannot hold."""
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
