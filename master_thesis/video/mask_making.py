"""Makes a mask for every frame of a video from marks on a few.

Two passes decode the video: one reduces its frames to the working size, outlines the object on marked frames and finds
the cuts; the other, only for the overlay, shows the masks over the frames. In between masks are carried, span by span.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.configs.graphics import NO_GRAPHICS, Graphics
from master_thesis.configs.masking import (
    BUILT_IN,
    CARRIER,
    NOTHING_MARKED,
    NOTHING_TO_GROW,
    Marks,
    MaskConfig,
    TrackerChoice,
)
from master_thesis.errors import require
from master_thesis.masking.carrying import PIXELS, Carried, Carrier, SoftMask, Tracker, load_carrier, working_size
from master_thesis.masking.finishing import enlarge, reduce_mask
from master_thesis.masking.spans import DOUBTFUL_BELOW, Span, carry_span, plan_spans, routes_of
from master_thesis.masking.trackers import LoadedTracker, load_tracker
from master_thesis.video.checks import counted
from master_thesis.video.cuts import CutDetector
from master_thesis.video.fingerprint import files_digest, network_digest
from master_thesis.video.frame_store import ImageStore
from master_thesis.video.graphics import GraphicMasks
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.orientation import to_displayed
from master_thesis.video.io.source import VideoSource
from master_thesis.video.mask_folder import (
    RECORD,
    MaskFolder,
    MaskRecord,
    SpanRecord,
    check_mask_folder,
    writing_masks,
)
from master_thesis.video.mask_marks import MarkedFrames
from master_thesis.video.mask_overlay import write_overlay
from master_thesis.video.mask_shadows import add_shadows, shadow_summary
from master_thesis.video.outputs import OVERLAY, beside, stem_of, with_own_name
from master_thesis.video.progress import Progress, with_progress
from master_thesis.video.provenance import ranges_of

log = logging.getLogger(__name__)

OUTLINED_WITH = (1, 2, 4)
"""Distances of the frames with which a marked one is compared, to see what moves by itself."""

FullMask = Bool[np.ndarray, "H W"]


@dataclass(frozen=True)
class MaskResult:
    """Masks that were made.

    Attributes:
        folder: where they are.
        record: what ``masks.json`` says.
    """

    folder: Path
    record: MaskRecord


@dataclass
class _Found:
    """What the first pass finds."""

    keys: dict[int, FullMask | None] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    num_frames: int = 0


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
    check_mask_folder(folder, config.overwrite)
    overlay = beside(folder, OVERLAY)
    is_free = config.overwrite or not config.overlay or not overlay.exists()
    require(is_free, f"{overlay} exists already: --overwrite replaces it")
    require(marks.is_given or graphics.is_given, NOTHING_MARKED)
    require(marks.grow is None or marks.is_given, NOTHING_TO_GROW)
    marked = MarkedFrames(marks, video.info.displayed_size)
    overlaid = GraphicMasks(graphics, marked.size)
    carrier = chosen_tracker(tracker)
    with ExitStack() as stack:
        place = next(p for p in folder.absolute().parents if p.exists())
        frames = stack.enter_context(ImageStore(place, (*working_size(marked.size, carrier.pixels), 3)))
        found = _look_through(video, marked, overlaid, frames)
        writer = stack.enter_context(writing_masks(folder, video.info, overlaid.mask_at))
        record = MaskRecord(
            config.video, marked.size, asdict(marks) | asdict(graphics) | asdict(tracker), sorted(found.keys)
        )
        record.text = overlaid.record
        if marks.is_given:
            _carry_all(found, frames, writer, record, carrier, f"{files_digest(Path(config.video))} {overlaid.digest}")
        else:
            _write_overlaid(found.num_frames, writer, record)
        if marks.grow:
            record.shadow_pixels = add_shadows(frames, writer, found.cuts)
        record.write(writer.part / RECORD)
    result = MaskResult(folder, record)
    if config.overlay:
        write_overlay(overlay, video, folder, set(record.doubtful))
    for line in summary(result):
        log.info(line)
    return result


def chosen_tracker(choice: TrackerChoice) -> LoadedTracker:
    """Loads what carries masks.

    Raises:
        UserError: its package or its weights are missing.
    """
    if choice.tracker != BUILT_IN:
        return load_tracker(choice.tracker, choice.tracker_weights)
    network = load_carrier()
    return LoadedTracker(partial(Carrier, network), network, PIXELS)


def chosen_folder(config: MaskConfig) -> Path:
    """The folder that the user names, or else one beside the video."""
    if config.output:
        return with_own_name(Path(config.output))
    video = with_own_name(Path(config.video))
    return video.with_name(f"{stem_of(video)}_masks")


def summary(result: MaskResult) -> list[str]:
    """The result in words, one line each."""
    record, count = result.record, len(result.record.confidence)
    lines = [f"{result.folder}: {counted(count, 'mask')}"]
    shadows = shadow_summary(record)
    if not record.doubtful:
        return [f"{lines[0]}; none is doubtful", *shadows]
    worst = min(record.doubtful, key=record.confidence.__getitem__)
    lines[0] += f"; {counted(len(record.doubtful), 'doubtful frame')} ({ranges_of(record.doubtful)})"
    lines.append(
        f"look at frame {worst}: if its mask is wrong, mark that frame too (--box X Y W H@{worst}, or "
        f"--gone @{worst}) and run again with --overwrite; only what depends on it is carried again"
    )
    return [*lines, *shadows]


def _look_through(video: VideoSource, marked: MarkedFrames, overlaid: GraphicMasks, frames: ImageStore) -> _Found:
    """The first pass."""
    found, detector, size = _Found(), CutDetector(), frames.shape[:2]
    waiting: dict[int, UInt8[np.ndarray, "H W 3"]] = {}
    total = video.info.estimated_frames or None
    for number, frame in enumerate(with_progress(video.frames(), "looking through", total)):
        seen = to_displayed(frame.image, video.info.display_matrix)
        detector.add(seen)
        overlaid.look(number, seen)
        frames.append(cv2.resize(np.ascontiguousarray(seen), size[::-1], interpolation=cv2.INTER_AREA))
        if number in marked.frames:
            waiting[number] = np.array(seen)
        for key in [key for key in waiting if key + max(OUTLINED_WITH) <= number]:
            found.keys[key] = _outlined(marked, key, waiting.pop(key), frames, detector.cuts())
    found.cuts, found.num_frames = detector.cuts(), len(frames)
    marked.check_end(found.num_frames)
    for key, seen in waiting.items():
        found.keys[key] = _outlined(marked, key, seen, frames, found.cuts)
    overlaid.finish(found.num_frames, is_alone=not marked.frames)
    return found


def outlined_with(key: int, is_there: Callable[[int], bool]) -> list[int]:
    """The frames that a marked frame is compared with: the next ones, or those before it if more of them are there."""
    ways = [[key + sign * step for step in OUTLINED_WITH if is_there(key + sign * step)] for sign in (1, -1)]
    return max(ways, key=len)


def _outlined(
    marked: MarkedFrames, key: int, seen: UInt8[np.ndarray, "H W 3"], frames: ImageStore, cuts: Sequence[int]
) -> FullMask | None:
    """The mask of a marked frame, compared with the next frames of its scene, or with those before it at the end."""
    start = max([0, *(cut for cut in cuts if cut <= key)])
    stop = min([len(frames), *(cut for cut in cuts if cut > key)])
    return marked.mask_of(key, seen, [frames[t] for t in outlined_with(key, lambda t: start <= t < stop)])


def _write_overlaid(num_frames: int, writer: MaskFolder, record: MaskRecord) -> None:
    """Writes masks without an object."""
    for frame in range(num_frames):
        writer.write(frame, np.zeros(record.size, bool))
    record.confidence = [1.0] * num_frames


def _carry_all(
    found: _Found,
    frames: ImageStore,
    writer: MaskFolder,
    record: MaskRecord,
    carrier: LoadedTracker,
    video_digest: str,
) -> None:
    """Writes the masks of all frames."""
    height, width = record.size
    empty, confidence = np.zeros((height, width), bool), np.ones(found.num_frames)
    for key, mask in found.keys.items():
        writer.write(key, empty if mask is None else mask)
    base = f"{video_digest} {network_digest(carrier.network)} {found.num_frames} {record.options['grow']}"
    spans = plan_spans(found.num_frames, found.cuts, list(found.keys))
    record.spans = [SpanRecord(span.start, span.stop, _digest(base, span, found.keys)) for span in spans]
    is_growing = record.options["grow"] is not None  # kept masks would grow again
    known = [None if is_growing else writer.keep(noted) for noted in record.spans]
    missing = sum(span.stop - span.start for span, kept in zip(spans, known, strict=True) if kept is None)
    progress = Progress("carrying", missing)
    try:
        for span, kept in zip(spans, known, strict=True):
            if kept is None:
                kept = list(_carried(carrier, frames, found.keys, span, writer, record.size, progress.update))
            confidence[span.start : span.stop] = kept
    finally:
        progress.close()
    record.confidence = [round(float(c), 3) for c in confidence]
    record.doubtful = [t for t, c in enumerate(record.confidence) if c < DOUBTFUL_BELOW]


def _carried(
    tracker: LoadedTracker,
    frames: ImageStore,
    keys: Mapping[int, FullMask | None],
    span: Span,
    writer: MaskFolder,
    size: tuple[int, int],
    step: Callable[[], None],
) -> Iterator[float]:
    """Writes the masks of a span and yields their confidence."""
    working = (frames.shape[0], frames.shape[1])
    soft: dict[int, SoftMask | None] = {}
    for key in span.keys:
        mask = keys[key]
        soft[key] = None if mask is None else reduce_mask(mask, working)
    carrier = Counting(tracker.make(frames.__getitem__, working), len(routes_of(span, soft)), step)
    for each in carry_span(carrier, soft, span):
        writer.write(each.frame, enlarge(each.mask, size))
        yield each.confidence
    for _ in range(span.stop - span.start - carrier.num_counted):  # frames without the object
        step()


class Counting:
    """A tracker that counts the frames it has carried masks to, both ways where a span is carried both ways.

    Args:
        tracker: carries masks.
        num_ways: how many times each frame of the span is reached.
        step: called whenever that is as much work as one frame.
    """

    def __init__(self, tracker: Tracker, num_ways: int, step: Callable[[], None]) -> None:
        self.tracker, self.num_ways, self.step = tracker, num_ways, step
        self.size = tracker.size
        self.num_counted = 0
        self._num_carried = 0

    def carry(self, keys: Mapping[int, SoftMask], route: Sequence[int]) -> Iterator[Carried]:
        """Carries the mask of the first frame of a route along it (contract: :class:`Tracker`)."""
        for each in self.tracker.carry(keys, route):
            self._num_carried += 1
            if self._num_carried % self.num_ways == 0:
                self.num_counted += 1
                self.step()
            yield each


def _digest(base: str, span: Span, keys: Mapping[int, FullMask | None]) -> str:
    """A digest of everything that the masks of a span depend on."""
    digest = hashlib.sha256(f"{base} {span}".encode())
    for key in span.keys:
        mask = keys[key]
        digest.update(b"gone" if mask is None else np.packbits(mask).tobytes())
    return digest.hexdigest()[:16]
