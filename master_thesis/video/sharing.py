"""Fills the videos of a folder, alone or together with other processes that were given the same command.

Each video is filled by one process. If that process is killed, another one takes the video over. A process that finds
nothing left to begin waits for the others, so that all of them end together.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from master_thesis.configs.video import VideoConfig, WorkingSize
from master_thesis.errors import UserError, require
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.runtime.atomic import is_disk_full
from master_thesis.runtime.claims import Claim, claimed, clock_of
from master_thesis.runtime.distributed import launched_rank, launched_world
from master_thesis.video.io.decoding import open_source
from master_thesis.video.outputs import video_suffix
from master_thesis.video.pipeline import VideoResult, fill_video
from master_thesis.wording import counted

log = logging.getLogger(__name__)

POLL_S = 2.0
"""Time between two looks at the videos that other processes fill."""


@dataclass(frozen=True)
class Job:
    """One video to fill by one algorithm."""

    config: VideoConfig
    inpainter: Inpainter

    @property
    def algorithm(self) -> str:
        """Name of the algorithm."""
        return self.inpainter.options.algorithm

    @property
    def claim(self) -> Path:
        """The file that says who fills it, and afterwards why that failed."""
        place = Path(str(self.config.output))
        return place.with_name(f"{place.name}.claim")


def fill_all(jobs: Sequence[Job], working_size: WorkingSize) -> list[VideoResult]:
    """Carries out the jobs of a folder of videos; a full disk ends them, because no other video would fit.

    Returns:
        The results of this process.

    Raises:
        UserError: the disk is full; or, in the first process, some videos failed, and the others are done.
    """
    folder = jobs[0].claim.parent
    is_new = not folder.exists()
    with contextlib.suppress(OSError):  # every job reports what is wrong with the folder
        folder.mkdir(parents=True, exist_ok=True)
    shift = _Shift(jobs, working_size, clock_of(folder))
    try:
        shift.work()
    finally:
        if is_new:
            with contextlib.suppress(OSError):  # it is kept unless empty
                folder.rmdir()
    lines = "\n".join(f"- {video}: {error}" for video, error in shift.failures.items())
    total = len({job.config.video for job in jobs})
    message = f"{len(shift.failures)} of {total} videos failed, the others are done:\n{lines}"
    require(not shift.failures or launched_rank() > 0, message)
    return shift.results


@dataclass
class _Shift:
    """The work of this process on the jobs of a folder.

    Attributes:
        jobs: all of them.
        working_size: the number of pixels to process.
        start: when it began, by the clock of the results.
        results: what this process has filled.
        failures: why videos could not be filled, by this process or another one.
        notes: where this process has left its failures for others.
        is_shared: whether there are others.
    """

    jobs: Sequence[Job]
    working_size: WorkingSize
    start: int
    results: list[VideoResult] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[Path] = field(default_factory=list)
    is_shared: bool = field(default_factory=lambda: launched_world() > 1)

    def work(self) -> None:
        """Does every job that no other process does, until none is left."""
        left = list(enumerate(self.jobs, start=1))
        is_waiting = False
        while left:
            others = [(number, job) for number, job in left if not self.settle(number, job)]
            if others and len(others) == len(left):
                if not is_waiting:
                    log.info("waiting for %s that other processes fill", counted(len(others), "video"))
                is_waiting = True
                time.sleep(POLL_S)
            left = others
        for note in () if self.is_shared else self.notes:
            note.unlink(missing_ok=True)

    def settle(self, number: int, job: Job) -> bool:
        """Does a job, unless another process does it; returns whether it is over, by whomever."""
        if job.config.check:
            self.attempt(number, job)
            return True
        with claimed(job.claim) as claim:
            if claim is None:
                self.is_shared = True
                return False
            self.attempt_unless_failed(number, job, claim)
            return True

    def attempt_unless_failed(self, number: int, job: Job, claim: Claim) -> None:
        """Does a job, unless another process has failed at it since this one began; leaves a note of a failure."""
        video, note = job.config.video, claim.note(self.start)
        if note:
            self.failures[video] = note
            return
        claim.leave("")
        self.attempt(number, job)
        if video in self.failures:
            claim.leave(self.failures[video])
            self.notes.append(job.claim)

    def attempt(self, number: int, job: Job) -> None:
        """Does a job, unless it is done, and keeps its result or its failure."""
        video = job.config.video
        try:
            config = _with_suffix(job.config)
            if self.is_done(config):
                if launched_rank() == 0:
                    log.info("%s exists already: skipped", config.output)
                return
            log.info("%d of %d: %s by %s", number, len(self.jobs), video, job.algorithm)
            self.results.append(fill_video(config, job.inpainter, self.working_size))
        except (UserError, OSError) as error:
            if is_disk_full(error):
                message = f"the disk is full ({error}): stopped at {video}; the same command continues from there"
                raise UserError(message) from error
            self.failures[video] = str(error).removeprefix(f"{video}: ")
            log.warning("%s failed: %s", video, self.failures[video])

    def is_done(self, config: VideoConfig) -> bool:
        """Whether there is a result; one that should be replaced, only if it was made since this process began."""
        output = Path(str(config.output))
        if not output.exists() or config.check:
            return False
        return not config.overwrite or (0 < self.start <= output.stat().st_mtime_ns)


def _with_suffix(config: VideoConfig) -> VideoConfig:
    """The options with the suffix that suits the video added to the output."""
    suffix = video_suffix(config, open_source(Path(config.video)).info)
    return replace(config, output=f"{config.output}{suffix}")
