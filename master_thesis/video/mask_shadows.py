"""Adds the shadows and reflections that move with the object to the masks of a video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.masking.carrying import working_size
from master_thesis.masking.finishing import THRESHOLD, enlarge, reduce_mask
from master_thesis.masking.reflections import ReflectionFinder
from master_thesis.masking.shadows import DISTANCES, ShadowFinder
from master_thesis.ops.mask import PackedMask
from master_thesis.video.frame_store import ImageStore
from master_thesis.video.mask_folder import MaskFolder, MaskRecord
from master_thesis.video.progress import with_progress
from master_thesis.wording import counted

FINDERS: Mapping[str, type[ShadowFinder]] = {"shadow": ShadowFinder, "reflection": ReflectionFinder}
NOTHING = {
    "shadow": "no shadow was found that moves with the object",
    "reflection": "no reflection of the object was found",
}


def add_grown(
    frames: ImageStore, writer: MaskFolder, cuts: Sequence[int], kinds: Sequence[str]
) -> dict[str, list[int]]:
    """Adds shadows or reflections to the masks that were written, scene by scene.

    Args:
        frames: of the video, at any size; they are looked at at the working size.
        writer: holds the masks.
        cuts: frames that start a new scene.
        kinds: which of :data:`FINDERS` to use.

    Returns:
        By kind, the number of pixels added to every mask.
    """
    # A mask is read again for the frames after it, so that all are found before the first one is written.
    found = {kind: _found(frames, writer, cuts, kind) for kind in kinds}
    added: dict[str, list[int]] = {kind: [] for kind in kinds}
    for frame in range(len(frames)):
        mask = writer.read(frame)
        grown = mask.copy()
        for kind in kinds:
            soft = cv2.GaussianBlur(found[kind][frame].mask.astype(np.float32), (3, 3), 0)
            new = enlarge(soft, (mask.shape[0], mask.shape[1])) & ~grown
            grown |= new
            added[kind].append(int(new.sum()))
        if (grown != mask).any():
            writer.grow(frame, grown & ~mask)
    return added


def _found(frames: ImageStore, writer: MaskFolder, cuts: Sequence[int], kind: str) -> list[PackedMask]:
    """What is found in every frame."""
    size = working_size((frames.shape[0], frames.shape[1]))

    def frame_at(frame: int) -> UInt8[np.ndarray, "H W 3"]:
        return cv2.resize(frames[frame], size[::-1], interpolation=cv2.INTER_AREA)

    @lru_cache(maxsize=2 * max(DISTANCES) + 4)
    def mask_at(frame: int) -> Bool[np.ndarray, "H W"]:
        mask, overlaid = writer.read(frame), writer.added(frame)  # captions have no shadow
        return reduce_mask(mask if overlaid is None else mask & ~overlaid, size) > THRESHOLD

    bounds = [0, *cuts, len(frames)]
    scenes = [FINDERS[kind](frame_at, mask_at, range(*bound)) for bound in pairwise(bounds)]
    packed = (PackedMask.of(each) for scene in scenes for each in scene.found())
    return list(with_progress(packed, f"{kind}s", len(frames)))


def grown_summary(record: MaskRecord) -> list[str]:
    """What was added, in words; nothing if nothing was looked for."""
    return [_summary(kind, pixels) for kind, pixels in record.grown_pixels.items()]


def _summary(kind: str, pixels: Sequence[int]) -> str:
    added = [count for count in pixels if count]
    if not added:
        return NOTHING[kind]
    return (
        f"a {kind} was added to {len(added)} of {counted(len(pixels), 'mask')}, {sum(added) // len(added)} pixels each "
        "on average: look at it with --overlay; masks.json lists the pixels of every frame"
    )
