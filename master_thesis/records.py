"""The records that data, models, algorithms and training exchange, and the glossary.

The thesis' letters appear in the published signatures (``align``, ``inpaint``, the call of CHN); all other code uses
the words:

========  =============  ==========================================================================
thesis    here           meaning
========  =============  ==========================================================================
y         ``frames``     true frames, RGB in [0, 1] (uint8 in [0, 255] until the last moment)
m         ``mask``       1 (True) = hole to fill, 0 = known
v         ``visible``    ``1 - mask``
x         ``masked``     ``visible * frames + mask * FILL``
t         ``target``     the frame being filled; index ``F // 2`` of a clip
r         ``refs``       the reference frames: every other frame of the clip
x_a       ``aligned``    references brought onto the target
v_a       ``visible``    of an :class:`Alignment`: where the aligned references are known
v_map     ``copyable``   hidden in the target and visible in the aligned reference
y_hat     ``predicted``  what CHN paints, everywhere
y_comp    ``composed``   known pixels of the target, ``predicted`` in the hole
flow      ``grid``       absolute sampling positions; a *flow* in code is a displacement
========  =============  ==========================================================================

Axes are always ``B C F H W`` (batch, channels, frames, height, width).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from master_thesis.ops.image import fill_holes, resize, resize_mask, to_float


class Record:
    """A small named result that also unpacks: iteration yields the fields in ``_unpacks``, in order."""

    _unpacks: ClassVar[tuple[str, ...]] = ()

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self._unpacks)


@dataclass(frozen=True)
class MaskedFrames:
    """Frames and where they are known.

    Attributes:
        colours: RGB in [0, 1], ``(N, 3, H, W)`` or ``(B, 3, F, H, W)``.
        visible: 1 = known, 0 = hole; between 0 and 1 where pixels were averaged.
    """

    colours: Float[Tensor, "N 3 *size"]
    visible: Float[Tensor, "N 1 *size"]

    def __len__(self) -> int:
        return len(self.colours)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.colours.shape[-2], self.colours.shape[-1]

    @property
    def mask(self) -> Float[Tensor, "N 1 *size"]:
        """1 = hole, 0 = known."""
        return 1 - self.visible

    @property
    def masked(self) -> MaskedFrames:
        """The same frames with their holes in the colour ``FILL``: all that an aligner may see."""
        return MaskedFrames(fill_holes(self.colours, self.mask), self.visible)

    @property
    def unmasked(self) -> MaskedFrames:
        """The same colours, known everywhere."""
        return MaskedFrames(self.colours, torch.ones_like(self.visible))

    def resized(self, height: int, width: int) -> MaskedFrames:
        """Resizes colours bilinearly and visibility by nearest."""
        return MaskedFrames(resize(self.colours, height, width), resize_mask(self.visible, height, width))

    def pooled(self, step: int) -> MaskedFrames:
        """Averages the known pixels of squares of ``step`` pixels; black where none is known. Rows of frames only."""
        share = F.avg_pool2d(self.visible, step)
        return MaskedFrames(F.avg_pool2d(self.colours * self.visible, step) / (share + 1e-6), share)

    def rows(self, indices: Sequence[int]) -> MaskedFrames:
        """Some of the N rows, in the given order."""
        return MaskedFrames(self.colours[indices], self.visible[indices])

    def repeated(self, times: int) -> MaskedFrames:
        """Every row ``times`` times in succession: one for each of its references."""
        if times == 1:
            return self
        return MaskedFrames(*(p.repeat_interleave(times, dim=0) for p in (self.colours, self.visible)))

    def folded(self) -> MaskedFrames:
        """Clips ``(B, C, F, H, W)`` as rows ``(B F, C, H, W)``."""
        return MaskedFrames(*(rearrange(p, "b c f h w -> (b f) c h w") for p in (self.colours, self.visible)))

    def unfolded(self, num_clips: int) -> MaskedFrames:
        """The inverse of :meth:`folded`."""
        planes = (rearrange(p, "(b f) c h w -> b c f h w", b=num_clips) for p in (self.colours, self.visible))
        return MaskedFrames(*planes)


@dataclass(frozen=True)
class Clip:
    """A batch of clips: made by the data package, consumed by everything else.

    Convention:
        ``movement[b, f]`` maps a point of the target to the same scene point of frame ``f``, both in the
        unit square: (0, 0) is the outer corner of the top-left pixel and (1, 1) that of the bottom-right
        one, x first, whatever the resolution. It is the identity for the target, and meaningful only
        where ``is_simulated``.

    Attributes:
        frames: true frames, RGB, uint8 in [0, 255] or float in [0, 1].
        mask: True = hole.
        movement: homogeneous affine matrices, target to frame.
        is_simulated: whether the movement of a clip is simulated, hence known.
        names: the background sequence of every clip.
    """

    frames: Shaped[Tensor, "B 3 F H W"]
    mask: Bool[Tensor, "B 1 F H W"]
    movement: Float[Tensor, "B F 3 3"]
    is_simulated: Bool[Tensor, " B"]
    names: tuple[str, ...] = ()

    @property
    def num_frames(self) -> int:
        """Frames of a clip, the target included."""
        return self.frames.shape[2]

    @property
    def target_index(self) -> int:
        """Index of the target among the frames."""
        return self.num_frames // 2

    @property
    def ref_indices(self) -> list[int]:
        """Indices of the references among the frames."""
        return [f for f in range(self.num_frames) if f != self.target_index]

    def split(self) -> tuple[MaskedFrames, MaskedFrames]:
        """True targets ``(B, 3, H, W)`` and references ``(B, 3, F, H, W)`` as floats, with their visibility."""
        frames = to_float(self.frames)
        visible = 1 - self.mask.to(frames.dtype)
        t, r = self.target_index, self.ref_indices
        return MaskedFrames(frames[:, :, t], visible[:, :, t]), MaskedFrames(frames[:, :, r], visible[:, :, r])

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Clip:
        """The same clips on another device (Lightning calls this)."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> Clip:
        """The same clips in page-locked memory, from where a GPU fetches them asynchronously."""
        return self._map(lambda tensor: tensor.pin_memory())

    def _map(self, change: Callable[[Tensor], Tensor]) -> Clip:
        """Applies a change to every tensor."""
        names = ("frames", "mask", "movement", "is_simulated")
        changed: dict[str, Any] = {name: change(getattr(self, name)) for name in names}
        return replace(self, **changed)


@dataclass(frozen=True)
class Alignment(Record):
    """References brought onto targets. Unpacks into ``aligned, visible, copyable``.

    Attributes:
        aligned: aligned references, in the colours of the masked frames (thesis: x_a).
        visible: 1 where an aligned reference shows a known pixel, else 0 (v_a).
        copyable: 1 where the target hides what the aligned reference shows (v_map).
        confidence: trust in each aligned pixel, in [0, 1]; None from aligners that do not estimate it.
        grid: where each pixel was sampled, as absolute positions; None from aligners that do not report it.
    """

    aligned: Float[Tensor, "B 3 F H W"]
    visible: Float[Tensor, "B 1 F H W"]
    copyable: Float[Tensor, "B 1 F H W"]
    confidence: Float[Tensor, "B 1 F H W"] | None = None
    grid: Float[Tensor, "B F H W 2"] | None = None

    _unpacks: ClassVar[tuple[str, ...]] = ("aligned", "visible", "copyable")

    def rows(self, indices: Sequence[int]) -> Alignment:
        """Some of the B targets, in the given order."""
        return self._map(lambda planes: planes[0][indices], [self])

    @staticmethod
    def join(parts: Sequence[Alignment]) -> Alignment:
        """Several alignments as one batch; a single one is returned as it is."""
        return parts[0] if len(parts) == 1 else Alignment._map(torch.cat, parts)

    @staticmethod
    def _map(change: Callable[[list[Tensor]], Tensor], parts: Sequence[Alignment]) -> Alignment:
        """Applies a change to every field that all parts have."""
        changed: dict[str, Any] = {}
        for name in (f.name for f in fields(Alignment)):
            column = [getattr(part, name) for part in parts]
            changed[name] = None if column[0] is None else change(column)
        return Alignment(**changed)


@dataclass(frozen=True)
class FlowPrediction(Record):
    """DFPN's prediction for every reference. Unpacks into ``correlation, grid_coarse, grid_middle, grid``.

    Convention:
        Grids hold, for each target pixel, the absolute position (x, y) in the reference, normalised to [-1, 1]
        with ``align_corners=True``.

    Attributes:
        correlation: the filled correlation, target positions first.
        grid_coarse: at a sixteenth of the working size.
        grid_middle: at a quarter of the working size.
        grid: the finest grid, at the size of the input.
        grid_fine: the finest grid, at the working size.
    """

    correlation: Float[Tensor, "B F t t r r"]
    grid_coarse: Float[Tensor, "B F t t 2"]
    grid_middle: Float[Tensor, "B F m m 2"]
    grid: Float[Tensor, "B F H W 2"]
    grid_fine: Float[Tensor, "B F n n 2"]

    _unpacks: ClassVar[tuple[str, ...]] = ("correlation", "grid_coarse", "grid_middle", "grid")


@dataclass(frozen=True)
class Hallucination(Record):
    """Painted targets, one picture per reference. Unpacks into ``predicted, composed``.

    Attributes:
        predicted: the painted picture, in [0, 1] (y_hat).
        composed: known pixels of the target, painted ones in the hole (y_comp).
    """

    predicted: Float[Tensor, "B 3 F H W"]
    composed: Float[Tensor, "B 3 F H W"]

    _unpacks: ClassVar[tuple[str, ...]] = ("predicted", "composed")


@dataclass(frozen=True)
class Losses:
    """The weighted parts of a training loss; their sum is minimised."""

    parts: dict[str, Float[Tensor, ""]] = field(default_factory=dict)

    @property
    def total(self) -> Float[Tensor, ""]:
        """The sum of the parts."""
        return torch.stack(list(self.parts.values())).sum()
