"""I3D as its publication and TensorFlow's rule for padding describe it: one layer after another, by published names."""

import math

import torch
import torch.nn.functional as F

POOLS = {"3c": ((3, 3, 3), 2), "4f": ((2, 2, 2), 2)}
"""What follows a module: kernel and stride."""


def random_weights(network, seed=0):
    """The published form of an I3D's tensors, with statistics as after a training, and with a classifier."""
    generator = torch.Generator().manual_seed(seed)
    state = {name.removeprefix("layers."): tensor.clone() for name, tensor in network.state_dict().items()}
    for name, tensor in state.items():
        if "num_batches" not in name:
            noise = torch.rand(tensor.shape, generator=generator)
            state[name] = noise - 0.5 if "conv3d" in name else noise + 0.5
    return state | {"logits.conv3d.weight": torch.zeros(5, network.num_features, 1, 1, 1)}


def same(x, kernel, strides, fill=0.0):
    """Pads so that ceil(size / stride) outputs result."""
    pads = []
    for size, k, s in zip(reversed(x.shape[2:]), reversed(kernel), reversed(strides), strict=True):
        missing = max((math.ceil(size / s) - 1) * s + k - size, 0)
        pads += [missing // 2, missing - missing // 2]
    return F.pad(x, pads, value=fill)


def pool(x, kernel, strides):
    return F.max_pool3d(same(x, kernel, strides, -math.inf), kernel, strides)


def conv(state, name, x, stride=1):
    weight, norm = state[f"{name}.conv3d.weight"], f"{name}.bn."
    y = F.conv3d(same(x, weight.shape[2:], (stride,) * 3), weight, stride=stride)
    mean, var = (state[norm + key].view(-1, 1, 1, 1) for key in ("running_mean", "running_var"))
    gain, bias = (state[norm + key].view(-1, 1, 1, 1) for key in ("weight", "bias"))
    return torch.relu((y - mean) / torch.sqrt(var + 0.001) * gain + bias)


def features(state, video):
    """The mean over frames and pixels of the output of Mixed_5c."""
    x = pool(conv(state, "Conv3d_1a_7x7", video, 2), (1, 3, 3), (1, 2, 2))
    x = conv(state, "Conv3d_2c_3x3", conv(state, "Conv3d_2b_1x1", x))
    x = pool(x, (1, 3, 3), (1, 2, 2))
    for name in ("3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c"):
        m = f"Mixed_{name}."
        x = torch.cat([
            conv(state, m + "b0", x),
            conv(state, m + "b1b", conv(state, m + "b1a", x)),
            conv(state, m + "b2b", conv(state, m + "b2a", x)),
            conv(state, m + "b3b", pool(x, (3, 3, 3), (1, 1, 1))),
        ], dim=1)  # fmt: skip
        if name in POOLS:
            kernel, stride = POOLS[name]
            x = pool(x, kernel, (stride,) * 3)
    return x.mean(dim=(2, 3, 4))
