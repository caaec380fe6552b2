import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from master_thesis.cli.parsing import parse_command
from master_thesis.training.early_stopping import make_early_stopping

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


class Scripted(pl.LightningModule):
    """Logs one value of a list per validation, and trains nothing."""

    def __init__(self, name, values):
        super().__init__()
        self.name, self.values, self.weight = name, iter(values), torch.nn.Parameter(torch.ones(1))

    def training_step(self, batch, _):
        return self.weight.sum()

    def validation_step(self, batch, _):
        self.log(self.name, torch.tensor(next(self.values)))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.parametrize(
    ("name", "values", "epochs"),
    [
        ("validation/psnr", [20.0, 21.0, 20.5, 20.9, 30.0, 30.0], 4),
        ("validation/total", [3.0, 2.0, 2.5, 1.0, 1.5, 1.5], 6),
    ],
)
def test_a_training_ends_after_that_many_validations_without_a_better_figure(tmp_path, name, values, epochs):
    trainer = pl.Trainer(
        max_epochs=6, callbacks=[make_early_stopping(name, 2)], accelerator="cpu", logger=False, num_sanity_val_steps=0,
        enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False, default_root_dir=tmp_path,
    )  # fmt: skip
    data = DataLoader(torch.zeros(1, 1))
    trainer.fit(Scripted(name, values), data, data)
    assert trainer.current_epoch == epochs


def test_the_command_asks_for_it_and_for_films():
    chn = parse_command(["train", "chn", "--chn_aligner", "opencv", "--early_stopping", "7", "--validation_film", "4"])
    stopping, film = chn.callbacks("validation/ssim")
    assert (stopping.monitor, stopping.patience, stopping.mode, film.num_frames) == ("validation/ssim", 7, "max", 4)
    assert parse_command(["train", "dfpn"]).callbacks("validation/epe_px") == []
