"""Consecutive frames of a validation sequence with the masks of another set, for a film in the logs."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.configs.data import DataConfig
from master_thesis.data.index import Index
from master_thesis.data.warping import resize_frame
from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.masks import dilate, resize_mask


def load_film(
    config: DataConfig, index: Index, num_frames: int
) -> tuple[UInt8[np.ndarray, "F H W 3"], Bool[np.ndarray, "F H W"]]:
    """Loads the first frames of the longest of the first validation sequences, at the training size.

    The film is shorter than asked for where the sequence is; masks are repeated backwards and forwards.
    """
    size = config.train_size
    candidates = (index.frames_val.files(name) for name in index.frames_val.names[:20])
    files = max(candidates, key=len)[:num_frames]
    frames = np.stack([resize_frame(read_frame(path, size), size) for path in files])
    shapes = index.masks_val.files(index.masks_val.names[0])
    period = max(2 * len(shapes) - 2, 1)
    order = (min(i % period, period - i % period) for i in range(len(files)))
    masks = [
        dilate(resize_mask(read_mask(shapes[i]), size), config.dilatation_filter_size, config.dilatation_iterations)
        for i in order
    ]
    return frames, np.stack(masks)
