"""Weights of VGG16: downloaded, from a file, or random."""

from __future__ import annotations

import logging
from pathlib import Path

from master_thesis.checkpoints.reading import OWN_PREFIX, StateDict, named_tensors, read_checkpoint
from master_thesis.errors import UserError

log = logging.getLogger(__name__)

IMAGENET, RANDOM = "imagenet", "random"
"""Values of ``--vgg_weights`` that are no files."""


def load_vgg_weights(source: str) -> StateDict | None:
    """VGG16's convolution weights under torchvision's names (``features.0.weight`` ...).

    Args:
        source: ``imagenet`` (torchvision's download, cached), ``random`` (returns None: a new network keeps its seeded
            weights), or the path of a file with torchvision's names, or of one that :func:`write_weights` wrote.

    Raises:
        UserError: the download fails, or the file does not hold VGG16.
    """
    if source == RANDOM:
        log.warning("--vgg_weights random: VGG16 has seeded random weights, not ImageNet's")
        return None
    state = _download() if source == IMAGENET else named_tensors(read_checkpoint(source))
    names = {k: k.removeprefix(OWN_PREFIX) for k in state}
    features = {name: state[k] for k, name in names.items() if name.startswith("features.")}
    if not features:
        raise UserError(f"--vgg_weights {source}: should hold torchvision's VGG16 (features.0.weight...), but does not")
    return features


def _download() -> StateDict:
    from torchvision.models import VGG16_Weights  # imports half of torch besides, which removals do without

    weights = VGG16_Weights.IMAGENET1K_V1
    try:
        return dict(weights.get_state_dict(progress=True, check_hash=True))
    except (OSError, RuntimeError) as error:
        name = Path(weights.url).name
        raise UserError(
            f"--vgg_weights imagenet: the download of {name} failed ({error}); give --vgg_weights FILE (the same file "
            "from elsewhere), or --vgg_weights random to continue without trained features"
        ) from None
