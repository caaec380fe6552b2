"""VGG16's weights come from where the user says, and from nowhere else."""

import logging
from urllib.error import URLError

import pytest
import torch
from torchvision.models import VGG16_Weights

from master_thesis.checkpoints.reading import write_weights
from master_thesis.checkpoints.vgg import load_vgg_weights
from master_thesis.errors import UserError

FEATURES = {"features.0.weight": torch.ones(2, 2), "features.0.bias": torch.ones(2)}
CLASSIFIER = {"classifier.0.weight": torch.ones(1)}


def test_random_keeps_the_seeded_weights_and_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        assert load_vgg_weights("random") is None
    assert caplog.messages == ["--vgg_weights random: VGG16 has seeded random weights, not ImageNet's"]


@pytest.mark.parametrize("is_wrapped", [True, False])
def test_a_file_with_torchvisions_names_and_without_its_classifier(tmp_path, is_wrapped):
    path = tmp_path / "vgg16.pth"
    state = FEATURES | CLASSIFIER
    torch.save({"state_dict": state} if is_wrapped else state, path)
    assert load_vgg_weights(str(path)).keys() == FEATURES.keys()


def test_a_file_of_our_own_in_half_precision(tmp_path):
    write_weights(tmp_path / "vgg.safetensors", {"kind": "vgg", "sizes": {}}, FEATURES)
    assert load_vgg_weights(str(tmp_path / "vgg.safetensors")).keys() == FEATURES.keys()


@pytest.mark.parametrize("content", [CLASSIFIER, {"state_dict": 5}, {"features.0.weight": "no tensor"}])
def test_a_file_of_something_else(tmp_path, content):
    path = tmp_path / "other.pth"
    torch.save(content, path)
    with pytest.raises(UserError) as error:
        load_vgg_weights(str(path))
    assert str(error.value) == (
        f"--vgg_weights {path}: should hold torchvision's VGG16 (features.0.weight...), but does not"
    )


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(UserError, match=r"there should be a checkpoint at .*vgg\.pth, but there is no such file"):
        load_vgg_weights(str(tmp_path / "vgg.pth"))


def test_imagenet_is_torchvisions_download(monkeypatch):
    monkeypatch.setattr(VGG16_Weights, "get_state_dict", lambda self, **_: FEATURES | CLASSIFIER)
    assert load_vgg_weights("imagenet").keys() == FEATURES.keys()


@pytest.mark.parametrize("failure", [URLError("no route"), RuntimeError("invalid hash value"), TimeoutError("late")])
def test_offline_the_error_names_both_alternatives(monkeypatch, failure):
    def fail(self, **_):
        raise failure

    monkeypatch.setattr(VGG16_Weights, "get_state_dict", fail)
    with pytest.raises(UserError) as error:
        load_vgg_weights("imagenet")
    message = str(error.value)
    assert message.startswith("--vgg_weights imagenet: the download of vgg16-397923af.pth failed (")
    assert str(failure) in message
    assert "--vgg_weights FILE" in message
    assert "--vgg_weights random" in message
