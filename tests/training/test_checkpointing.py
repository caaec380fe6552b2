from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch

from master_thesis.errors import UserError
from master_thesis.training.checkpointing import BestCheckpoint, checkpoint_callbacks

MODULE = Mock(spec=pl.LightningModule)


@pytest.fixture
def resume(tmp_path):
    """Resumes a run whose best score was 0.5 in another folder; returns its callback and that folder."""

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
    assert "the best checkpoint so far (validation/psnr 0.5) is gone: best.ckpt starts again" in caplog.text
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
