import os

import pytest
import torch

from master_thesis.errors import UserError
from master_thesis.training.resume_point import newest_checkpoint, resumable

STATE = {"loops": {}, "optimizer_states": [], "lr_schedulers": [], "state_dict": {}}


def save(path, age, kind="dfpn", **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(STATE | {"network": {"kind": kind, "sizes": {"size": age}}} | changes, path)
    os.utime(path, (1000 - age, 1000 - age))
    return path


def test_newest_complete_checkpoint_of_the_kind_is_found(tmp_path):
    old = save(tmp_path / "version_0" / "checkpoints" / "last.ckpt", age=9)
    wanted = save(tmp_path / "version_1" / "checkpoints" / "last.ckpt", age=5)
    save(tmp_path / "version_2" / "checkpoints" / "last.ckpt", age=2, kind="chn")
    broken = save(tmp_path / "version_3" / "checkpoints" / "last.ckpt", age=1)
    broken.write_bytes(broken.read_bytes()[:100])
    assert newest_checkpoint(tmp_path, "dfpn").path == wanted
    wanted.unlink()
    assert newest_checkpoint(tmp_path, "dfpn").path == old


def test_missing_checkpoint_names_the_folder(tmp_path):
    with pytest.raises(UserError, match="there is no complete checkpoint of a training of CHN below"):
        newest_checkpoint(tmp_path, "chn")


def test_resume_point_names_the_network(tmp_path):
    assert resumable(save(tmp_path / "x.ckpt", age=3), "dfpn").entry == {"kind": "dfpn", "sizes": {"size": 3}}


def test_weights_alone_cannot_be_resumed(tmp_path):
    path = tmp_path / "x.ckpt"
    torch.save({"state_dict": {}, "network": {"kind": "dfpn", "sizes": {}}}, path)
    with pytest.raises(UserError, match=r"x\.ckpt holds weights alone, without a state to resume the training from"):
        resumable(path, "dfpn")


def test_another_network_cannot_be_resumed(tmp_path):
    with pytest.raises(UserError, match="should hold a training of CHN, but it holds DFPN"):
        resumable(save(tmp_path / "x.ckpt", age=3), "chn")


def test_resume_point_names_the_options_of_the_optimiser(tmp_path):
    states = {"lr_schedulers": [{"step_size": 3, "gamma": 0.7, "base_lrs": [0.01], "last_epoch": 4}]}
    wanted = {"lr_scheduler_step_size": 3, "lr_scheduler_gamma": 0.7, "lr": 0.01}
    assert resumable(save(tmp_path / "x.ckpt", age=3, **states), "dfpn").optim == wanted
    assert resumable(save(tmp_path / "y.ckpt", age=3), "dfpn").optim == {}
