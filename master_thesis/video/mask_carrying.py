"""Carries masks from marked frames to all others, stretch by stretch, and writes them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from master_thesis.configs.masking import BUILT_IN, TrackerChoice
from master_thesis.masking.carrying import Carried, SoftMask, Tracker, load_carrier, make_carrier
from master_thesis.masking.confidence import DOUBTFUL_BELOW
from master_thesis.masking.edges import fit_masks
from master_thesis.masking.finishing import THRESHOLD, enlarge, reduce_mask
from master_thesis.masking.refining import FRAME_PIXELS, refine_masks
from master_thesis.masking.spans import FrameMask, Span, carry_span, limited, plan_spans, routes_of
from master_thesis.masking.trackers import LoadedTracker, load_tracker
from master_thesis.video.fingerprint import network_digest
from master_thesis.video.frame_store import ImageStore
from master_thesis.video.mask_folder import MaskFolder, MaskRecord, SpanRecord
from master_thesis.video.mask_scan import Found
from master_thesis.video.progress import Progress

Step = Callable[[], None]


def chosen_tracker(choice: TrackerChoice) -> LoadedTracker:
    """Loads the tracker that carries masks.

    Raises:
        UserError: its package or its weights are missing.
    """
    if choice.tracker != BUILT_IN:
        return load_tracker(choice.tracker, choice.tracker_weights)
    network = load_carrier()
    return LoadedTracker(partial(make_carrier, network), network, FRAME_PIXELS, refiner=network, is_stateless=True)


@dataclass(frozen=True)
class SpanCarrier:
    """Carries the masks of a video.

    Attributes:
        tracker: carries masks along a route.
        frames: of the video, at the working size.
        found: masks of marked frames, and cuts.
        writer: takes the masks.
    """

    tracker: LoadedTracker
    frames: ImageStore
    found: Found
    writer: MaskFolder

    def carry_all(self, record: MaskRecord, video_digest: str) -> None:
        """Writes the masks of all frames, and notes stretches, confidence and doubtful frames.

        Args:
            record: takes the notes; its options say whether masks grow afterwards, and which pixels are unsure.
            video_digest: of the video and of everything else that masks depend on, except the marks.
        """
        self._write_keys(record.size)
        spans = plan_spans(self.found.num_frames, self.found.cuts, list(self.found.keys))
        grow, thresholds = record.options["grow"], (THRESHOLD, record.options["unsure"])
        network = network_digest(self.tracker.network)
        base = f"{video_digest} {network} {self.found.num_frames} {grow} {thresholds}"
        record.spans = [SpanRecord(span.start, span.stop, _digest(base, span, self.found)) for span in spans]
        # Kept masks would grow again.
        kept = [None if grow is not None else self.writer.keep(noted) for noted in record.spans]
        confidence = self._carry_missing(spans, kept, record)
        record.confidence = [round(float(c), 3) for c in confidence]
        record.doubtful = [t for t, c in enumerate(record.confidence) if c < DOUBTFUL_BELOW]

    def _write_keys(self, size: tuple[int, int]) -> None:
        """Writes the masks of the marked frames."""
        empty = np.zeros(size, bool)
        for key, mask in self.found.keys.items():
            self.writer.write(key, empty if mask is None else mask)

    def _carry_missing(
        self, spans: Sequence[Span], kept: Sequence[Sequence[float] | None], record: MaskRecord
    ) -> np.ndarray:
        """Carries masks through the stretches that were not kept; the confidence of all frames."""
        confidence = np.ones(self.found.num_frames)
        for key, certainty in self.found.certainty.items():
            confidence[key] = certainty
        missing = sum(span.stop - span.start for span, known in zip(spans, kept, strict=True) if known is None)
        progress = Progress("carrying", missing)
        try:
            for span, known in zip(spans, kept, strict=True):
                values = list(self._carried(span, record, progress.update)) if known is None else known
                confidence[span.start : span.stop] = values
        finally:
            progress.close()
        return confidence

    def _carried(self, span: Span, record: MaskRecord, step: Step) -> Iterator[float]:
        """Writes the masks of a stretch and yields their confidence."""
        size = (self.frames.shape[0], self.frames.shape[1])
        tracker = self.tracker.make(self.frames.__getitem__, size)
        keys = self._keys(span, tracker.size)
        carrier = Counting(tracker, len(routes_of(span, keys)), step)
        for each in self._finished(carry_span(carrier, keys, span, self.tracker.is_stateless), span):
            unsure = enlarge(each.mask, record.size, record.options["unsure"])
            self.writer.write(each.frame, enlarge(each.mask, record.size), unsure)
            yield each.confidence
        for _ in range(span.stop - span.start - carrier.num_counted):  # frames without the object
            step()

    def _keys(self, span: Span, size: tuple[int, int]) -> dict[int, SoftMask | None]:
        """The masks that a span depends on, at some size."""
        marked = {key: self.found.keys[key] for key in span.keys}
        return {key: None if mask is None else reduce_mask(mask, size) for key, mask in marked.items()}

    def _finished(self, masks: Iterator[FrameMask], span: Span) -> Iterator[FrameMask]:
        """Carried masks at the size of the frames, fitted to these."""
        network, frame_at = self.tracker.refiner, self.frames.__getitem__
        if network is None:
            masks = fit_masks(masks, frame_at)
        else:
            keys = self._keys(span, (self.frames.shape[0], self.frames.shape[1]))
            masks = refine_masks(masks, network, frame_at, {k: mask for k, mask in keys.items() if mask is not None})
        return (limited(each, span, self.found.certainty) for each in masks)


class Counting:
    """A tracker that counts the frames it has carried masks to, both ways where a span is carried both ways.

    Args:
        tracker: carries masks.
        num_ways: how many times each frame of the span is reached.
        step: called whenever that is as much work as one frame.
    """

    def __init__(self, tracker: Tracker, num_ways: int, step: Step) -> None:
        self.tracker, self.num_ways, self.step = tracker, num_ways, step
        self.size = tracker.size
        self.num_counted = 0
        self._num_carried = 0
        self._lock = threading.Lock()

    def carry(self, keys: Mapping[int, SoftMask], route: Sequence[int]) -> Iterator[Carried]:
        """Carries the mask of the first frame of a route along it (contract: :class:`Tracker`)."""
        for each in self.tracker.carry(keys, route):
            with self._lock:
                self._num_carried += 1
                if self._num_carried % self.num_ways == 0:
                    self.num_counted += 1
                    self.step()
            yield each


def _digest(base: str, span: Span, found: Found) -> str:
    """A digest of everything that the masks of a span depend on."""
    digest = hashlib.sha256(f"{base} {span}".encode())
    for key in span.keys:
        mask = found.keys[key]
        digest.update(f"{found.certainty.get(key, 1.0)} ".encode())
        digest.update(b"gone" if mask is None else np.packbits(mask).tobytes())
    return digest.hexdigest()[:16]
