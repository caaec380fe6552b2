"""Many videos with one command: finished ones are skipped, a failed one does not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError, require
from master_thesis.images.listing import entries_of, images_in
from master_thesis.runtime.atomic import is_disk_full
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.masks import ALPHA
from master_thesis.video.io.source import VIDEO_SUFFIXES
from master_thesis.video.outputs import default_output, with_own_name

log = logging.getLogger(__name__)


def is_batch(config: VideoConfig) -> bool:
    """Whether ``--video`` is a folder of videos: one that holds no images itself."""
    folder = Path(str(config.video))
    return folder.is_dir() and not images_in(folder) and bool(_videos(folder))


@dataclass(frozen=True)
class Job:
    """One video to fill by one algorithm."""

    config: VideoConfig
    algorithm: str


def jobs(config: VideoConfig, algorithms: Sequence[str]) -> list[Job]:
    """One job per video of a folder and algorithm; their outputs are chosen, their masks matched by name.

    Raises:
        UserError: ``--mask`` or ``--output`` cannot serve many videos.
    """
    folder, mask = Path(str(config.video)), Path(str(config.mask))
    is_shared = config.mask == ALPHA or mask.is_file()
    require(is_shared or mask.is_dir(), f"--mask {mask}: there is no such file or folder")
    named = with_own_name(folder)
    output = Path(config.output) if config.output else named.with_name(f"{named.name}_inpainted")
    require(not output.is_file(), f"--output {output} is a file, but a folder of videos needs a folder")
    require(output.resolve() != folder.resolve(), f"--output {output} holds the videos: choose another folder")
    by_name = {} if is_shared else {entry.stem: entry for entry in entries_of(mask)}
    made: dict[str, Path] = {}
    found = []
    for video in _videos(folder):
        name = _name(video)
        twin = made.setdefault(name, video)
        require(twin == video, f"{twin} and {video} would have results of one name: rename one of them")
        its_mask = mask if is_shared else by_name.get(name, mask / name)
        for algorithm in algorithms:
            place = output / (name if len(algorithms) == 1 else f"{name}_{algorithm}")
            its = replace(config, video=str(video), mask=str(its_mask), output=str(place))
            found.append(Job(its, algorithm))
    return found


def run_jobs(found: Sequence[Job], fill: Callable[[Job], object]) -> None:
    """Carries out the jobs of a folder of videos.

    Args:
        found: the jobs; their outputs lack the suffix, which depends on the video.
        fill: carries out one.

    Raises:
        UserError: some could not be done; names each with its reason, after all others are done. A full disk ends the
            work at once: no other video would fit.
    """
    failed = {}
    for number, job in enumerate(found, start=1):
        config = job.config
        log.info("%d of %d: %s by %s", number, len(found), config.video, job.algorithm)
        try:
            output = _with_suffix(config)
            if output.exists() and not (config.overwrite or config.check):
                log.info("%s exists already: skipped", output)
                continue
            fill(replace(job, config=replace(config, output=str(output))))
        except (UserError, OSError) as error:
            if is_disk_full(error):
                done = f"stopped at {config.video}, the same command goes on from there"
                raise UserError(f"the disk is full ({error}); {done}") from error
            failed[str(config.video)] = str(error)
            log.warning("%s failed: %s", config.video, error)
    if failed:
        told = "\n".join(f"- {video}: {error}" for video, error in failed.items())
        total = len({job.config.video for job in found})
        raise UserError(f"{len(failed)} of {total} videos failed, the others are done:\n{told}")


def _with_suffix(config: VideoConfig) -> Path:
    video, output = Path(str(config.video)), Path(str(config.output))
    return output.with_name(output.name + default_output(video, open_source(video).info, config.lossless).suffix)


def _videos(folder: Path) -> list[Path]:
    """Videos and folders of frames, in order."""
    return [p for p in entries_of(folder) if p.suffix.lower() in VIDEO_SUFFIXES or (p.is_dir() and images_in(p))]


def _name(video: Path) -> str:
    return video.name if video.is_dir() else video.stem
