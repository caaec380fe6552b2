"""The contract between a hallucinator and its users."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from master_thesis.records import Alignment, Hallucination, MaskedFrames


class Hallucinator(ABC):
    """Paints a target from aligned references: copies what they show, makes up what none shows.

    Subclasses implement :meth:`hallucinate`; for modules :meth:`forward` is the published call.

    Attributes:
        paints_copies: whether it changes what it copies. If not, pairs that leave their target open are copied
            without it.
    """

    paints_copies: bool = True

    def forward(
        self,
        x_target: Float[Tensor, "B 3 H W"],
        v_target: Float[Tensor, "B 1 H W"],
        x_aligned: Float[Tensor, "B 3 F H W"],
        v_aligned: Float[Tensor, "B 1 F H W"],
        v_map: Float[Tensor, "B 1 F H W"],
        confidence: Float[Tensor, "B 1 F H W"] | None = None,
    ) -> Hallucination:
        """Paints the target once per reference; any height and width.

        Args:
            x_target: masked target, RGB in [0, 1].
            v_target: its visibility, 1 = known.
            x_aligned: aligned references.
            v_aligned: their visibility.
            v_map: pixels that can be copied.
            confidence: trust in the aligned references, in [0, 1]; None: unknown.
        """
        alignment = Alignment(x_aligned, v_aligned, v_map, confidence)
        return self.hallucinate(MaskedFrames(x_target, v_target), alignment)

    @abstractmethod
    def hallucinate(self, target: MaskedFrames, alignment: Alignment) -> Hallucination:
        """Paints the target once per reference; any height and width.

        Args:
            target: masked targets, ``(B, 3, H, W)``.
            alignment: references brought onto them.
        """


class CallableHallucinator(Hallucinator):
    """Adapts a function that has only the published call with five tensors.

    Args:
        adapted: the function; ``confidence`` is passed by name, and only where the aligner estimates it.
    """

    def __init__(self, adapted: Callable[..., Hallucination]) -> None:
        self.adapted = adapted

    def hallucinate(self, target: MaskedFrames, alignment: Alignment) -> Hallucination:
        """Calls the adapted function."""
        trust = {} if alignment.confidence is None else {"confidence": alignment.confidence}
        return self.adapted(target.colours, target.visible, *alignment, **trust)


def as_hallucinator(hallucinator: Any) -> Hallucinator:
    """A hallucinator as it is; anything else that has its published call, adapted."""
    return hallucinator if isinstance(hallucinator, Hallucinator) else CallableHallucinator(hallucinator)


def plain_copies(target: MaskedFrames, alignment: Alignment) -> MaskedFrames:
    """Copies what each reference shows as it is; one row per target and reference, the targets' references together."""
    rows = target.repeated(alignment.aligned.shape[2])
    aligned, copyable = (rearrange(p, "b c f h w -> (b f) c h w") for p in (alignment.aligned, alignment.copyable))
    return MaskedFrames(torch.where(copyable > 0, aligned.clamp(0, 1), rows.colours), rows.visible + copyable)
