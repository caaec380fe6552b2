"""The usual inputs of the tests: sequences with holes, clips, tiny networks, and stand-ins for trained networks."""

import math
import struct
import zlib
from dataclasses import dataclass

import cv2
import skimage.data
import torch
import torch.nn.functional as F
from torch import Tensor

from master_thesis.models.aligner import alignment_from_grid
from master_thesis.models.chn import CHN
from master_thesis.models.dfpn import DFPN
from master_thesis.models.small.aligner import SmallDFPN
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import identity_grid, warp
from master_thesis.ops.image import fill_holes
from master_thesis.ops.mask import copyable_map
from master_thesis.records import Alignment, Clip, Hallucination, MaskedFrames

PAN_PX = 2
"""How far the camera of a panorama clip moves right from frame to frame."""
INVENTED = 0.123
"""What :class:`Copier` paints where there is nothing to copy."""
DFPN_SIZES = {"size": 32, "corr_widths": (4, 4), "width": 4, "vgg_width": 2}
CHN_SIZES = {"width": 4, "growth": 2, "num_blocks": 1}
SMALL_SIZES = {"size": (64, 64), "width": 8, "detail": 4, "hidden": 8, "num_iterations": 2}


def tiny_dfpn(**sizes):
    """A DFPN with random weights, the same ones at every call."""
    torch.manual_seed(0)
    return DFPN(**(DFPN_SIZES | sizes)).eval()


def tiny_chn(**sizes):
    """A CHN with random weights, the same ones at every call."""
    torch.manual_seed(0)
    return CHN(**(CHN_SIZES | sizes)).eval()


def tiny_small_dfpn(**sizes):
    """An aligner of the small preset with random weights, the same ones at every call."""
    torch.manual_seed(0)
    return SmallDFPN(**(SMALL_SIZES | sizes)).eval()


def checkpoint_of(network, kind, sizes):
    """A checkpoint as a training writes it, without the state of the optimiser."""
    state = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    return {"state_dict": state, "network": {"kind": kind, "sizes": sizes}}


def save_checkpoint(path, kind, sizes, network):
    """Writes such a checkpoint, and gives its path back."""
    torch.save(checkpoint_of(network, kind, sizes), path)
    return path


def make_sequence(num_frames, height, width, seed=0, hidden=(), known=()):
    """Masked frames and masks: a random box per frame, no hole in ``known`` frames, all of ``hidden`` ones."""
    generator = torch.Generator().manual_seed(seed)
    frames = torch.rand(3, num_frames, height, width, generator=generator)
    mask = torch.zeros(1, num_frames, height, width)
    for t in range(num_frames):
        top, left = (int(torch.randint(0, 1 + n // 2, (), generator=generator)) for n in (height, width))
        mask[:, t, top : top + height // 2 + 1, left : left + width // 2 + 1] = 1
    mask[:, [t for t in known if t < num_frames]] = 0
    mask[:, [t for t in hidden if t < num_frames]] = 1
    return fill_holes(frames[None], mask[None])[0], mask


def make_pair(num, num_refs, height, width, seed=0):
    """Targets and references with their masks, as an aligner takes them: ``x_target, m_target, x_refs, m_refs``."""
    clips = [make_sequence(num_refs + 1, height, width, seed + i) for i in range(num)]
    x, m = (torch.stack(parts) for parts in zip(*clips, strict=True))
    return x[:, :, 0], m[:, :, 0], x[:, :, 1:], m[:, :, 1:]


def as_frames(x_target, m_target, x_refs, m_refs):
    """The same pair as records: target and references with their visibility."""
    return MaskedFrames(x_target, 1 - m_target), MaskedFrames(x_refs, 1 - m_refs)


def make_clip(num=2, num_frames=3, size=64, is_simulated=True, seed=0):
    """A batch of square clips with box masks; simulated ones move by a known affine map, the others stand still."""
    target = smooth_pictures(num, size, seed)
    movement = random_movements(num, num_frames, seed) if is_simulated else torch.eye(3).repeat(num, num_frames, 1, 1)
    grids = affine_grid(torch.linalg.inv(movement), size, size)
    frames = warp(target.unsqueeze(2).expand(-1, -1, num_frames, -1, -1), grids)
    mask = torch.zeros(num, 1, num_frames, size, size, dtype=torch.bool)
    for f in range(num_frames):
        start = size // 8 + f * size // 8
        mask[:, :, f, start : start + size // 4, start : start + size // 4] = True
    colours = (frames * 255).round().byte()
    return Clip(colours, mask, movement, torch.full((num,), is_simulated), tuple("abcdefgh"[:num]))


def photo(height, width):
    """A photograph, RGB, uint8 ``(height, width, 3)``."""
    return cv2.resize(skimage.data.astronaut()[:384], (width, height), interpolation=cv2.INTER_AREA)


def png_claiming(width, height):
    """A PNG file without pixels whose header claims a size."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def smooth_pictures(num, size, seed=0):
    """Random pictures ``(num, 3, size, size)`` in [0, 1] with structure at several scales."""
    generator = torch.Generator().manual_seed(seed)
    scales = [F.interpolate(torch.rand(num, 3, n, n, generator=generator), size, mode="bicubic") for n in (4, 8, 16)]
    return (sum(scales) / 3).clamp(0, 1)


def random_movements(num, num_frames, seed=0, shift=0.1, scale=0.1, angle=0.15):
    """Affine movements ``(num, num_frames, 3, 3)`` in the unit square about its centre; the target stays."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(num, num_frames, 4, generator=generator) * 2 - 1
    matrices = torch.eye(3).repeat(num, num_frames, 1, 1)
    for b in range(num):
        for f in range(num_frames):
            if f != num_frames // 2:
                dx, dy, ds, da = draws[b, f].tolist()
                s, a = 1 + scale * ds, angle * da
                rotation = torch.tensor([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]]) * s
                matrices[b, f, :2, :2] = rotation
                matrices[b, f, :2, 2] = 0.5 - rotation @ torch.tensor([0.5, 0.5]) + shift * torch.tensor([dx, dy])
    return matrices


@dataclass(frozen=True)
class PanoramaClip:
    """Frames and masks of a camera that pans over one picture; the first row of a frame is never hidden."""

    masked: Tensor
    mask: Tensor

    @property
    def num_frames(self):
        return self.masked.shape[1]

    @property
    def width(self):
        return self.masked.shape[3]

    @property
    def first_rows(self):
        return self.masked[:, :, 0].transpose(0, 1)

    @staticmethod
    def column_in_panorama(t, column):
        return column + PAN_PX * t


def make_panorama_clip(num_frames=7, height=10, width=16):
    """The camera moves right; one hole is fixed in the frame, the other in the scene, so that no frame shows it."""
    columns = PanoramaClip.column_in_panorama(num_frames - 1, width)
    panorama = torch.rand(3, height, columns, generator=torch.Generator().manual_seed(0))
    frames = torch.stack([panorama[:, :, PAN_PX * t : PAN_PX * t + width] for t in range(num_frames)], dim=1)
    mask = torch.zeros(1, num_frames, height, width)
    for t in range(num_frames):
        mask[:, t, 2:5, 3 : 3 + 6] = 1
        start = max(0, 12 - PAN_PX * t)
        mask[:, t, 6:9, start : max(0, 16 - PAN_PX * t)] = 1
    return PanoramaClip(fill_holes(frames[None], mask[None])[0], mask)


def shifted_grid(height, width, dx, dy):
    """The grid ``(H, W, 2)`` that points ``dx, dy`` pixels to the right of and below each pixel."""
    return identity_grid(height, width) + torch.tensor([2 * dx / max(width - 1, 1), 2 * dy / max(height - 1, 1)])


class PanoramaAligner:
    """Knows the motion of a pan: recognises frames by their first row.

    Args:
        rows: first rows of all frames ``(T, 3, W)``, in [0, 1].
    """

    def __init__(self, rows):
        self.rows = rows

    def _number(self, frame):
        return int((self.rows - frame[:, 0]).abs().sum(dim=(1, 2)).argmin())

    def align(self, x_target, m_target, x_refs, m_refs):
        b, _, _, h, w = x_refs.shape
        steps = [self._number(x_target[i]) - self._number(x_refs[i, :, 0]) for i in range(b)]
        grid = torch.stack([shifted_grid(h, w, PAN_PX * n, 0) for n in steps]).unsqueeze(1)
        return alignment_from_grid(grid, 1 - m_target, MaskedFrames(x_refs, 1 - m_refs))


class CountingAligner:
    """Moves each reference by some pixels that depend on how much both frames hide, so that any other order shows."""

    def __init__(self):
        self.batch_sizes = []

    def align(self, x_target, m_target, x_refs, m_refs):
        b, _, f, h, w = x_refs.shape
        self.batch_sizes.append(b)
        counts = (3 * m_target.sum(dim=(1, 2, 3)) + 5 * m_refs[:, :, 0].sum(dim=(1, 2, 3))).int().tolist()
        grid = torch.stack([shifted_grid(h, w, n % 7 - 3, n // 7 % 5 - 2) for n in counts])
        return alignment_from_grid(
            grid.unsqueeze(1).expand(b, f, h, w, 2), 1 - m_target, MaskedFrames(x_refs, 1 - m_refs)
        )


class StillAligner(torch.nn.Module):
    """Returns the references unmoved, with neither a grid nor a confidence."""

    def align(self, x_target, m_target, x_refs, m_refs):
        visible = 1 - m_refs
        return Alignment(x_refs, visible, copyable_map(visible, 1 - m_target))


def compose(x_target, v_target, predicted):
    """Puts the known pixels of the target over a prediction."""
    known = v_target.unsqueeze(2)
    return Hallucination(predicted, known * x_target.unsqueeze(2) + (1 - known) * predicted)


class Painter(torch.nn.Module):
    """Paints something that depends on every input."""

    def __init__(self):
        super().__init__()
        self.batch_sizes = []

    def __call__(self, x_target, v_target, x_aligned, v_aligned, v_map):
        self.batch_sizes.append(len(x_target))
        around = x_target.roll(1, dims=-1).unsqueeze(2)
        return compose(x_target, v_target, 0.5 * x_aligned + 0.3 * around + 0.1 * v_aligned + 0.1 * v_map)


class Copier(torch.nn.Module):
    """Copies what the reference shows, and paints the rest in one tone."""

    def __call__(self, x_target, v_target, x_aligned, v_aligned, v_map):
        return compose(x_target, v_target, torch.where(v_map > 0, x_aligned, INVENTED))
