"""The records that data, models, algorithms and training hand to each other, and the glossary.

Glossary (the letters of the thesis, used nowhere else in the code):

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
v_a       ``visible``    of an :class:`Alignment`: what the aligned references show
v_map     ``copyable``   hidden in the target and seen in the aligned reference
y_hat     ``predicted``  what CHN paints, everywhere
y_comp    ``composed``   known pixels of the target, ``predicted`` in the hole
flow      ``grid``       absolute sampling positions; a *flow* in code is a displacement
========  =============  ==========================================================================

Axes are always ``B C F H W`` (batch, channels, frames, height, width).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor


class Record:
    """A small named result that also unpacks: iteration yields the fields named in ``_unpacks``, in order."""

    _unpacks: ClassVar[tuple[str, ...]] = ()

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self._unpacks)


@dataclass(frozen=True)
class Clip:
    """A batch of clips: what the data package makes and everything else consumes.

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
        """Where the target stands among the frames."""
        return self.num_frames // 2

    @property
    def ref_indices(self) -> list[int]:
        """Where the references stand among the frames."""
        return [f for f in range(self.num_frames) if f != self.target_index]

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Clip:
        """The same clips on another device (Lightning calls this)."""
        return replace(
            self,
            frames=self.frames.to(device, non_blocking=non_blocking),
            mask=self.mask.to(device, non_blocking=non_blocking),
            movement=self.movement.to(device, non_blocking=non_blocking),
            is_simulated=self.is_simulated.to(device, non_blocking=non_blocking),
        )

    def pin_memory(self) -> Clip:
        """The same clips in page-locked memory, from where a GPU fetches them asynchronously."""
        return replace(
            self,
            frames=self.frames.pin_memory(),
            mask=self.mask.pin_memory(),
            movement=self.movement.pin_memory(),
            is_simulated=self.is_simulated.pin_memory(),
        )


@dataclass(frozen=True)
class Alignment(Record):
    """References brought onto the target. Unpacks into ``aligned, visible, copyable``.

    Attributes:
        aligned: aligned references, in the colours of the masked frames (thesis: x_a).
        visible: 1 where an aligned reference shows a known pixel, else 0 (v_a).
        copyable: 1 where the target hides what the aligned reference shows (v_map).
        confidence: how far each aligned pixel is to be trusted, in [0, 1]; None from aligners that do not know.
        grid: where each pixel was taken from, as absolute positions; None from aligners that do not say.
    """

    aligned: Float[Tensor, "B 3 F H W"]
    visible: Float[Tensor, "B 1 F H W"]
    copyable: Float[Tensor, "B 1 F H W"]
    confidence: Float[Tensor, "B 1 F H W"] | None = None
    grid: Float[Tensor, "B F H W 2"] | None = None

    _unpacks: ClassVar[tuple[str, ...]] = ("aligned", "visible", "copyable")


@dataclass(frozen=True)
class FlowPrediction(Record):
    """What DFPN predicts for every reference. Unpacks into ``correlation, grid_16, grid_64, grid``.

    Convention:
        Grids hold, for each target pixel, the absolute position (x, y) in the reference, normalised to [-1, 1]
        with ``align_corners=True``.

    Attributes:
        correlation: the filled correlation, target positions first.
        grid_16: coarse grid (a sixteenth of the working size).
        grid_64: middle grid (a quarter of the working size).
        grid: the finest grid, resized to the input.
        grid_256: the finest grid, at the working size.
    """

    correlation: Float[Tensor, "B F t t r r"]
    grid_16: Float[Tensor, "B F t t 2"]
    grid_64: Float[Tensor, "B F m m 2"]
    grid: Float[Tensor, "B F H W 2"]
    grid_256: Float[Tensor, "B F n n 2"]

    _unpacks: ClassVar[tuple[str, ...]] = ("correlation", "grid_16", "grid_64", "grid")


@dataclass(frozen=True)
class Hallucination(Record):
    """What CHN paints, one picture per reference. Unpacks into ``predicted, composed``.

    Attributes:
        predicted: the network's picture, in [0, 1] (y_hat).
        composed: known pixels of the target, the network's in the hole (y_comp).
    """

    predicted: Float[Tensor, "B 3 F H W"]
    composed: Float[Tensor, "B 3 F H W"]

    _unpacks: ClassVar[tuple[str, ...]] = ("predicted", "composed")


@dataclass(frozen=True)
class Losses:
    """The parts of a training loss, already weighted; their sum is what is minimised."""

    parts: dict[str, Float[Tensor, ""]] = field(default_factory=dict)

    @property
    def total(self) -> Float[Tensor, ""]:
        """The sum of the parts."""
        return torch.stack(list(self.parts.values())).sum()
