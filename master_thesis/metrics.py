"""How good a picture, a video or an alignment is: pure functions.

Convention:
    Two families. On tensors in [0, 1] (any device), for training. On uint8 arrays in [0, 255], ``(F, H, W, 3)`` RGB
    with masks ``(F, H, W)``, True = hole, for evaluation; these return one figure per frame, NaN where a frame has
    nothing to measure.
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

from master_thesis.ops.pixels import look_up

logger = logging.getLogger(__name__)

MAX_PSNR = 100.0
"""What an exact copy is given, in dB, so that a mean can be taken."""
FIELD_SSIM_WINDOW = 65
"""Side of the uniform SSIM window in the tables of the video-inpainting field, in px."""
LPIPS_MIN_SIDE = 64
"""AlexNet sees nothing in smaller pictures."""

Lpips = Callable[[Tensor, Tensor], Tensor]


def psnr(predicted: Float[Tensor, "B 3 H W"], frames: Float[Tensor, "B 3 H W"]) -> Float[Tensor, ""]:
    """Mean PSNR of pictures in [0, 1], in dB, at most ``MAX_PSNR``."""
    # torchmetrics pools the squared error over what `dim` names, then takes the mean over the batch.
    figures = peak_signal_noise_ratio(predicted, frames, data_range=1.0, reduction="none", dim=(1, 2, 3))
    return figures.clamp(max=MAX_PSNR).mean()


def ssim(predicted: Float[Tensor, "B 3 H W"], frames: Float[Tensor, "B 3 H W"]) -> Float[Tensor, ""]:
    """Mean SSIM of pictures in [0, 1] (Gaussian window of 11, sigma 1.5; Wang et al., 2004)."""
    figure = structural_similarity_index_measure(predicted, frames, data_range=1.0)
    assert isinstance(figure, Tensor)
    return figure


def local_weights(url: str) -> Path | None:
    """Where torch hub keeps the weights that ``url`` names, if they are on this machine; never downloads."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
    return path if path.is_file() else None


@lru_cache(maxsize=1)
def try_lpips() -> Lpips | None:
    """LPIPS with AlexNet (Zhang et al., 2018), or None, said once in the log, where its weights are not at hand.

    Returns:
        A function of two batches ``(B, 3, H, W)`` in [0, 1], at least 64 px a side, that gives their mean distance.
    """
    from torchvision.models import AlexNet_Weights

    if local_weights(AlexNet_Weights.IMAGENET1K_V1.url) is None:
        logger.warning(
            "LPIPS is left out: the weights of AlexNet are not in %s/checkpoints; "
            "`python -c \"import torchvision; torchvision.models.alexnet(weights='IMAGENET1K_V1')\"` fetches them once",
            torch.hub.get_dir(),
        )
        return None
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    network = LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True).eval()

    @torch.no_grad()
    def lpips(predicted: Tensor, frames: Tensor) -> Tensor:
        network.to(predicted.device).reset()
        return network(predicted.float().clamp(0, 1), frames.float().clamp(0, 1))

    return lpips


def share_within(
    distance_px: Float[Tensor, "*size"], reach_px: float, where: Bool[Tensor, "*size"]
) -> Float[Tensor, ""]:
    """The share of end-point errors, in [0, 1], that are at most ``reach_px``, among the pixels ``where``."""
    return (distance_px[where] <= reach_px).float().mean()


def frame_psnr(filled: UInt8[np.ndarray, "F H W 3"], frames: UInt8[np.ndarray, "F H W 3"]) -> Float[np.ndarray, " F"]:
    """PSNR of whole frames, in dB, at most ``MAX_PSNR``."""
    return np.array([_psnr(a, b) for a, b in zip(filled, frames, strict=True)])


def frame_ssim(
    filled: UInt8[np.ndarray, "F H W 3"], frames: UInt8[np.ndarray, "F H W 3"], window_px: int = FIELD_SSIM_WINDOW
) -> Float[np.ndarray, " F"]:
    """SSIM of whole frames with a uniform window: what the field's tables call SSIM."""
    options = {"win_size": window_px, "data_range": 255, "channel_axis": -1}
    return np.array([structural_similarity(a, b, **options) for a, b in zip(filled, frames, strict=True)])


def hole_psnr(
    filled: UInt8[np.ndarray, "F H W 3"],
    frames: UInt8[np.ndarray, "F H W 3"],
    mask: Bool[np.ndarray, "F H W"],
) -> Float[np.ndarray, " F"]:
    """PSNR of the hole's pixels alone, in dB."""
    return _per_hole(lambda a, b, hole: _psnr(a[hole], b[hole]), filled, frames, mask)


def hole_ssim(
    filled: UInt8[np.ndarray, "F H W 3"],
    frames: UInt8[np.ndarray, "F H W 3"],
    mask: Bool[np.ndarray, "F H W"],
) -> Float[np.ndarray, " F"]:
    """SSIM (Gaussian, sigma 1.5) averaged over the pixels of the hole; its window looks at their surroundings."""
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
    """LPIPS of the box around the hole, widened to at least ``LPIPS_MIN_SIDE`` where the frame allows it."""

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
    """Temporal warping error (Lai et al., 2018): what changes along the motion, per step to the next frame.

    Convention:
        ``flows[t]`` leads from the pixels of frame t to their places in frame t + 1, in px, x first.

    Args:
        filled: the video to judge.
        flows: the true motion.
        where: the pixels of frame t that count: those seen in both frames, or of the hole among them.

    Returns:
        Mean squared difference of colours in [0, 1].
    """
    errors = np.full(len(flows), np.nan)
    for t, flow in enumerate(flows):
        if where[t].any():
            difference = (filled[t] / np.float32(255) - look_up(filled[t + 1] / np.float32(255), flow))[where[t]]
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
    """One figure per frame, NaN for frames without a hole."""
    rows = zip(filled, frames, mask, strict=True)
    return np.array([measure(a, b, hole) if hole.any() else np.nan for a, b, hole in rows])


def _box(hole: Bool[np.ndarray, "H W"]) -> tuple[slice, slice]:
    """Rows and columns around a hole, at least ``LPIPS_MIN_SIDE`` of each where the frame has as many."""
    sides = []
    for axis, size in enumerate(hole.shape):
        places = np.flatnonzero(hole.any(axis=1 - axis))
        first, last = int(places[0]), int(places[-1]) + 1
        missing = max(0, LPIPS_MIN_SIDE - (last - first))
        first = max(0, min(first - missing // 2, size - (last - first) - missing))
        sides.append(slice(first, min(size, max(last, first + LPIPS_MIN_SIDE))))
    return sides[0], sides[1]
