"""Checkpoints in the formats of the reference implementation and of CPN's authors, with reproducible weights.

Names and shapes are written out, not taken from the networks of this package, because the tests compare the two.
Only the weights matter; the rest of a file must be ignored.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from tests.reference.by_name import weight

StateDict = dict[str, Tensor]
Shapes = dict[str, tuple[int, ...]]

RRDB_SCALE = 0.5
LAST_SCALE = 0.002
FC_SCALE = 0.02
FC_BIAS = (1, 0.1, 0.05, -0.1, 1, -0.08)


def _conv(name: str, wide_in: int, wide_out: int, kernel: int) -> Shapes:
    return {f"{name}.weight": (wide_out, wide_in, kernel, kernel), f"{name}.bias": (wide_out,)}


def _convs(prefix: str, layers: list[tuple[int, int, int, int]]) -> Shapes:
    """Shapes of numbered layers ``(number, channels in, channels out, kernel)``."""
    shapes: Shapes = {}
    for number, wide_in, wide_out, kernel in layers:
        shapes |= _conv(f"{prefix}.{number}", wide_in, wide_out, kernel)
    return shapes


def vgg_shapes(prefix: str) -> Shapes:
    """All five blocks of torchvision's VGG16, without the classifier."""
    wide = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    numbers = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    return _convs(f"{prefix}.features", [(n, wide[i], wide[i + 1], 3) for i, n in enumerate(numbers)])


def dfpn_shapes() -> Shapes:
    """DFPN's trained tensors."""
    refs = [(0, 1, 128, 3), (2, 128, 256, 3), (4, 256, 256, 3)]
    target = [(0, 256, 256, 3), (2, 256, 128, 3), (4, 128, 1, 3)]
    mixer_wide = [256, 256, 256, 16, 16, 16, 8, 8, 8, 4, 4, 4, 2, 2, 2]
    mixer_kernels = [5, 3, 3, 5, 3, 3, 5, 3, 3, 5, 3, 3, 5, 3]
    numbers = [*range(0, 24, 2), 23, 24]
    mixer = [(n, mixer_wide[i], mixer_wide[i + 1], mixer_kernels[i]) for i, n in enumerate(numbers)]
    kernels = [5, 3, 5, 5, 3, 3, 5, 3, 3, 5, 3, 3, 5, 3, 3, 5, 3, 5, 5, 3, 3]
    flow = [(2 * i, 10 if i == 0 else 128, 2 if i == 20 else 128, k) for i, k in enumerate(kernels)]
    return (
        _convs("corr.conv.conv_1", refs)
        | _convs("corr.conv.conv_2", target)
        | _convs("corr_mixer.mixer", mixer)
        | _convs("flow_64.nn", flow)
        | _convs("flow_256.nn", flow)
    )


def chn_shapes() -> Shapes:
    """CHN's trained tensors."""
    shapes = _convs("nn.conv_first", [(i, 9 if i == 0 else 64, 64, 3) for i in range(5)])
    for block in range(20):
        for rdb in (1, 2, 3):
            for i in range(5):
                name = f"nn.rrdb_trunk.{block}.rdb{rdb}.conv{i + 1}"
                shapes |= _conv(name, 64 + 32 * i, 64 if i == 4 else 32, 3)
    for name in ("trunk_conv", "upconv1", "upconv2", "hr_conv"):
        shapes |= _conv(f"nn.{name}", 64, 64, 3)
    return shapes | _conv("nn.conv_last", 64, 3, 3)


def cpn_shapes() -> Shapes:
    """The tensors of CPN's aligner, including those that its authors never use."""
    encoder = {
        "conv12": (4, 64, 5),
        "conv2": (64, 64, 3),
        "conv23": (64, 128, 3),
        "conv3": (128, 128, 3),
        "conv34": (128, 256, 3),
        "conv4a": (256, 256, 3),
        "conv4b": (256, 256, 3),
    }
    shapes: Shapes = {}
    for name, sizes in encoder.items():
        shapes |= _conv(f"A_Encoder.{name}.conv.0", *sizes)
    for name in ("conv45", "conv5a", "conv5b", "conv56", "conv6a", "conv6b"):
        shapes |= _conv(f"A_Regressor.{name}.conv.0", 512, 512, 3)
    return shapes | {"A_Regressor.fc.weight": (6, 512), "A_Regressor.fc.bias": (6,)}


def _useless(*prefixes: str) -> Iterator[tuple[str, Tensor]]:
    """Tensors that no network of this package needs."""
    for prefix in prefixes:
        yield f"{prefix}.weight", torch.full((2, 3), torch.nan)


def _imagenet() -> StateDict:
    return {"mean": torch.tensor([0.485, 0.456, 0.406]), "std": torch.tensor([0.229, 0.224, 0.225])}


def dfpn_state() -> StateDict:
    """A DFPN of the reference: VGG16 twice, with a stand-in for its classifier."""
    vgg = {name: weight(f"dev.{name}", shape) for name, shape in vgg_shapes("model_vgg").items()}
    own = {name: weight(f"dev.{name}", shape) for name, shape in dfpn_shapes().items()}
    again = {f"corr.{name}": tensor for name, tensor in vgg.items()}
    classifier = dict(_useless("model_vgg.classifier.0", "corr.model_vgg.classifier.0"))
    return _imagenet() | again | vgg | classifier | own


def chn_state(aligner: StateDict) -> StateDict:
    """A CHN of the reference, with the aligner that it was trained with."""
    state = {name: weight(f"dev.{name}", shape) for name, shape in chn_shapes().items()}
    for name in state:
        if name.startswith("nn.rrdb_trunk") and name.endswith("weight"):
            state[name] *= RRDB_SCALE
    state["nn.conv_last.weight"] *= LAST_SCALE
    helpers = dict(_useless("model_vgg.features.0", "model_lpips.lin0.model.1", "model_lpips.net.slice1.0"))
    return _imagenet() | state | helpers | {f"model_aligner.{name}": tensor for name, tensor in aligner.items()}


def cpn_state() -> StateDict:
    """CPN's ``weight.pth``: the aligner and the pasting network."""
    state = {name: weight(f"dev.cpn.{name}", shape) for name, shape in cpn_shapes().items()}
    state["A_Regressor.fc.weight"] *= FC_SCALE
    state["A_Regressor.fc.bias"] = torch.tensor(FC_BIAS)
    for part in ("A_Encoder", "A_Regressor"):
        state |= {f"{part}.{name}": tensor.view(1, 3, 1, 1) for name, tensor in _imagenet().items()}
    return {f"module.{name}": tensor for name, tensor in (state | dict(_useless("Encoder.conv12.conv.0"))).items()}
