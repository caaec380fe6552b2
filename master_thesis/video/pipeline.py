"""Removing an object from a video of any length and size.

Three passes, each with one frame in memory at a time beside the window being filled: a survey of frames and masks, the
filling of windows (kept on disk beside the output, so that an interrupted run goes on where it was), and the writing of
the result.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from master_thesis.configs.video import VideoConfig
from master_thesis.runtime.atomic import remove_leftovers
from master_thesis.video.fingerprint import fingerprint
from master_thesis.video.finished import FinishedFrame, finished_frames
from master_thesis.video.io.writer import VideoWriter
from master_thesis.video.outputs import FIGURES, OVERLAY, PAGE, Sink, beside, open_sink, unfinished
from master_thesis.video.patch_store import PatchFolder
from master_thesis.video.preflight import Preflight, examine
from master_thesis.video.provenance import FrameOrigin, frame_origin, in_one_sentence, overlay_picture, write_origins
from master_thesis.video.resources import estimated_seconds, in_words
from master_thesis.video.windows import Filler, fill_windows

log = logging.getLogger(__name__)


Observer = Callable[[Preflight], AbstractContextManager[Callable[[FinishedFrame], None]]]
"""Something that wants to see every finished frame: opened before the first, closed after the last."""


@dataclass(frozen=True)
class VideoResult:
    """What came out.

    Attributes:
        output: the filled video; None where it was only checked.
        origins: where the pixels of every frame came from.
        sentence: the same in words.
        preflight: what was found before the work began.
    """

    output: Path | None
    preflight: Preflight
    origins: list[FrameOrigin] = field(default_factory=list)
    sentence: str = ""


def inpaint_video(
    config: VideoConfig,
    aligner: Any,
    chn: Any,
    algorithm: str = "ip",
    test_size: tuple[int, int] | None = (240, 480),
    device: torch.device | str = "cpu",
    observer: Observer | None = None,
    finish: Callable[[VideoResult], None] | None = None,
    **options: Any,
) -> VideoResult:
    """Fills the hole of one video; size, times, rotation and sound stay as they are.

    Args:
        config: video, mask, output and how they are handled.
        aligner: brings references onto targets.
        chn: copies and hallucinates.
        algorithm: ``ff``, ``ip`` or ``cp``.
        test_size: about how many pixels the hole is filled at, as height and width; the result is enlarged into the
            hole alone. None: the video's own resolution, in a crop around the hole.
        device: where the networks are.
        observer: wants to see every finished frame.
        finish: is called with the result when everything is written, before the video appears.
        options: further arguments of :func:`master_thesis.inpainting.algorithms.inpaint`.

    Raises:
        UserError: names everything that has to be mended first.
    """
    filler = Filler.of(aligner, chn, algorithm, torch.device(device), **{"leaps": config.leaps, **options})
    report = _examine(config, filler, test_size)
    report.raise_problems()
    if config.check:
        return VideoResult(None, report)
    assert report.masks, "there were no problems"
    made_from = fingerprint(config, filler, test_size)
    folder = PatchFolder(unfinished(report.output), made_from)
    for ending in (FIGURES, PAGE):
        remove_leftovers(beside(report.output, ending))
    try:
        _fill(report, filler, folder)
        # The video appears last: where it is, everything is.
        with open_sink(report.output, report.masks.video.info, config.lossless) as sink:
            origins = _write(config, report, folder, sink, observer)
            result = VideoResult(report.output, report, origins, in_one_sentence(origins))
            write_origins(beside(report.output, FIGURES), origins, result.sentence, made_from)
            if finish:
                finish(result)
    except KeyboardInterrupt:
        log.warning("interrupted: the same command goes on from here; what is done lies in %s", folder.path)
        raise
    folder.remove()
    log.info("%s: %s", report.output, result.sentence)
    return result


def _examine(config: VideoConfig, filler: Filler, test_size: tuple[int, int] | None) -> Preflight:
    """The preflight, shown line by line, with the time it will take."""
    with tqdm(desc="looking", unit=" frames", disable=None) as bar:

        def show(should_be: int) -> None:
            bar.total = should_be or None  # with it, the time left
            bar.update()

        report = examine(config, filler.reach, test_size, show)
    for line in report.lines():
        log.info(line)
    if report.found and report.windows and not report.problems:
        largest = max((w.scene.working_size for w in report.windows), key=lambda size: size[0] * size[1])
        num_holes = sum(report.found.has_hole)
        num_frames = report.found.num_frames
        seconds = estimated_seconds(num_holes, num_frames, filler.algorithm, lambda: filler.try_pair(*largest))
        log.info("time: about %s on this machine", in_words(seconds))
    return report


def _fill(report: Preflight, filler: Filler, folder: PatchFolder) -> None:
    assert report.found, "there were no problems"
    assert report.masks
    has_hole = report.found.has_hole
    folder.drop_damaged([([n for n in w.core if has_hole[n]], w.scene.working_size) for w in report.windows])
    done = sum(folder.has(index) for index in range(len(report.windows)))
    if done:
        log.info("going on: %d of %d windows are done", done, len(report.windows))
    total = sum(has_hole[n] for window in report.windows for n in filler.worked_on(window))
    with tqdm(total=total, desc="filling", unit=" frames", disable=None) as bar:
        fill_windows(report.windows, report.masks, filler, folder, bar.update)


def _write(
    config: VideoConfig, report: Preflight, folder: PatchFolder, sink: Sink, observer: Observer | None
) -> list[FrameOrigin]:
    """The last pass: every frame with its hole filled, to everyone who wants it."""
    assert report.found
    assert report.masks
    info, origins = report.found.info, []
    with ExitStack() as stack:
        overlay = stack.enter_context(_open_overlay(report)) if config.overlay else None
        tell = stack.enter_context(observer(report)) if observer else None
        frames = finished_frames(report.masks, report.windows, folder, config.feather)
        for frame in tqdm(frames, total=report.found.num_frames, desc="writing", unit=" frames", disable=None):
            sink.write(frame.after, frame.pts)
            if overlay:
                overlay.write(overlay_picture(frame.before, frame.source, frame.number), frame.pts)
            if tell:
                tell(frame)
            seconds = float(frame.pts * info.timing.time_base)
            origins.append(frame_origin(frame.source, frame.number, seconds))
    return origins


def _open_overlay(report: Preflight) -> VideoWriter:
    assert report.found
    info = report.found.info
    path = beside(report.output, OVERLAY)
    return VideoWriter(path, info.size, info.timing, display_matrix=info.display_matrix, pixel_aspect=info.pixel_aspect)
