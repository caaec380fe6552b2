"""Cutie carries masks: a stand-in of its package with a tiny random network, loaded and called as its users do."""

import sys

import numpy as np
import pytest
import torch

from master_thesis.errors import UserError
from master_thesis.masking.carrying import Tracker
from master_thesis.masking.spans import carry_span, plan_spans
from master_thesis.masking.trackers import load_tracker
from tests.masking.stand_in_cutie import write_package

SIZE = (48, 64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    write_package(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
        for name in [name for name in sys.modules if name.partition(".")[0] in ("cutie", "hydra")]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def weights(folder):
    """A file of weights, as the repository gives them."""
    from cutie.model.cutie import CUTIE
    from hydra import compose, initialize_config_dir

    torch.manual_seed(0)
    with initialize_config_dir(version_base="1.3", config_dir=str(folder / "cutie/config")):
        network = CUTIE(compose("eval_config", ["model=small"]))
    for values in network.parameters():
        torch.nn.init.normal_(values, std=0.3)
    torch.save(network.state_dict(), folder / "cutie-small-mega.pth")
    return folder / "cutie-small-mega.pth"


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    return [np.roll(noise, 4 * t, axis=1) for t in range(8)]


@pytest.fixture(scope="module")
def make(weights, frames):
    loaded = load_tracker("cutie", str(weights))
    assert loaded.network.cfg.model.channels == 256
    return lambda: loaded.make(frames.__getitem__, SIZE)


def square():
    mask = np.zeros(SIZE, np.float32)
    mask[8:32, 16:40] = 0.9
    return mask


def published(network, frames, first, mask, others):
    """Masks by the loop that the repository shows: those of other frames, from the mask of one."""
    from cutie.inference.inference_core import InferenceCore

    images = [torch.from_numpy(frame.transpose(2, 0, 1) / np.float32(255)) for frame in frames]
    core = InferenceCore(network, cfg=network.cfg)
    with torch.inference_mode():
        core.step(images[first], torch.from_numpy(mask.astype(np.int64)), objects=[1], force_permanent=True)
        likely = [core.step(images[t]) for t in others]
    return [(each[1].numpy(), core.output_prob_to_mask(each).numpy() == 1) for each in likely]


@pytest.mark.parametrize("route", [range(8), range(7, -1, -1)])
def test_masks_are_those_of_the_package(make, frames, route):
    tracker, start = make(), route[0]
    carried = list(tracker.carry({start: square()}, route))
    assert [each.frame for each in carried] == list(route)[1:]
    expected = published(tracker.network, frames, start, square() > 0.5, route[1:])
    for each, (likely, mask) in zip(carried, expected, strict=True):
        np.testing.assert_allclose(each.mask, likely, atol=1e-5)
        assert ((each.mask > 0.5) == mask).mean() > 0.999
        ((_, there),) = published(tracker.network, frames, each.frame, each.mask > 0.5, [start])
        assert each.returned == pytest.approx((there & (square() > 0.5)).sum() / (there | (square() > 0.5)).sum())
    assert any(0.2 < each.returned < 1 for each in carried), "some masks are found again"


def test_all_key_frames_are_remembered(make):
    alone = list(make().carry({0: square()}, range(4)))
    other = np.zeros(SIZE, np.float32)
    other[0:16, 40:64] = 1
    both = list(make().carry({0: square(), 6: other}, range(4)))
    assert any(np.abs(a.mask - b.mask).max() > 0.05 for a, b in zip(alone, both, strict=True))
    empty = list(make().carry({0: square(), 6: 0 * other}, range(4)))
    assert all((a.mask == b.mask).all() for a, b in zip(alone, empty, strict=True))


def test_it_fits_where_the_built_in_tracker_does(make):
    tracker = make()
    assert isinstance(tracker, Tracker)
    keys = {0: square(), 4: square()}
    masks = [each for span in plan_spans(8, [], sorted(keys)) for each in carry_span(tracker, keys, span)]
    assert [each.frame for each in masks] == [1, 2, 3, 5, 6, 7]
    assert all(each.mask.shape == SIZE and 0 <= each.confidence <= 1 for each in masks)


def test_an_empty_key_frame_is_returned_by_nothing(make):
    carried = list(make().carry({0: np.zeros(SIZE, np.float32)}, range(3)))
    assert [each.returned for each in carried] == [0, 0]


def test_weights_that_are_not_cutie_are_refused(weights, tmp_path):
    with pytest.raises(UserError, match=r"there should be a checkpoint at .*none.pth, but there is no such file"):
        load_tracker("cutie", str(tmp_path / "none.pth"))
    torch.save({"a": torch.ones(2)}, tmp_path / "other.pth")
    with pytest.raises(UserError, match=r"should be those of Cutie, lacks pix_feat_proj\.weight"):
        load_tracker("cutie", str(tmp_path / "other.pth"))
    state = torch.load(weights, weights_only=True)
    torch.save({name: value for name, value in state.items() if "encoder" not in name}, tmp_path / "part.pth")
    with pytest.raises(UserError, match=r"should hold all of Cutie, lacks pixel_encoder\.bias, pixel_encoder\.weight"):
        load_tracker("cutie", str(tmp_path / "part.pth"))
    state["pixel_encoder.weight"] = torch.ones(2)
    torch.save(state, tmp_path / "torn.pth")
    with pytest.raises(UserError, match=r"torn\.pth: cannot be loaded \(Error\(s\) in loading"):
        load_tracker("cutie", str(tmp_path / "torn.pth"))


def test_the_default_model_needs_a_gpu(folder):
    message = r"default: cannot be loaded \(Torch not compiled with CUDA enabled\): it needs a GPU and a connection"
    with pytest.raises(UserError, match=message):
        load_tracker("cutie", "default")


def test_the_default_model_is_taken_as_it_is(folder, weights, make, monkeypatch):
    from cutie.utils import get_default_model

    monkeypatch.setattr(get_default_model, "get_default_model", lambda: make().network)
    assert load_tracker("cutie", "default").network is make().network


def test_a_package_of_the_same_name_is_told_apart(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "cutie"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "cutie.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=r"--tracker cutie needs the package of github.com/hkchengrex/Cutie"):
        load_tracker("cutie", "weights.pth")
