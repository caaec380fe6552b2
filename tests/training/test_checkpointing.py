import os
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch

from master_thesis.errors import UserError
from master_thesis.training.checkpointing import BestCheckpoint, checkpoint_callbacks, newest_checkpoint, resumable

STATE = {"loops": {}, "optimizer_states": [], "lr_schedulers": [], "state_dict": {}}

MODULE = Mock(spec=pl.LightningModule)


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


@pytest.fixture
def resume(tmp_path):
    """Starts a run, of which 0.5 was the best, anew in another folder; returns what it knows, and its folder."""

    def start(score=0.5, best="old/best.ckpt", monitor="validation/psnr"):
        old, new = BestCheckpoint(monitor), BestCheckpoint(monitor)
        old.dirpath, new.dirpath = str(tmp_path / "old"), str(tmp_path / "new")
        old._adopt(str(tmp_path / best), torch.tensor(score))
        new.load_state_dict(old.state_dict())
        trainer = Mock(spec=pl.Trainer, ckpt_path=tmp_path / "old" / "last.ckpt", is_global_zero=True)
        new.on_train_start(trainer, MODULE)
        return new

    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "best.ckpt").write_bytes(b"the best")
    return start


@pytest.mark.parametrize("best", ["old/best.ckpt", "moved/best.ckpt"])
def test_a_resumed_run_goes_on_with_the_best_of_the_former_one(resume, tmp_path, best):
    new = resume(best=best)
    assert (tmp_path / "new" / "best.ckpt").read_bytes() == b"the best"
    state = new.state_dict()
    assert (state["best_model_path"], state["best_model_score"]) == (str(tmp_path / "new" / "best.ckpt"), 0.5)
    judge = Mock(strategy=Mock(reduce_boolean_decision=bool))
    assert [new.check_monitor_top_k(judge, torch.tensor(x)) for x in (0.4, 0.6)] == [False, True]


def test_a_best_checkpoint_that_is_gone_is_reported(resume, tmp_path, caplog):
    (tmp_path / "old" / "best.ckpt").unlink()
    new = resume()
    assert "the best checkpoint so far (validation/psnr 0.5) is gone: best.ckpt begins anew" in caplog.text
    assert new.best_model_score is None


@pytest.mark.parametrize(("name", "mode"), [("total", "min"), ("epe_px", "min"), ("psnr", "max"), ("lpips", "min")])
def test_the_best_is_the_smallest_loss_or_the_largest_similarity(name, mode):
    assert BestCheckpoint(f"validation/{name}").mode == mode


def test_a_figure_that_nobody_logs_is_refused_before_the_first_epoch():
    trainer = Mock(spec=pl.Trainer, callback_metrics={"validation/total": 1, "validation/psnr": 2, "lr": 3})
    BestCheckpoint("validation/psnr").on_sanity_check_end(trainer, MODULE)
    with pytest.raises(
        UserError, match=r"--monitor should be among validation/psnr validation/total, got validation/x"
    ):
        BestCheckpoint("validation/x").on_sanity_check_end(trainer, MODULE)


def test_callbacks_have_distinct_keys_in_a_checkpoint():
    keys = [callback.state_key for callback in checkpoint_callbacks(5, "validation/total")]
    assert len(set(keys)) == len(keys)
