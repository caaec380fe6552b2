from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from PIL import Image, ImageSequence
from pytorch_lightning.loggers import MLFlowLogger, WandbLogger

from master_thesis.configs.training import OptimConfig
from master_thesis.data.datamodule import DataModule
from master_thesis.training.chn import CHNTraining
from master_thesis.training.dfpn import DFPNTraining
from master_thesis.training.film import ValidationFilm
from master_thesis.training.loggers import log_film, make_loggers
from tests.factories import CHN_SIZES, DFPN_SIZES, StillAligner
from tests.run_folders import events

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

FILL = (124, 116, 104)


def test_a_film_of_filled_frames_is_logged_after_each_validation(tmp_path, data_config):
    module = CHNTraining(CHN_SIZES, OptimConfig(), StillAligner())
    trainer = pl.Trainer(
        max_epochs=1, limit_val_batches=1, limit_train_batches=1, logger=make_loggers("csv", tmp_path),
        callbacks=[ValidationFilm(5)], enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, accelerator="cpu",
    )  # fmt: skip
    trainer.fit(module, datamodule=DataModule(data_config()))
    (path,) = (tmp_path / "lightning_logs/version_0/pictures").rglob("*.gif")
    assert path.name == "film_0000001.gif", "none in the check before the training"
    with Image.open(path) as image:
        frames = np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)])
    assert frames.shape == (5, 32, 64, 3)


@torch.no_grad()
def test_the_film_shows_masked_frames_beside_filled_ones():
    module = CHNTraining(CHN_SIZES, OptimConfig(), StillAligner()).eval()
    frames = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    masks = np.zeros((3, 32, 32), bool)
    masks[:, 4:12, 6:20] = True
    film = ValidationFilm(3).draw(module, frames, masks)
    left, right = film[:, :, :32], film[:, :, 32:]
    assert (left[~masks] == frames[~masks]).all()
    assert (right[~masks] == frames[~masks]).all()
    assert (left[masks] == FILL).all()
    assert (right[masks] != FILL).any(axis=-1).mean() > 0.9


@torch.no_grad()
def test_the_film_of_dfpn_shows_what_it_copies_and_a_smooth_rest():
    module = DFPNTraining(DFPN_SIZES, OptimConfig()).eval()
    frames = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    masks = np.zeros((3, 32, 32), bool)
    masks[:, 4:12, 6:20] = True
    film = ValidationFilm(3).draw(module, frames, masks)
    left, right = film[:, :, :32], film[:, :, 32:]
    assert (right[~masks] == frames[~masks]).all()
    assert (left[masks] == FILL).all()
    assert (right[masks] != FILL).any(axis=-1).mean() > 0.9


def test_weights_and_biases_and_mlflow_receive_a_gif():
    """Their own packages are optional: a subclass stands in for each logger."""
    seen = []

    class Wandb(WandbLogger):
        def __init__(self):
            pass

        def log_video(self, key, videos, step, format):
            seen.append((key, videos[0].getvalue()[:6], step, format))

    class MLFlow(MLFlowLogger):
        run_id = "run"

        def __init__(self):
            pass

        @property
        def experiment(self):
            return SimpleNamespace(log_artifact=self.keep)

        def keep(self, run, path, folder):
            seen.append((run, Path(path).read_bytes()[:6], Path(path).name, folder))

    log_film([Wandb(), MLFlow()], "validation/film", np.zeros((2, 4, 6, 3), np.uint8), 7)
    assert seen == [
        ("validation/film", b"GIF89a", 7, ["gif"]), ("run", b"GIF89a", "film_0000007.gif", "validation")
    ]  # fmt: skip


def test_tensorboard_receives_a_gif(tmp_path):
    (logger,) = make_loggers("tensorboard", tmp_path)
    log_film([logger], "validation/film", np.zeros((2, 4, 6, 3), np.uint8), 7)
    logger.finalize("success")
    (found,) = events(tmp_path, 0).Images("validation/film")
    assert (found.step, found.width, found.height) == (7, 6, 4)
    assert found.encoded_image_string.startswith(b"GIF89a")
