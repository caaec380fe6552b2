"""Makes a mask for every frame of a video from marks on a few.

Two passes decode the video: one reduces its frames to the working size, outlines the object on marked frames and finds
the cuts; the other, only for the overlay, shows the masks over the frames. In between, masks are carried span by span.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from master_thesis.configs.graphics import NO_GRAPHICS, Graphics
from master_thesis.configs.masking import CARRIER, NOTHING_MARKED, NOTHING_TO_GROW, Marks, MaskConfig, TrackerChoice
from master_thesis.errors import require
from master_thesis.masking.carrying import working_size
from master_thesis.runtime.atomic import existing_parent
from master_thesis.video.fingerprint import files_digest
from master_thesis.video.frame_store import ImageStore
from master_thesis.video.graphics import GraphicMasks
from master_thesis.video.io.decoding import open_source
from master_thesis.video.mask_carrying import SpanCarrier, chosen_tracker
from master_thesis.video.mask_folder import RECORD, MaskRecord, check_mask_folder, writing_masks
from master_thesis.video.mask_marks import MarkedFrames
from master_thesis.video.mask_overlay import write_overlay
from master_thesis.video.mask_scan import look_through
from master_thesis.video.mask_shadows import add_grown, grown_summary
from master_thesis.video.outputs import OVERLAY, beside, stem_of, with_own_name
from master_thesis.video.provenance import ranges_of
from master_thesis.wording import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MaskResult:
    """The masks of a video.

    Attributes:
        folder: where they are.
        record: what ``masks.json`` says.
    """

    folder: Path
    record: MaskRecord


def make_masks(
    config: MaskConfig, marks: Marks, graphics: Graphics = NO_GRAPHICS, tracker: TrackerChoice = CARRIER
) -> MaskResult:
    """Writes a mask for every frame of a video.

    Args:
        config: video and output.
        marks: what is marked on which frames.
        graphics: what lies over the picture.
        tracker: what carries masks.

    Raises:
        UserError: the marks do not fit the video, or the output cannot be written.
    """
    video = open_source(Path(config.video), config.frame_rate, config.keep_going)
    folder = chosen_folder(config)
    _check(config, folder, marks, graphics)
    marked = MarkedFrames(marks, video.info.displayed_size)
    overlaid = GraphicMasks(graphics, marked.size)
    carrier = chosen_tracker(tracker)
    record = MaskRecord(config.video, marked.size, asdict(marks) | asdict(graphics) | asdict(tracker))
    with _said_if_interrupted(folder), ExitStack() as stack:
        place = existing_parent(folder)
        frames = stack.enter_context(ImageStore(place, (*working_size(marked.size, carrier.pixels), 3)))
        found = look_through(video, marked, overlaid, frames)
        record.key_frames, record.text = sorted(found.keys), overlaid.record
        writer = stack.enter_context(writing_masks(folder, video.info, overlaid.mask_at))
        _write_all(SpanCarrier(carrier, frames, found, writer), record, marks, overlaid.digest)
    if config.overlay:
        write_overlay(beside(folder, OVERLAY), video, folder, set(record.doubtful))
    result = MaskResult(folder, record)
    for line in summary(result):
        log.info(line)
    return result


@contextmanager
def _said_if_interrupted(folder: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        left = f"the masks in {folder} are as they were" if folder.exists() else "no mask is written"
        log.warning("interrupted: %s; the same command starts again", left)
        raise


def _check(config: MaskConfig, folder: Path, marks: Marks, graphics: Graphics) -> None:
    """Checks what can be checked without looking at frames.

    Raises:
        UserError: nothing is marked, or the output cannot be written.
    """
    check_mask_folder(folder, config.overwrite)
    overlay = beside(folder, OVERLAY)
    is_free = config.overwrite or not config.overlay or not overlay.exists()
    require(is_free, f"{overlay} exists already: --overwrite replaces it")
    require(marks.is_given or graphics.is_given, NOTHING_MARKED)
    require(marks.grow is None or marks.is_given, NOTHING_TO_GROW)


def chosen_folder(config: MaskConfig) -> Path:
    """The folder that the user names, or else one next to the video."""
    if config.output:
        return with_own_name(Path(config.output))
    video = with_own_name(Path(config.video))
    return video.with_name(f"{stem_of(video)}_masks")


def summary(result: MaskResult) -> list[str]:
    """The result in words, one line each."""
    record, count = result.record, len(result.record.confidence)
    lines = [f"{result.folder}: {counted(count, 'mask')}"]
    grown = grown_summary(record)
    if not record.doubtful:
        return [f"{lines[0]}; none is doubtful", *grown]
    outlines = [key for key in record.key_frames if key in record.doubtful]
    worst = min(outlines or record.doubtful, key=record.confidence.__getitem__)
    lines[0] += f"; {counted(len(record.doubtful), 'doubtful frame')} ({ranges_of(record.doubtful)})"
    if outlines:
        lines.append(
            f"look at frame {worst} first: what its box holds is ambiguous, and a wrong outline is carried to the "
            f"other frames; if it is wrong, add strokes or a mask (--draw FILE@{worst}) and run again with --overwrite"
        )
        return [*lines, *grown]
    lines.append(
        f"look at frame {worst}: if its mask is wrong, mark that frame too (--box X Y W H@{worst}, or "
        f"--gone @{worst}) and run again with --overwrite; only what depends on it is carried again"
    )
    return [*lines, *grown]


def _write_all(carrier: SpanCarrier, record: MaskRecord, marks: Marks, overlaid_digest: str) -> None:
    """Writes all masks, and the record.

    Args:
        carrier: carries the masks of objects.
        record: is completed.
        marks: what is marked.
        overlaid_digest: of what lies over the picture.
    """
    writer, found = carrier.writer, carrier.found
    if marks.is_given:
        carrier.carry_all(record, f"{files_digest(Path(record.video))} {overlaid_digest}")
    else:
        for frame in range(found.num_frames):
            writer.write(frame, np.zeros(record.size, bool))
        record.confidence = [1.0] * found.num_frames
    record.note_grown(add_grown(carrier.frames, writer, found.cuts, marks.grown) if marks.grow else {})
    record.write(writer.part / RECORD)
