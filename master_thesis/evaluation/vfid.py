"""VFID: the distance between the features of filled videos and those of the true ones."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, UInt8

from master_thesis.models.i3d import I3D
from master_thesis.ops.image import to_float
from master_thesis.ops.precision import in_full_precision

MIN_VIDEOS = 2
"""Fewer have no covariance."""


@torch.no_grad()
@in_full_precision
def video_features(network: I3D, frames: UInt8[np.ndarray, "F H W 3"]) -> Float[np.ndarray, " C"]:
    """The features of one complete video."""
    video = to_float(torch.from_numpy(frames)).permute(3, 0, 1, 2)[None]
    return network(video)[0].double().numpy()


def frechet_distance(first: Float[np.ndarray, "N C"], second: Float[np.ndarray, "M C"]) -> float:
    """Fréchet distance between the normal distributions of two sets of features (Dowson and Landau, 1982).

    With centred features A and B over the roots of their counts less one, the covariances are AᵀA and BᵀB, and the
    trace of the root of their product is the sum of the singular values of ABᵀ: exact, and cheap for few videos, where
    the root of a singular C x C matrix is neither.

    >>> frechet_distance(np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]]))
    9.0
    """
    shift = first.mean(axis=0) - second.mean(axis=0)
    a, b = ((x - x.mean(axis=0)) / np.sqrt(len(x) - 1) for x in (first, second))
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return max(0.0, float(shift @ shift + np.square(a).sum() + np.square(b).sum() - 2 * root))


class FeatureExtractor:
    """Computes features of videos, those of the true frames once for consecutive tasks that share them."""

    def __init__(self, network: I3D) -> None:
        self.network = network
        self._frames: np.ndarray | None = None
        self._features: np.ndarray

    def of_truth(self, frames: UInt8[np.ndarray, "F H W 3"]) -> Float[np.ndarray, " C"]:
        """The features of true frames."""
        if self._frames is not frames:
            self._frames, self._features = frames, self.of_fill(frames)
        return self._features

    def of_fill(self, frames: UInt8[np.ndarray, "F H W 3"]) -> Float[np.ndarray, " C"]:
        """The features of composed frames."""
        return video_features(self.network, frames)
