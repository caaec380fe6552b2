"""Writes a package that is called as Cutie is, around a tiny network with random weights."""

from pathlib import Path

FILES = {
    "hydra/__init__.py": """
import contextlib
import json
import types
from pathlib import Path

place = []


@contextlib.contextmanager
def initialize_config_dir(version_base, config_dir):
    assert Path(config_dir).is_absolute()
    place.append(Path(config_dir))
    yield
    place.pop()


def compose(config_name, overrides):
    (kind,) = overrides
    model = json.loads((place[0] / f"{kind.replace('=', '/')}.json").read_text())
    return types.SimpleNamespace(name=config_name, mem_every=None, model=types.SimpleNamespace(**model))
""",
    "cutie/config/model/small.json": '{"channels": 256}',
    "cutie/config/model/base.json": '{"channels": 1024}',
    "cutie/inference/utils/args_utils.py": """
def get_dataset_cfg(cfg):
    assert cfg.name == "eval_config"
    cfg.mem_every = 5
""",
    "cutie/utils/get_default_model.py": """
def get_default_model():
    raise AssertionError("Torch not compiled with CUDA enabled")
""",
    "cutie/model/cutie.py": """
import torch


class CUTIE(torch.nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.pixel_encoder = torch.nn.Conv2d(3, cfg.model.channels, 4, stride=4)
        self.pix_feat_proj = torch.nn.Conv2d(cfg.model.channels, 8, 1)

    def encode_image(self, image):
        return self.pix_feat_proj(torch.tanh(self.pixel_encoder(image[None])))[0].flatten(1)

    def load_weights(self, src_dict):
        self.load_state_dict(src_dict, strict=False)
""",
    "cutie/inference/inference_core.py": """
import torch
import torch.nn.functional as F


class InferenceCore:
    def __init__(self, network, cfg, *, image_feature_store=None):
        assert cfg.mem_every == 5
        self.network, self.permanent, self.recent = network, [], []

    def clear_sensory_memory(self):
        self.recent = []

    def step(self, image, mask=None, objects=None, *, idx_mask=True, end=False, force_permanent=False):
        assert image.shape[0] == 3 and image.dtype == torch.float32 and image.max() <= 1
        assert not torch.is_grad_enabled()
        size, code = image.shape[1:], self.network.encode_image(image)
        small = [side // 4 for side in size]
        if mask is not None:
            assert objects == [1] and mask.shape == size and not mask.is_floating_point()
            found = (mask == 1).float()[None]
        else:
            codes, masks = (torch.cat(each, -1) for each in zip(*self.permanent, *self.recent))
            looked = masks @ torch.softmax(-9 * torch.cdist(codes.T, code.T), dim=0)
            found = F.interpolate(looked.view(1, 1, *small), size, mode="bilinear")[0]
        memory = code, F.adaptive_avg_pool2d(found, small).flatten(1)
        if force_permanent:
            self.permanent.append(memory)
        elif not end:
            self.recent = [*self.recent, memory][-2:]
        return torch.cat([1 - found, found])

    def output_prob_to_mask(self, output_prob):
        return output_prob.argmax(dim=0)
""",
}


def write_package(folder: Path) -> None:
    """Writes the package, and what it needs, into a folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
