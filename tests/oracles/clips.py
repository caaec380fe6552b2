"""Clips made the plain way: decoded at full size, moved as floats, then resized.

The random draws are those of :class:`~master_thesis.data.dataset.RandomClips`, so both make the same clips.
"""

import cv2
import numpy as np

from master_thesis.data import warping
from master_thesis.data.dataset import RandomClips, _draw_sequence
from master_thesis.data.movement import random_movement
from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.header import frame_size


def warp(image, movement, interpolation):
    """Moves a float image by a matrix in the unit square, at its own size; mirrored at the borders."""
    h, w = image.shape[:2]
    matrix = warping._pixel_matrix(np.linalg.inv(movement), (h, w), (h, w))
    flags = interpolation | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, matrix, (w, h), flags=flags, borderMode=cv2.BORDER_REFLECT_101)


class PlainClips(RandomClips):
    """Clips at ``train_size``, with resizing on and unmoved masks."""

    def _draw_frames(self, rng, tally):
        c, (h, w) = self.config, self.config.train_size
        is_simulated = rng.random() < self.p_frames
        name, files = _draw_sequence(rng, self.frames, tally, min_files=1 if is_simulated else 2)
        chosen = self._choose(rng, len(files), is_simulated)
        full_size = self._working_size(frame_size(files[chosen[0]]), is_simulated)
        if is_simulated:
            movement = random_movement(rng, c.frames_n, c.bgs_movement_params, full_size)
            image = cv2.resize(read_frame(files[chosen[0]]).astype(np.float32) / 255, full_size[::-1])
            frames = [warp(image, m, cv2.INTER_LINEAR) for m in movement]
        else:
            movement = None
            frames = [read_frame(files[i]).astype(np.float32) / 255 for i in chosen]
        small = [cv2.resize(frame, (w, h), interpolation=cv2.INTER_AREA) for frame in frames]
        return (np.stack(small) * 255).round().astype(np.uint8), name, movement

    def _draw_masks(self, rng, tally):
        c, (h, w) = self.config, self.config.train_size
        rng.random()
        _, files = _draw_sequence(rng, self.masks, tally)
        cross = cv2.getStructuringElement(cv2.MORPH_CROSS, c.dilatation_filter_size)
        masks = []
        for i in self._choose(rng, len(files), False):
            mask = cv2.resize(read_mask(files[i]).astype(np.float32), (w, h), interpolation=cv2.INTER_NEAREST_EXACT)
            masks.append(cv2.dilate(mask, cross, iterations=c.dilatation_iterations) > 0.5)
        return np.stack(masks)
