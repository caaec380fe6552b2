"""Networks without weights, and sequences for them."""

import torch

from master_thesis.models.aligner import alignment_from_grid
from master_thesis.ops.grid import identity_grid
from master_thesis.ops.image import fill_holes
from master_thesis.records import Alignment, Hallucination


def shifted_grid(height, width, dx, dy):
    """The grid ``(H, W, 2)`` that looks ``dx, dy`` pixels to the right of and below each pixel."""
    return identity_grid(height, width) + torch.tensor([2 * dx / max(width - 1, 1), 2 * dy / max(height - 1, 1)])


class CountingAligner:
    """Moves each reference by some pixels, decided by how much the two frames still hide: any other order shows."""

    def __init__(self):
        self.batch_sizes = []

    def align(self, x_target, m_target, x_refs, m_refs):
        b, _, f, h, w = x_refs.shape
        self.batch_sizes.append(b)
        counts = (3 * m_target.sum(dim=(1, 2, 3)) + 5 * m_refs[:, :, 0].sum(dim=(1, 2, 3))).int().tolist()
        grid = torch.stack([shifted_grid(h, w, n % 7 - 3, n // 7 % 5 - 2) for n in counts])
        return alignment_from_grid(grid.unsqueeze(1).expand(b, f, h, w, 2), m_target, x_refs, m_refs)


class Anywhere:
    """Has no weights, so it can be put on any device."""

    def to(self, device):
        return self


class StillAligner(Anywhere):
    """Returns the references unmoved and says neither where it looked nor how sure it is."""

    def align(self, x_target, m_target, x_refs, m_refs):
        visible = 1 - m_refs
        return Alignment(x_refs, visible, (visible - (1 - m_target).unsqueeze(2)).clamp(0, 1))


def composed(x_target, v_target, predicted):
    known = v_target.unsqueeze(2)
    return Hallucination(predicted, known * x_target.unsqueeze(2) + (1 - known) * predicted)


class Painter:
    """Paints something that depends on everything it is given."""

    def __init__(self):
        self.batch_sizes = []

    def __call__(self, x_target, v_target, x_aligned, v_aligned, v_map):
        self.batch_sizes.append(len(x_target))
        around = x_target.roll(1, dims=-1).unsqueeze(2)
        return composed(x_target, v_target, 0.5 * x_aligned + 0.3 * around + 0.1 * v_aligned + 0.1 * v_map)


INVENTED = 0.123
"""What :class:`Copier` paints where there is nothing to copy."""


class Copier(Anywhere):
    """Copies what the reference shows as it is, and paints the rest in one tone."""

    def __call__(self, x_target, v_target, x_aligned, v_aligned, v_map):
        return composed(x_target, v_target, torch.where(v_map > 0, x_aligned, INVENTED))


def make_sequence(num_frames, height, width, seed=0, hidden=(), whole=()):
    """Masked frames and masks: a box of its own in every frame, none in ``whole`` ones, all of ``hidden`` ones."""
    generator = torch.Generator().manual_seed(seed)
    frames = torch.rand(3, num_frames, height, width, generator=generator)
    mask = torch.zeros(1, num_frames, height, width)
    for t in range(num_frames):
        top, left = (int(torch.randint(0, 1 + n // 2, (), generator=generator)) for n in (height, width))
        mask[:, t, top : top + height // 2 + 1, left : left + width // 2 + 1] = 1
    mask[:, [t for t in whole if t < num_frames]] = 0
    mask[:, [t for t in hidden if t < num_frames]] = 1
    return fill_holes(frames[None], mask[None])[0], mask
