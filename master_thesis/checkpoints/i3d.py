"""I3D's weights, from a file."""

from __future__ import annotations

from collections.abc import Sequence

from master_thesis.checkpoints.reading import named_tensors, read_checkpoint
from master_thesis.errors import UserError
from master_thesis.models.i3d import I3D

EXAMPLE = "Conv3d_1a_7x7.conv3d.weight"
"""A tensor that every file of these weights has."""


def load_i3d(path: str) -> I3D:
    """Loads I3D from the published file ``i3d_rgb_imagenet.pt``, or another one with the same names.

    Raises:
        UserError: the file does not hold I3D.
    """
    state = named_tensors(read_checkpoint(path))
    shape: Sequence[int] = state[EXAMPLE].shape if EXAMPLE in state else ()
    if shape[1:] != (3, 7, 7, 7) or shape[0] % 4:
        raise UserError(f"--i3d_weights {path}: should hold I3D under its published names ({EXAMPLE}...), but does not")
    network = I3D(width=shape[0])
    features = {f"layers.{name}": tensor for name, tensor in state.items() if not name.startswith("logits.")}
    try:
        network.load_state_dict(features)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"--i3d_weights {path}: should hold all of I3D and nothing else ({reason})") from None
    return network
