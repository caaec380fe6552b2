"""Decides how the images of a folder are matched with frames: by name, by number or in order.

Convention:
    The number of an image is the last run of digits in its name.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

SPARSE = 2
"""Frames per mask from which an object flashes: shown in most frames, removed in some."""


@dataclass(frozen=True)
class Numbering:
    """How images are matched.

    Attributes:
        by_name: with the frame of the same name without suffix.
        by_number: with the frame of the number in the name, less ``first``; otherwise in order.
        first: number of the image of the first frame.
        note: what is to be said about it; empty if nothing.
    """

    by_name: bool = False
    by_number: bool = False
    first: int = 0
    note: str = ""

    def key(self, index: int, stem: str) -> str | int:
        """The name or number of the frame that an image belongs to."""
        number = number_of(stem)
        return stem if self.by_name else number - self.first if self.by_number and number is not None else index


def numbering(frames: Sequence[str], masks: Sequence[str], hold: bool) -> Numbering:
    """Chooses how to match.

    Args:
        frames: names of the frames without suffix; empty for those of a video.
        masks: names of the masks without suffix, in natural order.
        hold: frames without a mask repeat the one before.
    """
    numbers, step = _numbers(masks), _step(masks)
    remedy = "is repeated until the next" if hold else "make one for every frame, or add --hold_masks"
    if step and (not frames or (_are_some_of(numbers, _numbers(frames)) and not set(frames) & set(masks))):
        if hold:
            return Numbering(by_number=True, first=_numbers(frames)[0] if frames else min(numbers[0], 1))
        shown = ", ".join(map(str, numbers[:3]))
        return Numbering(note=f"masks are numbered {shown} ...: if frames are meant, --hold_masks repeats each of them")
    if not set(frames) & set(masks):
        return Numbering()
    shift = _shift(frames, masks)
    if shift:
        first, last = _numbers(frames)[0], _numbers(frames)[-1]
        return Numbering(
            note=f"masks are numbered {numbers[0]} to {numbers[-1]}, frames {first} to {last}: "
            "they are matched in order, not by name"
        )
    if len(frames) >= SPARSE * len(set(frames) & set(masks)) and len(masks) > 1:
        often = f"only every {step}th frame has" if step else f"only {len(masks)} of {len(frames)} frames have"
        flash = "its mask " if hold else "the object will flash, removed in these and shown between them: "
        return Numbering(by_name=True, note=f"{often} a mask: {flash}{remedy}")
    return Numbering(by_name=True)


def number_of(stem: str) -> int | None:
    """The last number in a name.

    >>> number_of("mask_0012"), number_of("v2 frame 7 (copy)"), number_of("mask")
    (12, 7, None)
    """
    runs = re.findall(r"\d+", stem)
    return int(runs[-1]) if runs else None


def _numbers(stems: Sequence[str]) -> list[int]:
    """The numbers of all names, ascending; empty if one has none."""
    numbers = [number_of(stem) for stem in stems]
    return sorted(n for n in numbers if n is not None) if None not in numbers else []


def _are_some_of(numbers: Sequence[int], all_numbers: Sequence[int]) -> bool:
    """Whether numbers are fewer than those of frames that follow one another, and all among them."""
    follow = all(b == a + 1 for a, b in itertools.pairwise(all_numbers))
    return follow and set(numbers) < set(all_numbers)


def _step(stems: Sequence[str]) -> int:
    """The distance between the numbers of names if it is always the same and more than 1, else 0."""
    steps = {b - a for a, b in itertools.pairwise(_numbers(stems))}
    return steps.pop() if len(steps) == 1 and min(steps) > 1 else 0


def _shift(frames: Sequence[str], masks: Sequence[str]) -> int:
    """By how much the numbers of as many masks as frames are larger; 0 if they are the same or differ otherwise."""
    shifts = {m - f for f, m in zip(_numbers(frames), _numbers(masks), strict=False)}
    return shifts.pop() if len(shifts) == 1 and len(frames) == len(masks) else 0
