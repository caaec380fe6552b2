"""The origin of each pixel: figures per frame, a picture, and a sentence."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32, UInt8, UInt16

from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.runtime.atomic import atomic_path
from master_thesis.video.compositing import KNOWN

NEAR, FAR = np.array([64, 224, 255.0]), np.array([48, 48, 208.0])
"""Overlay colours of pixels copied from the next frame, and from ``FAR_DISTANCE`` frames away or more."""
FAR_DISTANCE = 20
INVENTED = np.array([255, 128, 16.0])
"""Overlay colour of hallucinated pixels."""
OPACITY = 0.75
NUM_SPECIAL = 2
"""Numbers of an origin that stand for no frame: 0 for known and 1 for hallucinated."""
MAX_RANGES = 4
"""Ranges of frames that the sentence lists."""


@dataclass(frozen=True)
class FrameOrigin:
    """Where the pixels of one frame came from.

    Attributes:
        frame: its number.
        seconds: its presentation time.
        hole_percent: the hole's share of the frame.
        copied_percent: the share of the hole that another frame shows.
        hallucinated_percent: the share of the hole that was copied from no other frame.
        mean_distance: mean distance of the frames copied from, in frames; None: nothing was copied.
    """

    frame: int
    seconds: float
    hole_percent: float
    copied_percent: float
    hallucinated_percent: float
    mean_distance: float | None


def frame_origin(source: Int32[np.ndarray, "H W"], frame: int, seconds: float) -> FrameOrigin:
    """Counts the pixels of a source map by origin.

    Args:
        source: number of the frame that each pixel shows, ``HALLUCINATED`` or ``KNOWN``.
        frame: number of the frame itself.
        seconds: its presentation time.
    """
    hole = source != KNOWN
    invented, size = source == HALLUCINATED, int(hole.sum())
    copied = hole & ~invented
    share = 100 / max(size, 1)
    distance = float(np.abs(source[copied] - frame).mean()) if copied.any() else None
    hole_percent = 100 * size / source.size
    return FrameOrigin(frame, seconds, hole_percent, share * int(copied.sum()), share * int(invented.sum()), distance)


def origin_numbers(source: Int32[np.ndarray, "H W"]) -> UInt16[np.ndarray, "H W"]:
    """A source map in whole numbers from 0: known pixels 0, hallucinated ones 1, those of frame n n + 2."""
    return np.where(source == KNOWN, 0, source + NUM_SPECIAL).clip(0, 2**16 - 1).astype(np.uint16)


def source_of(numbers: UInt16[np.ndarray, "H W"]) -> Int32[np.ndarray, "H W"]:
    """The reverse of :func:`origin_numbers`."""
    return np.where(numbers == 0, KNOWN, numbers.astype(np.int32) - NUM_SPECIAL)


def overlay_picture(
    image: UInt8[np.ndarray, "H W 3"], source: Int32[np.ndarray, "H W"], frame: int
) -> UInt8[np.ndarray, "H W 3"]:
    """A frame in grey, its hole light to dark blue where copied from near to far, and orange where hallucinated."""
    grey = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    hole = source != KNOWN
    far = np.clip(np.abs(source - frame) / FAR_DISTANCE, 0, 1)[..., None]
    colour = np.where((source == HALLUCINATED)[..., None], INVENTED, NEAR + far * (FAR - NEAR))
    mixed = np.where(hole[..., None], OPACITY * colour + (1 - OPACITY) * grey, 0.25 * image + 0.5 * grey)
    return np.rint(mixed).astype(np.uint8)


def in_one_sentence(origins: Sequence[FrameOrigin], are_all_asked: bool = True) -> str:
    """Sums up a result for its readers.

    Args:
        origins: the origins of all frames, in order.
        are_all_asked: whether every frame was asked for what it shows of each hole.
    """
    total = sum(o.hole_percent for o in origins)
    if not total:
        return "No frame had a hole."
    invented = sum(o.hole_percent * o.hallucinated_percent for o in origins) / total
    copied = sum(o.hole_percent * o.copied_percent for o in origins) / total
    weights = [(o.hole_percent * o.copied_percent, o.mean_distance or 0.0) for o in origins]
    distance = sum(w * d for w, d in weights) / max(sum(w for w, _ in weights), 1e-9)
    seen = f"{copied:.0f} % of the hole was copied from other frames, {distance:.1f} frames away on average"
    affected = [o.frame for o in origins if o.hole_percent * o.hallucinated_percent >= 0.5 * o.hole_percent > 0]
    if invented < 0.5 or not affected:
        return f"{seen}; almost nothing was hallucinated."
    frames = "any other frame" if are_all_asked else "the frames that were asked"
    unseen = f"{invented:.0f} % of the hole was not found in {frames}, or not trusted there, and was hallucinated"
    named = f"frame{'s' if len(affected) > 1 else ''} {ranges_of(affected)}"
    where = "in every frame" if len(affected) == len(origins) > 1 else named
    return f"{unseen} ({where})." if copied < 0.5 else f"{seen}; {unseen} ({where})."


def ranges_of(numbers: Sequence[int]) -> str:
    """Numbers as ranges (``3, 12-40``), only the longest if there are many."""
    runs = [[n for _, n in group] for _, group in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    longest = sorted(sorted(runs, key=len, reverse=True)[:MAX_RANGES])
    shown = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in longest)
    return shown if len(runs) <= MAX_RANGES else f"{shown} and others"


def write_origins(path: Path, origins: Sequence[FrameOrigin], sentence: str, made_from: Mapping[str, Any]) -> None:
    """Writes the figures of every frame as JSON; the file appears complete or not at all.

    Args:
        path: the file.
        origins: the origins of all frames, in order.
        sentence: summary of them.
        made_from: fingerprint of the video, masks, networks and options.
    """
    content = {"sentence": sentence, "made_from": made_from, "frames": [asdict(o) for o in origins]}
    with atomic_path(path) as part:
        part.write_text(json.dumps(content, indent=1))
