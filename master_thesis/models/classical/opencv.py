"""An aligner without training: a homography, refined by dense optical flow and continued into the holes.

A baseline for every learned aligner: no weights, fast on a CPU.

Convention:
    Inside, pictures are arrays ``(H, W)`` and flows displacements in px ``(H, W, 2)``, x first, from a target
    pixel to its place in the moved reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from master_thesis.models.aligner import Aligner, Encoded, trusted_alignment
from master_thesis.models.classical.flow import both_flows, continue_flow
from master_thesis.models.classical.homography import global_motion, warp_homography
from master_thesis.ops.image import GREY, to_bytes
from master_thesis.ops.pixels import pixel_positions
from master_thesis.records import Alignment, MaskedFrames

TRUST_THRESHOLD = 0.7
"""Pixels with less confidence are not copied: on average, another frame or a guess is better."""


@dataclass(frozen=True)
class Match:
    """Position of each target pixel in the reference, in px, and the confidence in it, in [0, 1]."""

    positions: Float[np.ndarray, "H W 2"]
    confidence: Float[np.ndarray, "H W"]


class OpenCVAligner(Aligner, nn.Module):
    """An aligner that measures instead of learning (contract: :class:`~master_thesis.models.aligner.Aligner`).

    Features outside the masks give a homography, DIS optical flow (Kroeger et al., 2016) refines it on the known
    pixels, and the refinement is continued smoothly into the hole, weighted by how well it matches around it.
    It has no parameters, works on the CPU and passes no gradient.
    """

    @torch.no_grad()
    def encode(self, frames: MaskedFrames) -> Encoded:
        """Computes grey frames, on the CPU."""
        grey = to_bytes(torch.einsum("nchw,c->nhw", frames.colours, torch.tensor(GREY).to(frames.colours)))
        return Encoded(frames, (grey.cpu(), frames.visible[:, 0].cpu() > 0.5))

    @torch.no_grad()
    def align_encoded(self, target: Encoded, refs: Encoded) -> Alignment:
        """Brings every reference onto its target; positions that are not trusted count as not visible."""
        num_refs = len(refs) // len(target)
        targets, sources = ([code.numpy() for code in side.codes] for side in (target, refs))
        matches = [
            match(*(plane[i // num_refs] for plane in targets), *(plane[i] for plane in sources))
            for i in range(len(refs))
        ]
        clips = refs.frames.unfolded(len(target))
        positions, confidence = (
            torch.from_numpy(np.stack(planes)).to(clips.colours).unflatten(0, (len(target), num_refs))
            for planes in zip(*((m.positions, m.confidence) for m in matches), strict=True)
        )
        grid = _to_grid(positions)
        return trusted_alignment(grid, confidence.unsqueeze(1), TRUST_THRESHOLD, target.frames.visible, clips)


def match(
    target: UInt8[np.ndarray, "H W"],
    known_target: Bool[np.ndarray, "H W"],
    ref: UInt8[np.ndarray, "H W"],
    known_ref: Bool[np.ndarray, "H W"],
) -> Match:
    """Finds every target pixel in the reference; those of the hole from their surroundings."""
    motion = global_motion(target, known_target, ref, known_ref)
    moved = warp_homography(ref, motion)
    known_moved = warp_homography(known_ref.astype(np.uint8), motion, cv2.INTER_NEAREST) > 0
    onward, _ = both_flows(target, known_target, moved, known_moved)
    flow, confidence = continue_flow(*onward)
    return Match(_through(motion, flow), confidence)


def _through(motion: Float[np.ndarray, "3 3"], flow: Float[np.ndarray, "H W 2"]) -> Float[np.ndarray, "H W 2"]:
    """Positions in the reference of target pixels displaced by a flow, then by a motion."""
    points = (flow + pixel_positions(*flow.shape[:2])).astype(np.float64)
    return cv2.perspectiveTransform(points, motion).astype(np.float32)


def _to_grid(positions: Float[Tensor, "B F H W 2"]) -> Float[Tensor, "B F H W 2"]:
    """Positions in px as a sampling grid in [-1, 1]."""
    height, width = positions.shape[2:4]
    extent = torch.tensor((max(width - 1, 1), max(height - 1, 1))).to(positions)
    return positions * 2 / extent - 1
