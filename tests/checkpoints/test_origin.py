import hashlib

import torch

from master_thesis.checkpoints.loading import export_network, load_shipped
from master_thesis.checkpoints.origin import describe, identify, kind_of, origin_of
from master_thesis.checkpoints.typed import load_chn, load_dfpn
from master_thesis.configs.training import OptimConfig
from master_thesis.models.aligner import FrozenAligner
from master_thesis.models.classical.opencv import OpenCVAligner
from master_thesis.training.chn import CHNTraining
from tests.factories import CHN_SIZES, DFPN_SIZES, Copier, save_checkpoint, tiny_chn, tiny_dfpn


def test_an_exported_network_is_the_same_and_another_one_is_not(tmp_path):
    path = save_checkpoint(tmp_path / "a.ckpt", "dfpn", DFPN_SIZES, tiny_dfpn())
    export_network(path, tmp_path / "a.safetensors")
    trained, exported = (load_dfpn(tmp_path / name) for name in ("a.ckpt", "a.safetensors"))
    assert identify(trained) == identify(exported) == identify(FrozenAligner(trained))
    with torch.no_grad():
        next(p for p in exported.parameters() if p.ndim > 1)[0, 0] += 0.1
    assert identify(trained) != identify(exported)


def test_kinds_are_those_of_the_registry():
    networks = (tiny_dfpn(), tiny_chn(), load_shipped("dfpn"), OpenCVAligner(), Copier())
    assert [kind_of(network) for network in networks] == ["dfpn", "chn", "small_dfpn", "opencv", "Copier"]
    assert identify(OpenCVAligner()) == {"kind": "opencv"}


def test_a_loaded_network_is_described_by_its_file(tmp_path):
    path = save_checkpoint(tmp_path / "c.ckpt", "chn", CHN_SIZES, tiny_chn())
    described = describe(load_chn(path))
    assert (described["kind"], described["path"]) == ("chn", str(path))
    assert described["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert describe(tiny_chn()) == identify(tiny_chn()), "it comes from no file"


def test_a_checkpoint_of_chn_names_the_aligner_that_it_was_trained_on(tmp_path):
    module = CHNTraining(CHN_SIZES, OptimConfig(), tiny_dfpn())
    checkpoint = {"state_dict": module.state_dict()}
    module.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, tmp_path / "c.ckpt")
    export_network(tmp_path / "c.ckpt", tmp_path / "c.safetensors")
    for name in ("c.ckpt", "c.safetensors"):
        assert origin_of(load_chn(tmp_path / name)).aligner == identify(tiny_dfpn())


def test_loaded_networks_are_frozen_unless_they_are_to_be_trained_on(tmp_path):
    path = save_checkpoint(tmp_path / "a.ckpt", "dfpn", DFPN_SIZES, tiny_dfpn())
    frozen, trainable = load_dfpn(path), load_dfpn(path, trainable=True)
    assert not frozen.training
    assert not any(p.requires_grad for p in frozen.parameters())
    assert trainable.training
    wanted = {name for name, p in tiny_dfpn().named_parameters() if p.requires_grad}
    assert {name for name, p in trainable.named_parameters() if p.requires_grad} == wanted
    assert not any(name.startswith("vgg.") for name in wanted)
