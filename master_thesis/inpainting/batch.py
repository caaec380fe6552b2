"""Many videos with one command: finished ones are skipped, a failed one does not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from master_thesis.config import UserError, VideoConfig, require
from master_thesis.io.decoding import open_source
from master_thesis.io.masks import ALPHA
from master_thesis.io.output import default_output
from master_thesis.io.source import VIDEO_SUFFIXES, images_in, natural_key

log = logging.getLogger(__name__)


def is_batch(config: VideoConfig) -> bool:
    """Whether ``--video`` is a folder of videos: one that holds no images itself."""
    folder = Path(str(config.video))
    return folder.is_dir() and not images_in(folder) and bool(_videos(folder))


def jobs(config: VideoConfig) -> list[VideoConfig]:
    """One job per video of a folder; their outputs are chosen, their masks matched by name.

    Raises:
        UserError: ``--mask`` or ``--output`` cannot serve many videos.
    """
    folder, mask = Path(str(config.video)), Path(str(config.mask))
    is_shared = config.mask == ALPHA or mask.is_file()
    require(is_shared or mask.is_dir(), f"--mask {mask}: there is no such file or folder")
    output = Path(config.output) if config.output else folder.with_name(f"{folder.name}_inpainted")
    require(not output.is_file(), f"--output {output} is a file, but a folder of videos needs a folder")
    by_name = {} if is_shared else {entry.stem: entry for entry in sorted(mask.iterdir())}
    made = []
    for video in _videos(folder):
        found = mask if is_shared else by_name.get(_name(video), mask / _name(video))
        made.append(replace(config, video=str(video), mask=str(found), output=str(output / _name(video))))
    return made


def run_jobs(configs: Sequence[VideoConfig], fill: Callable[[VideoConfig], object]) -> None:
    """Carries out the jobs of a folder of videos.

    Args:
        configs: the jobs; their outputs lack the suffix, which depends on the video.
        fill: carries out one.

    Raises:
        UserError: some could not be done; names each with its reason, after all others are done.
    """
    failed = {}
    for number, config in enumerate(configs, start=1):
        log.info("video %d of %d: %s", number, len(configs), config.video)
        try:
            output = _with_suffix(config)
            if output.exists() and not (config.overwrite or config.check):
                log.info("%s exists already: skipped", output)
                continue
            fill(replace(config, output=str(output)))
        except UserError as error:
            failed[str(config.video)] = str(error)
            log.warning("%s failed: %s", config.video, error)
    if failed:
        told = "\n".join(f"- {video}: {error}" for video, error in failed.items())
        raise UserError(f"{len(failed)} of {len(configs)} videos failed, the others are done:\n{told}")


def _with_suffix(config: VideoConfig) -> Path:
    video, output = Path(str(config.video)), Path(str(config.output))
    return output.with_name(output.name + default_output(video, open_source(video).info, config.lossless).suffix)


def _videos(folder: Path) -> list[Path]:
    """Videos and folders of frames, in order."""
    entries = sorted((p for p in folder.iterdir() if not p.name.startswith(".")), key=natural_key)
    return [p for p in entries if p.suffix.lower() in VIDEO_SUFFIXES or (p.is_dir() and images_in(p))]


def _name(video: Path) -> str:
    return video.name if video.is_dir() else video.stem
