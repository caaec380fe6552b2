"""Where results go, how the files next to them are named, and why an output cannot be written."""

from __future__ import annotations

import os
from collections.abc import Set
from dataclasses import replace
from pathlib import Path

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import require
from master_thesis.runtime.atomic import existing_parent
from master_thesis.video.io.copying import Companions
from master_thesis.video.io.encoding import Encoding, bits_of, choose_encoding, chroma_of, is_yuv
from master_thesis.video.io.source import VideoInfo
from master_thesis.video.io.tracks import CONTAINERS, FALLBACKS, carry, holds_codec, suitable, takes

FIGURES, OVERLAY, PAGE, ORIGINS = ".json", "_overlay.mp4", ".html", "_origins"
"""Endings of the files written next to an output."""
PREVIEW = ".preview.mp4"
"""Ending of the small video that becomes part of the page."""


def chosen_output(config: VideoConfig, info: VideoInfo) -> Path:
    """The output that the user names, or else a file next to the video."""
    if config.output:
        return with_own_name(Path(config.output))
    video = with_own_name(info.path)
    return video.with_name(f"{stem_of(video)}_inpainted{video_suffix(config, info)}")


def video_suffix(config: VideoConfig, info: VideoInfo) -> str:
    """The suffix of a container that holds the result with its sound."""
    codec = result_encoding(config, info).codec
    usual = {"ffv1": ".mkv", "prores": ".mov"}.get(codec, ".mp4")
    fitting = [suffix for suffix in suitable(info.path, info.tracks) if holds_codec(suffix, codec)]
    return usual if usual in fitting or not fitting else fitting[0]


def result_encoding(config: VideoConfig, info: VideoInfo) -> Encoding:
    """How the result is encoded.

    Raises:
        UserError: the codec is not available, or has no such quality.
    """
    chosen = choose_encoding(info.pix_fmt, info.colours, info.size, config.codec, config.crf, config.lossless)
    return replace(chosen, hdr_light=info.hdr_light)


def companions_of(output: Path, info: VideoInfo) -> Companions | None:
    """What a video takes from its source in addition to the picture; None for a folder of frames."""
    if info.names:
        return None
    carried = carry(info.path, info.tracks, output.suffix.lower())
    return Companions(info.path, carried, info.clock, info.picture)


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
    """The path of a file next to an output: the name of the output without suffix, and an ending.

    >>> beside(Path("clip.mp4"), OVERLAY).name
    'clip_overlay.mp4'
    """
    return output.with_name(f"{output.stem}{ending}")


def unfinished(output: Path) -> Path:
    """The folder with the unfinished work on an output."""
    return output.with_name(f"{output.name}.parts")


def output_problems(output: Path, config: VideoConfig, info: VideoInfo) -> list[str]:
    """Why an output cannot be written, one line each."""
    inputs = {info.path.resolve(), *([Path(config.mask).resolve()] if config.mask else [])}
    if output.resolve() in inputs:
        return [f"--output {output} is an input and is never overwritten"]
    problems = _replacement_problems(output, config.overwrite) if output.exists() else []
    problems += _companion_problems(output, config, inputs) + _format_problems(output, config, info)
    place = existing_parent(output)
    if not place.is_dir():
        problems.append(f"--output {output}: {place} is a file, not a folder")
    elif not os.access(place, os.W_OK):
        problems.append(f"--output {output}: {place} cannot be written to")
    return problems


def _replacement_problems(output: Path, overwrite: bool) -> list[str]:
    """Why an existing output cannot be replaced."""
    if output.is_dir() != is_frame_folder(output):
        return [f"--output {output} is a {'folder' if output.is_dir() else 'file'}: choose another name"]
    if others := _other_files(output):  # replacing a folder deletes everything in it
        return [f"--output {output} contains files other than frames ({others[0]}): choose another name"]
    is_free = overwrite or (output.is_dir() and not any(output.iterdir()))
    return [] if is_free else [f"--output {output} exists already: --overwrite replaces it"]


def _other_files(folder: Path) -> list[str]:
    """The files of a folder that are no PNG images."""
    names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    return [name for name in names if not name.endswith(".png")]


def _companion_problems(output: Path, config: VideoConfig, inputs: Set[Path]) -> list[str]:
    """Why the files next to an output cannot be written."""
    wanted = {FIGURES: True, OVERLAY: config.overlay, PAGE: config.report, ORIGINS: config.origins}
    companions = [beside(output, ending) for ending, is_wanted in wanted.items() if is_wanted]
    lost = [path for path in companions if path.resolve() in inputs]
    is_free = config.overwrite or output.exists() or unfinished(output).exists()
    taken = [path for path in companions if path.exists() and path not in lost and not is_free]
    mixed = [path for path in companions if path not in taken and _other_files(path)]
    return [
        *(f"--output {output} also writes {path}, which contains other files: choose another name" for path in mixed),
        *(f"--output {output} also writes {path}, an input that is never overwritten" for path in lost),
        *(f"--output {output} also writes {path}, which exists already: --overwrite replaces it" for path in taken),
    ]


def _format_problems(output: Path, config: VideoConfig, info: VideoInfo) -> list[str]:
    """What the container of an output cannot hold."""
    if is_frame_folder(output):
        unused = [f"--{name}" for name in ("codec", "crf") if getattr(config, name) is not None]
        reason = f"--output {output} is a folder of frames: leave out {' and '.join(unused)}, or name a video"
        return [reason] if unused else []
    suffix = output.suffix.lower()
    if suffix not in CONTAINERS:
        return [f"--output should end in .mp4, .mov or .mkv, or be a folder without a dot, got {output.name}"]
    if config.lossless and suffix != ".mkv":
        return [f"--lossless needs an --output in .mkv or a folder, got {output.name}"]
    encoding = result_encoding(config, info)
    problems = []
    if not holds_codec(suffix, encoding.codec):
        fitting = [other for other in FALLBACKS if holds_codec(other, encoding.codec)]
        problems.append(f"{suffix} cannot hold --codec {encoding.codec}: use {' or '.join(fitting)}")
    fitting = suitable(info.path, info.tracks)
    for track in info.tracks:
        if track.kind == "audio" and not takes(info.path, track, suffix):
            takers = [other for other in FALLBACKS if takes(info.path, track, other)]
            use = " or ".join(other for other in takers if other in fitting) or " or ".join(takers)
            problems += [f"{suffix} cannot hold the sound of {info.path} ({track.codec}): use {use}"] if takers else []
    return problems


def output_notices(output: Path, config: VideoConfig, info: VideoInfo) -> list[str]:
    """What a result will lack or change, one line each."""
    notices = [info.notice] if info.notice else []
    if is_frame_folder(output):
        return notices + _folder_notices(info)
    if output.suffix.lower() not in CONTAINERS:
        return notices
    encoding = result_encoding(config, info)
    if not config.output and output.suffix == ".mkv" and encoding.codec != "ffv1":
        notices.append(f"the sound ({', '.join(info.audio_codecs)}) does not fit into .mp4: the result is .mkv")
    carried = carry(info.path, info.tracks, output.suffix.lower())
    notices += [f"{track} is converted to AAC, because no container takes it" for track in carried.converted]
    for track in carried.left_out:
        other = [suffix for suffix in FALLBACKS if takes(info.path, track, suffix)]
        if track.kind != "audio" or not other:  # sound that another container takes is a problem
            hint = f": {other[0]} would keep it" if other else ""
            notices.append(f"{track} is left out{hint}")
    return notices + _format_notices(encoding, info)


def _folder_notices(info: VideoInfo) -> list[str]:
    notices = []
    if info.audio_codecs:
        notices.append(f"a folder of frames has no sound: that of {info.path} is dropped")
    if info.bits > 8:
        notices.append(f"the video has {info.bits} bits per colour, the result has 8")
    if info.is_hdr:
        notices.append("the video is HDR, frames are not: their colours will look dull")
    return notices


def _format_notices(encoding: Encoding, info: VideoInfo) -> list[str]:
    """How the format of the pictures changes."""
    notices = []
    pix_fmt = encoding.format_for(info.size)
    bits, halved = bits_of(pix_fmt), chroma_of(pix_fmt)
    if info.bits > bits:
        keeping = ": --codec hevc keeps them" if encoding.codec == "h264" else ""
        notices.append(f"the video has {info.bits} bits per colour, the result has {bits}{keeping}")
    elif bits > 8 and encoding.codec in ("h264", "hevc"):
        notices.append(f"the result has {bits} bits per colour like the video, which some players cannot play")
    name = {"h264": "H.264", "hevc": "HEVC"}.get(encoding.codec, "")
    if name and halved != "4:2:0":
        reason = "an odd size needs" if any(side % 2 for side in info.size) else "the video needs"
        chrome = " (Chrome can)" if encoding.codec == "h264" else ""
        notices.append(f"{reason} {name} {halved}, which some players cannot play{chrome}")
    elif is_yuv(info.pix_fmt) and encoding.codec != "ffv1" and halved != chroma_of(info.pix_fmt) and halved == "4:2:0":
        notices.append(f"the video has colours of {chroma_of(info.pix_fmt)}, the result of {halved}")
    return notices
