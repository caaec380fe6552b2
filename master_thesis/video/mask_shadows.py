"""Adds the shadows that move with the object to the masks of a video."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool

from master_thesis.masking.finishing import THRESHOLD, enlarge, reduce_mask
from master_thesis.masking.shadows import DISTANCES, ShadowFinder
from master_thesis.ops.mask import PackedMask
from master_thesis.video.frame_store import ImageStore
from master_thesis.video.mask_folder import MaskFolder, MaskRecord
from master_thesis.video.progress import with_progress
from master_thesis.video.wording import counted


def add_shadows(frames: ImageStore, writer: MaskFolder, cuts: Sequence[int]) -> list[int]:
    """Adds shadows to the masks that were written, scene by scene.

    Returns:
        The number of pixels added to every mask.
    """
    size, added = (frames.shape[0], frames.shape[1]), []

    @lru_cache(maxsize=2 * max(DISTANCES) + 4)
    def mask_at(frame: int) -> Bool[np.ndarray, "H W"]:
        mask, overlaid = writer.read(frame), writer.added(frame)  # captions have no shadow
        return reduce_mask(mask if overlaid is None else mask & ~overlaid, size) > THRESHOLD

    bounds = [0, *cuts, len(frames)]
    scenes = [ShadowFinder(frames.__getitem__, mask_at, range(*bound)) for bound in pairwise(bounds)]
    # A mask is read again for the frames after it, so that all are found before the first one is written.
    shadows = (PackedMask.of(shadow) for scene in scenes for shadow in scene.shadows())
    found = list(with_progress(shadows, "shadows", len(frames)))
    for frame, packed in enumerate(found):
        mask = writer.read(frame)
        shadow = packed.mask.astype(np.float32)
        new = enlarge(cv2.GaussianBlur(shadow, (3, 3), 0), (mask.shape[0], mask.shape[1])) & ~mask
        if new.any():
            writer.grow(frame, new)
        added.append(int(new.sum()))
    return added


def shadow_summary(record: MaskRecord) -> list[str]:
    """What was added, in words; nothing if no shadow was looked for."""
    count, added = len(record.shadow_pixels), [pixels for pixels in record.shadow_pixels if pixels]
    if not count:
        return []
    if not added:
        return ["no shadow was found that moves with the object"]
    return [
        f"a shadow was added to {len(added)} of {counted(count, 'mask')}, {sum(added) // len(added)} pixels each on "
        "average: look at it with --overlay; masks.json lists the pixels of every frame"
    ]
