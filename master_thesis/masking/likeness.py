"""How unlike its surroundings a part of a frame looks, by the features of the network that carries masks.

They tell apart what has the same colours, and know what has several.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8

from master_thesis.masking.views import PIXELS, ViewFinder
from master_thesis.models.carrier import MaskCarrier

BESIDE = 6
"""Places up to so many features away overlap, and are not compared."""
NUM_CLOSEST = 3
"""Places of the surroundings whose distance counts."""


@torch.inference_mode()
def looks_apart(
    network: MaskCarrier, image: UInt8[np.ndarray, "H W 3"], inside: Bool[np.ndarray, "H W"]
) -> Float[np.ndarray, "h w"]:
    """How far the features of every place are from the closest ones of the surroundings, at the size of the features.

    Args:
        network: its features are compared.
        image: RGB.
        inside: what is not surroundings.
    """
    finder = ViewFinder(network, min(1.0, (PIXELS / inside.size) ** 0.5))
    key = finder.view(image, (slice(0, inside.shape[0]), slice(0, inside.shape[1]))).code.key[0]
    height, width = key.shape[1:]
    features = key.flatten(1).T.contiguous()
    around = cv2.resize(inside.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) == 0
    places = np.argwhere(np.ones((height, width), bool))
    steps = np.abs(places[:, None] - places[None, around.ravel()]).max(axis=2)
    distances = torch.cdist(features, features[torch.from_numpy(around.ravel())])
    distances[torch.from_numpy(steps <= BESIDE)] = torch.inf
    closest = distances.sort(dim=1).values[:, :NUM_CLOSEST].mean(dim=1).unflatten(0, (height, width)).numpy()
    is_known = np.isfinite(closest)
    return np.where(is_known, closest, np.median(closest[is_known]) if is_known.any() else 0).astype(np.float32)
