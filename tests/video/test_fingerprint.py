"""The fingerprint changes with everything the filled pixels depend on, and with nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.configs.video import VideoConfig
from master_thesis.images.codec import write_png
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.video.fingerprint import fingerprint
from stress.videos import box_mask
from tests.factories import Copier, StillAligner, tiny_chn


@pytest.fixture
def config(tmp_path: Path) -> VideoConfig:
    (tmp_path / "clip.mp4").touch()
    write_png(tmp_path / "mask.png", box_mask())
    return VideoConfig(video=str(tmp_path / "clip.mp4"), mask=str(tmp_path / "mask.png"))


def inpainter(hallucinator=None, **options) -> Inpainter:
    return Inpainter(StillAligner(), hallucinator or Copier(), InpaintOptions(**options))


def test_options_of_the_algorithm_are_recorded_with_their_types(config: VideoConfig) -> None:
    made_from = json.loads(json.dumps(fingerprint(config, inpainter(tolerance=2.0, skip_idle=True), None)))
    assert made_from["algorithm"] == "ip"
    assert made_from["algorithm_options"] == {
        "spacing": 1,
        "max_distance": 20,
        "tolerance": 2.0,
        "sweeps": 20,
        "skip_idle": True,
        "pair_batch": None,
        "exhaustive": False,
    }
    assert made_from["test_size"] == "native"
    assert fingerprint(config, inpainter(), (32, 48))["test_size"] == [32, 48]
    assert fingerprint(config, inpainter(), "auto")["test_size"] == "auto"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_precision_of_the_networks_is_recorded(config: VideoConfig, dtype: torch.dtype) -> None:
    assert fingerprint(config, inpainter(), None)["precision"] == "float32"
    with torch.autocast("cpu", dtype):
        assert f"torch.{fingerprint(config, inpainter(), None)['precision']}" == str(dtype)


def test_what_changes_the_filled_pixels_changes_the_fingerprint(config: VideoConfig) -> None:
    network, other = tiny_chn(), tiny_chn()
    other.eval().requires_grad_(False)
    next(other.parameters()).zero_()
    base = fingerprint(config, inpainter(network), (240, 480))
    assert base == fingerprint(config, inpainter(tiny_chn()), (240, 480))
    assert base != fingerprint(replace(config, mask_dilation=1), inpainter(network), (240, 480))
    assert base != fingerprint(config, inpainter(network, algorithm="ff"), (240, 480))
    assert base != fingerprint(config, inpainter(network), (120, 240))
    assert base != fingerprint(config, inpainter(other), (240, 480))
    Path(config.mask).write_bytes(b"changed")
    assert base != fingerprint(config, inpainter(network), (240, 480))


def test_how_the_result_is_written_does_not_matter(config: VideoConfig) -> None:
    written = replace(config, output="a.mkv", overwrite=True, overlay=True, report=True, lossless=True, feather=2)
    assert fingerprint(config, inpainter(), None) == fingerprint(written, inpainter(), None)


def test_the_precision_is_recorded(config: VideoConfig) -> None:
    assert fingerprint(config, inpainter(), None)["precision"] == "float32"
    with torch.autocast("cpu", torch.bfloat16):
        assert fingerprint(config, inpainter(), None)["precision"] == "bfloat16"
