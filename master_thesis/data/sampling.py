"""Which frames of a sequence make a clip. Pure functions of a random generator.

Convention:
    A clip of n frames has its target at index ``n // 2``; references keep their order in time. A sequence too
    short for a clip gives some frames more than once.
"""

from __future__ import annotations

import numpy as np


def random_clip(rng: np.random.Generator, length: int, frames_n: int, spacing: int, is_random: bool) -> list[int]:
    """Frame numbers of a clip around a random target.

    Args:
        rng: source of randomness.
        length: frames of the sequence, at least 1.
        frames_n: frames of the clip, 2 or odd.
        spacing: frames between neighbours of the clip; references lie within ``(frames_n // 2) * spacing``.
        is_random: references at random within reach, else at every ``spacing``-th frame.
    """
    target = int(rng.integers(length))
    if not is_random:
        return regular_clip(target, length, frames_n, spacing)
    reach = (frames_n // 2) * spacing
    window = [i for i in range(max(0, target - reach), min(length, target + reach + 1)) if i != target] or [target]
    num_refs = frames_n - 1
    # Distinct frames as long as there are any, then again from the start.
    refs = [int(i) for _ in range(-(-num_refs // len(window))) for i in rng.permutation(window)][:num_refs]
    return _around(target, sorted(refs), frames_n)


def regular_clip(target: int, length: int, frames_n: int, spacing: int) -> list[int]:
    """Frame numbers of the clip around ``target`` with every ``spacing``-th frame on each side (for 2: before it).

    A frame number outside the sequence becomes that of its end; if this is the target itself, the reference is
    taken from the other side.
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
