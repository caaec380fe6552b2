"""A clip whose motion is known: every frame is a window onto one picture that does not change."""

from dataclasses import dataclass

import torch
from torch import Tensor

from master_thesis.models.aligner import alignment_from_grid
from master_thesis.ops.image import fill_holes
from tests.inpainting.stand_ins import shifted_grid

STEP_PX = 2


@dataclass(frozen=True)
class PanoramaClip:
    """Frames, masks, and the way from one to the other; the first row of a frame is never hidden."""

    masked: Tensor
    mask: Tensor

    @property
    def num_frames(self):
        return self.masked.shape[1]

    @property
    def width(self):
        return self.masked.shape[3]

    @staticmethod
    def column_in_panorama(t, column):
        return column + STEP_PX * t


def make_panorama_clip(num_frames=7, height=10, width=16):
    """The camera moves right; one hole moves against it and one with it, so that nobody sees what it hides."""
    columns = PanoramaClip.column_in_panorama(num_frames - 1, width)
    panorama = torch.rand(3, height, columns, generator=torch.Generator().manual_seed(0))
    frames = torch.stack([panorama[:, :, STEP_PX * t : STEP_PX * t + width] for t in range(num_frames)], dim=1)
    mask = torch.zeros(1, num_frames, height, width)
    for t in range(num_frames):
        mask[:, t, 2:5, 3 : 3 + 6] = 1  # fixed in the frame: what it hides is seen in others
        start = max(0, 12 - STEP_PX * t)
        mask[:, t, 6:9, start : max(0, 16 - STEP_PX * t)] = 1  # fixed in the scene: never seen
    return PanoramaClip(fill_holes(frames[None], mask[None])[0], mask)


class PanoramaAligner:
    """Knows the motion: recognises frames by their first row."""

    def __init__(self, clip):
        self.rows = clip.masked[:, :, 0].transpose(0, 1)

    def _number(self, frame):
        return int((self.rows - frame[:, 0]).abs().sum(dim=(1, 2)).argmin())

    def align(self, x_target, m_target, x_refs, m_refs):
        b, _, _, h, w = x_refs.shape
        steps = [self._number(x_target[i]) - self._number(x_refs[i, :, 0]) for i in range(b)]
        grid = torch.stack([shifted_grid(h, w, STEP_PX * n, 0) for n in steps]).unsqueeze(1)
        return alignment_from_grid(grid, m_target, x_refs, m_refs)
