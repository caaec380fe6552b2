"""Cutie as a tracker, by the package of its authors.

Source: Cheng et al., "Putting the Object Back into Video Object Segmentation", CVPR 2024; weights and code as its
repository gives them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from master_thesis.checkpoints.reading import read_checkpoint
from master_thesis.errors import UserError, require
from master_thesis.masking.carrying import Carried, GetFrame, SoftMask, overlap
from master_thesis.masking.trackers import LoadedTracker

PIXELS = 480 * 864
"""Number of pixels of the frames that it sees."""
DEFAULT = "default"
"""Instead of a file: the weights that the package downloads; it needs a GPU for them."""
PROBE, SMALL_CHANNELS = "pix_feat_proj.weight", 256
"""A weight whose number of inputs tells the small network from the base one."""
FAILURES = (ImportError, OSError, RuntimeError, ValueError, AssertionError)
"""What the package raises without a GPU, a connection or the right file."""
OBJECT = 1


def load_cutie(weights: str) -> LoadedTracker:
    """Loads Cutie.

    Args:
        weights: a file of the repository, for the base or the small network, or ``default``.

    Raises:
        UserError: these are not its weights, or something that it needs is missing.
    """
    try:
        core = import_module("cutie.inference.inference_core").InferenceCore
        network = _default_network() if weights == DEFAULT else _network_of(Path(weights))
    except FAILURES as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        hint = ": it needs a GPU and a connection; a file like cutie-base-mega.pth does not" * (weights == DEFAULT)
        raise UserError(f"--tracker_weights {weights}: cannot be loaded ({reason}){hint}") from error
    return LoadedTracker(partial(CutieTracker, core, network), network, PIXELS)


def _default_network() -> Any:
    return import_module("cutie.utils.get_default_model").get_default_model()


def _network_of(path: Path) -> Any:
    """The network whose weights are in a file, on the processor."""
    weights = read_checkpoint(path)
    is_cutie = isinstance(weights.get(PROBE), torch.Tensor)
    require(is_cutie, f"--tracker_weights {path} should be those of Cutie, lacks {PROBE}")
    config = _config("small" if weights[PROBE].shape[1] == SMALL_CHANNELS else "base")
    network = import_module("cutie.model.cutie").CUTIE(config).eval()
    missing = sorted(set(network.state_dict()) - set(weights))
    require(not missing, f"--tracker_weights {path} should hold all of Cutie, lacks {', '.join(missing[:3])}")
    network.load_weights(weights)
    return network


def _config(kind: str) -> Any:
    """The options of the package for its evaluation, with a network of one of its sizes."""
    hydra, folder = import_module("hydra"), Path(import_module("cutie").__path__[0]).absolute() / "config"
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(folder)):
        config = hydra.compose(config_name="eval_config", overrides=[f"model={kind}"])
    import_module("cutie.inference.utils.args_utils").get_dataset_cfg(config)
    return config


class CutieTracker:
    """Carries masks by Cutie (contract: :class:`~master_thesis.masking.carrying.Tracker`).

    Args:
        core: the ``InferenceCore`` of the package.
        network: its network.
        frame_at: gives frames by number.
        size: their height and width.
    """

    def __init__(self, core: Any, network: Any, frame_at: GetFrame, size: tuple[int, int]) -> None:
        self.core, self.network, self.frame_at, self.size = core, network, frame_at, size
        self.device = next(network.parameters()).device

    def carry(self, keys: Mapping[int, SoftMask], route: Sequence[int]) -> Iterator[Carried]:
        """Carries the mask of the first frame of a route along it."""
        start, mask = route[0], keys[route[0]]
        is_visible = bool((mask > 0.5).any())
        others = {key: keys[key] for key in keys if key != start and (keys[key] > 0.5).any()}
        memory = self._remembering(others | {start: mask})
        for frame in route[1:]:
            mask, returned = self._find(memory, frame), 0.0
            if is_visible and (mask > 0.5).any():
                there = self._find(self._remembering({frame: mask}), start, end=True)
                returned = overlap(there, keys[start])
            yield Carried(frame, mask, returned)

    @torch.inference_mode()
    def _remembering(self, masks: Mapping[int, SoftMask]) -> Any:
        """A memory that keeps some frames with their masks for good; masks are carried on from the last one."""
        memory = self.core(self.network, cfg=self.network.cfg)
        for frame, mask in masks.items():
            memory.clear_sensory_memory()  # these frames do not follow one another
            known = torch.from_numpy(mask > 0.5).to(self.device, torch.long)
            memory.step(self._image(frame), known, objects=[OBJECT], force_permanent=True)
        return memory

    @torch.inference_mode()
    def _find(self, memory: Any, frame: int, end: bool = False) -> SoftMask:
        """The mask of the next frame; ``end``: no other will follow."""
        likely = memory.step(self._image(frame), end=end)  # of the background, and of the object
        found: SoftMask = likely[OBJECT].float().cpu().numpy()
        return found

    def _image(self, frame: int) -> torch.Tensor:
        pixels = torch.from_numpy(np.array(self.frame_at(frame))).to(self.device)
        return pixels.permute(2, 0, 1).float() / 255
