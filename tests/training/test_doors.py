"""Lightning's own doors: what a researcher calls without this package's command."""

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.tuner import Tuner

from master_thesis.checkpoints.reading import read_checkpoint
from master_thesis.configs.training import CHNLossConfig, OptimConfig
from master_thesis.data.datamodule import DataModule
from master_thesis.training.chn import CHNTraining
from master_thesis.training.dfpn import DFPNTraining
from tests.factories import CHN_SIZES, DFPN_SIZES, StillAligner, make_clip

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

QUIET = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_model_summary": False}


def make_dfpn(lr=0.02):
    torch.manual_seed(0)
    return DFPNTraining(DFPN_SIZES, OptimConfig(lr=lr))


def make_chn():
    torch.manual_seed(0)
    return CHNTraining(CHN_SIZES, OptimConfig(lr=0.03), StillAligner(), loss=CHNLossConfig(perceptual_weight=0.2))


@pytest.fixture
def trainer(tmp_path):
    return pl.Trainer(max_steps=1, num_sanity_val_steps=0, default_root_dir=tmp_path, limit_val_batches=1, **QUIET)


@pytest.mark.parametrize(("make", "helpers"), [(make_dfpn, {}), (make_chn, {"aligner": StillAligner()})])
def test_a_module_is_loaded_from_its_checkpoint_alone(make, helpers, trainer, data_config, tmp_path):
    module = make()
    trainer.fit(module, datamodule=DataModule(data_config()))
    trainer.save_checkpoint(tmp_path / "x.ckpt")
    loaded = type(module).load_from_checkpoint(tmp_path / "x.ckpt", weights_only=True, **helpers)
    assert loaded.optim == OptimConfig(lr=module.lr, lr_scheduler_step_size=50, lr_scheduler_gamma=0.5)
    assert all(torch.equal(v, module.network.state_dict()[k]) for k, v in loaded.network.state_dict().items())
    assert loaded.hparams == module.hparams
    assert read_checkpoint(tmp_path / "x.ckpt")["hyper_parameters"] == dict(module.hparams), "plain values"
    assert getattr(loaded, "loss", None) == getattr(module, "loss", None)


@pytest.mark.parametrize("make", [make_dfpn, make_chn])
def test_validation_and_prediction_work_without_the_command(make, trainer, data_config):
    module = make()
    (figures,) = trainer.validate(module, datamodule=DataModule(data_config()), verbose=False)
    assert f"validation/{module.monitor}" in figures
    predicted = trainer.predict(module, datamodule=DataModule(data_config(batch_size=1)))
    assert len(predicted) == 8
    assert all({"aligned", "predicted"} & set(each) for each in predicted)


def test_forward_is_the_prediction_of_the_network():
    clip = make_clip(size=32)
    dfpn, chn = make_dfpn().eval(), make_chn().eval()
    target, refs = clip.split()
    assert torch.equal(dfpn(clip).grid, dfpn.network(target.masked, refs.masked).grid)
    assert torch.equal(chn(clip).composed, chn.predict_step(clip)["composed"])
    assert torch.equal(dfpn(clip).grid, dfpn.predict_step(clip)["grid"])


def test_a_learning_rate_is_found(tmp_path, data_config):
    module = make_dfpn()
    trainer = pl.Trainer(max_epochs=1, default_root_dir=tmp_path, num_sanity_val_steps=0, **QUIET)
    data = DataModule(data_config(train_max_iterations=8))
    found = Tuner(trainer).lr_find(module, datamodule=data, num_training=8, early_stop_threshold=None)
    assert len(found.results["lr"]) == 8
    assert module.lr == found.suggestion() or found.suggestion() is None
