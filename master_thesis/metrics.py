"""Quality of images, videos and alignments, as pure functions.

Convention:
    Metrics for training take tensors in [0, 1] on any device. Metrics for evaluation take uint8 arrays in [0, 255],
    ``(F, H, W, 3)`` RGB, with masks ``(F, H, W)``, True = hole, and return one figure per frame, NaN where there is
    nothing to measure. None is computed in half precision, whatever the networks run in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from skimage.metrics import mean_squared_error, structural_similarity
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from master_thesis.ops.mask import window_of
from master_thesis.ops.pixels import warp_by_flow
from master_thesis.ops.precision import in_full_precision

log = logging.getLogger(__name__)

MAX_PSNR = 100.0
"""PSNR of an exact copy, in dB; finite, so that means exist."""
FIELD_SSIM_WINDOW = 65
"""Side of the uniform SSIM window in published tables of video inpainting, in px."""
LPIPS_MIN_SIDE = 64
"""Smallest side of an image from which AlexNet computes features, in px."""

Lpips = Callable[[Tensor, Tensor], Tensor]


@in_full_precision
def psnr(predicted: Float[Tensor, "B 3 H W"], frames: Float[Tensor, "B 3 H W"]) -> Float[Tensor, ""]:
    """Mean PSNR of a batch of images in [0, 1], in dB, each at most ``MAX_PSNR``."""
    figures = peak_signal_noise_ratio(predicted, frames, data_range=1.0, reduction="none", dim=(1, 2, 3))
    return figures.clamp(max=MAX_PSNR).mean()


@in_full_precision
def ssim(predicted: Float[Tensor, "B 3 H W"], frames: Float[Tensor, "B 3 H W"]) -> Float[Tensor, ""]:
    """Mean SSIM of a batch of images in [0, 1] (Gaussian window of 11 px, sigma 1.5 px; Wang et al., 2004)."""
    figure = structural_similarity_index_measure(predicted, frames, data_range=1.0)
    assert isinstance(figure, Tensor)
    return figure


def local_weights(url: str) -> Path | None:
    """Finds the weights from ``url`` in the cache of torch hub; None if they are absent. Never downloads."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
    return path if path.is_file() else None


@lru_cache(maxsize=1)
def try_lpips() -> Lpips | None:
    """Loads LPIPS with AlexNet (Zhang et al., 2018) if its weights are cached; otherwise logs so once.

    Returns:
        A function from two batches ``(B, 3, H, W)`` in [0, 1], each side at least 64 px, to their mean distance; None
        without the weights.
    """
    from torchvision.models import AlexNet_Weights

    if local_weights(AlexNet_Weights.IMAGENET1K_V1.url) is None:
        log.warning(
            "LPIPS is left out: %s/checkpoints does not hold the weights of AlexNet; to download them, run "
            "`python -c \"import torchvision; torchvision.models.alexnet(weights='IMAGENET1K_V1')\"`",
            torch.hub.get_dir(),
        )
        return None
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    network = LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True).eval()

    @torch.no_grad()
    @in_full_precision
    def lpips(predicted: Tensor, frames: Tensor) -> Tensor:
        network.to(predicted.device).reset()
        return network(predicted.clamp(0, 1), frames.clamp(0, 1))

    return lpips


@in_full_precision
def share_within(
    distance_px: Float[Tensor, "*size"], reach_px: float, where: Bool[Tensor, "*size"]
) -> Float[Tensor, ""]:
    """Share of end-point errors of at most ``reach_px`` among the pixels ``where``, in [0, 1]."""
    return (distance_px[where] <= reach_px).float().mean()


def frame_psnr(filled: UInt8[np.ndarray, "F H W 3"], frames: UInt8[np.ndarray, "F H W 3"]) -> Float[np.ndarray, " F"]:
    """PSNR of complete frames, in dB, at most ``MAX_PSNR``."""
    return np.array([_psnr(a, b) for a, b in zip(filled, frames, strict=True)])


def frame_ssim(
    filled: UInt8[np.ndarray, "F H W 3"], frames: UInt8[np.ndarray, "F H W 3"], window_px: int = FIELD_SSIM_WINDOW
) -> Float[np.ndarray, " F"]:
    """SSIM of complete frames with a uniform window, which published tables of video inpainting call SSIM."""
    options = {"win_size": window_px, "data_range": 255, "channel_axis": -1}
    return np.array([structural_similarity(a, b, **options) for a, b in zip(filled, frames, strict=True)])


def hole_psnr(
    filled: UInt8[np.ndarray, "F H W 3"],
    frames: UInt8[np.ndarray, "F H W 3"],
    mask: Bool[np.ndarray, "F H W"],
) -> Float[np.ndarray, " F"]:
    """PSNR of the pixels of the hole, in dB, at most ``MAX_PSNR``."""
    return _per_hole(lambda a, b, hole: _psnr(a[hole], b[hole]), filled, frames, mask)


def hole_ssim(
    filled: UInt8[np.ndarray, "F H W 3"],
    frames: UInt8[np.ndarray, "F H W 3"],
    mask: Bool[np.ndarray, "F H W"],
) -> Float[np.ndarray, " F"]:
    """SSIM (Gaussian, sigma 1.5 px) averaged over the hole; its window extends into the surroundings."""
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}

    def measure(a: np.ndarray, b: np.ndarray, hole: np.ndarray) -> float:
        _, similarity = structural_similarity(a, b, channel_axis=-1, full=True, **options)
        return float(similarity[hole].mean())

    return _per_hole(measure, filled, frames, mask)


def hole_lpips(
    filled: UInt8[np.ndarray, "F H W 3"],
    frames: UInt8[np.ndarray, "F H W 3"],
    mask: Bool[np.ndarray, "F H W"],
    lpips: Lpips,
) -> Float[np.ndarray, " F"]:
    """LPIPS of the box around the hole, enlarged to at least ``LPIPS_MIN_SIDE`` where the frame allows it."""

    def measure(a: np.ndarray, b: np.ndarray, hole: np.ndarray) -> float:
        box = _box(hole)
        pair = [torch.from_numpy(np.ascontiguousarray(p[box])).permute(2, 0, 1)[None] / 255 for p in (a, b)]
        return float(lpips(*pair))

    return _per_hole(measure, filled, frames, mask)


def warping_error(
    filled: UInt8[np.ndarray, "F H W 3"],
    flows: Sequence[Float[np.ndarray, "H W 2"]],
    where: Bool[np.ndarray, "F-1 H W"],
) -> Float[np.ndarray, " F-1"]:
    """Temporal warping error (Lai et al., 2018): the change of colours along the true motion.

    Convention:
        ``flows[t]`` holds the displacements of pixels from frame t to frame t + 1, in px, x first.

    Args:
        filled: the video to measure.
        flows: the true motion.
        where: pixels of frame t to measure; frame t + 1 should show them too.

    Returns:
        Mean squared difference of colours in [0, 1], one value per pair of frames.
    """
    errors = np.full(len(flows), np.nan)
    for t, flow in enumerate(flows):
        if where[t].any():
            difference = (filled[t] / np.float32(255) - warp_by_flow(filled[t + 1] / np.float32(255), flow))[where[t]]
            errors[t] = np.square(difference).mean()
    return errors


def _psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = float(mean_squared_error(a, b))
    return min(MAX_PSNR, 10 * np.log10(255**2 / error)) if error > 0 else MAX_PSNR


def _per_hole(
    measure: Callable[[np.ndarray, np.ndarray, np.ndarray], float],
    filled: np.ndarray,
    frames: np.ndarray,
    mask: np.ndarray,
) -> np.ndarray:
    """Measures each frame; NaN for frames without a hole."""
    rows = zip(filled, frames, mask, strict=True)
    return np.array([measure(a, b, hole) if hole.any() else np.nan for a, b, hole in rows])


def _box(hole: Bool[np.ndarray, "H W"]) -> tuple[slice, slice]:
    """Rows and columns of the box around a hole, at least ``LPIPS_MIN_SIDE`` of each where the frame has as many."""
    sides, window = [], window_of(hole)
    assert window is not None, "frames without a hole are left out"
    for side, size in zip(window, hole.shape, strict=True):
        first, last = side.start, side.stop
        missing = max(0, LPIPS_MIN_SIDE - (last - first))
        first = max(0, min(first - missing // 2, size - (last - first) - missing))
        sides.append(slice(first, min(size, max(last, first + LPIPS_MIN_SIDE))))
    return sides[0], sides[1]
