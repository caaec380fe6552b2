"""Chooses the frames of a sequence that make a clip; pure functions of a random generator.

Convention:
    A clip of n frames has its target at index ``n // 2``; references are in order of time. A clip of a sequence that
    is too short repeats frames.
"""

from __future__ import annotations

import numpy as np


def random_clip(rng: np.random.Generator, length: int, frames_n: int, spacing: int, is_random: bool) -> list[int]:
    """Draws the frame numbers of a clip around a random target.

    Args:
        rng: source of randomness.
        length: number of frames in the sequence, at least 1.
        frames_n: number of frames in the clip, 2 or odd.
        spacing: distance between neighbours of the clip, in frames; it bounds the distance of a reference from the
            target to ``(frames_n // 2) * spacing``.
        is_random: whether references are drawn at random within that distance, instead of at every ``spacing``-th
            frame.
    """
    target = int(rng.integers(length))
    if not is_random:
        return regular_clip(target, length, frames_n, spacing)
    reach = (frames_n // 2) * spacing
    window = [i for i in range(max(0, target - reach), min(length, target + reach + 1)) if i != target] or [target]
    num_refs = frames_n - 1
    # Frames repeat only once all of the window have been drawn.
    refs = [int(i) for _ in range(-(-num_refs // len(window))) for i in rng.permutation(window)][:num_refs]
    return _around(target, sorted(refs), frames_n)


def regular_clip(target: int, length: int, frames_n: int, spacing: int) -> list[int]:
    """Frame numbers of the clip around ``target`` with every ``spacing``-th frame on each side.

    The single reference of a clip of 2 precedes its target. A reference outside the sequence is replaced by the first
    or the last frame, or, if that is the target itself, by its mirror image on the other side of the target.
    """
    middle = frames_n // 2
    steps = [i - middle for i in range(frames_n) if i != middle]
    refs = []
    for step in steps:
        ref = min(max(target + step * spacing, 0), length - 1)
        refs.append(ref if ref != target else min(max(target - step * spacing, 0), length - 1))
    return _around(target, sorted(refs), frames_n)


def _around(target: int, refs: list[int], frames_n: int) -> list[int]:
    middle = frames_n // 2
    return [*refs[:middle], target, *refs[middle:]]
