import logging

import pytest
import pytorch_lightning as pl
import torch

from master_thesis import metrics
from master_thesis.checkpoints.reading import read_checkpoint
from master_thesis.configs.training import CHNLossConfig, OptimConfig
from master_thesis.data.datamodule import DataModule
from master_thesis.models.classical.blind import BlindAligner
from master_thesis.models.classical.opencv import OpenCVAligner
from master_thesis.models.vgg import VGG16
from master_thesis.records import Hallucination
from master_thesis.training.checkpointing import AverageWeights
from master_thesis.training.chn import CHNTraining, quality
from tests.factories import CHN_SIZES, make_clip, tiny_dfpn

QUIET = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_model_summary": False}
QUIET |= {"num_sanity_val_steps": 0, "limit_val_batches": 1, "enable_checkpointing": False}
SIZES = CHN_SIZES | {"width": 16, "growth": 8}


QUIETLY = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
"""Lightning's own warnings."""


@pytest.fixture
def trainer():
    return pl.Trainer(max_steps=1, **QUIET)


def make_training(aligner=None, vgg=None, **options):
    torch.manual_seed(0)
    return CHNTraining(SIZES, OptimConfig(), aligner or tiny_dfpn(), vgg, **options)


@pytest.mark.slow
def test_overfitting_one_clip_reduces_the_loss_to_a_third():
    clip = make_clip(num=1, num_frames=2, size=32)
    module = make_training(aligner=OpenCVAligner(), vgg=VGG16(width=4))
    optimiser = torch.optim.Adam(module.network.parameters(), lr=4e-3)
    start = module.losses(clip).total.item()
    for _ in range(130):
        optimiser.zero_grad()
        module.losses(clip).total.backward()
        optimiser.step()
    end = module.losses(clip).total.item()
    assert end < start / 3


def test_aligner_stays_frozen_and_in_eval_mode():
    module = make_training().train()
    module.losses(make_clip(num_frames=2, size=32)).total.backward()
    assert not module.aligner.aligner.training
    assert all(p.grad is None and not p.requires_grad for p in module.aligner.parameters())
    assert all(p.grad is not None for p in module.network.parameters())


@pytest.mark.parametrize("num_frames", [2, 3, 5])
def test_loss_is_finite_for_any_number_of_references(num_frames):
    losses = make_training(vgg=VGG16(width=2)).losses(make_clip(num_frames=num_frames, size=32))
    assert set(losses.parts) == {"known", "copyable", "hallucinated", "perceptual", "gradient"}
    assert torch.isfinite(losses.total)


def test_without_vgg_there_is_no_perceptual_loss():
    assert "perceptual" not in make_training(vgg=None).losses(make_clip(size=32)).parts


def test_quality_averages_the_composites_of_all_references():
    clip = make_clip(size=64)
    target, _ = clip.split()
    true = target.colours.unsqueeze(2).expand(-1, -1, 2, -1, -1)
    figures = quality(target.colours, Hallucination(torch.zeros_like(true), true))
    assert figures["psnr"] == metrics.MAX_PSNR
    assert figures["ssim"] == pytest.approx(1)
    worse = quality(target.colours, Hallucination(true, true * 0.9))
    assert worse["psnr"] == pytest.approx(float(metrics.psnr(target.colours * 0.9, target.colours)), rel=1e-4)


def test_lpips_is_skipped_without_its_weights_and_warns_once(monkeypatch, caplog, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    metrics.try_lpips.cache_clear()
    target, refs = make_clip(size=64).split()
    painted = Hallucination(refs.colours, refs.colours)
    with caplog.at_level(logging.WARNING):
        assert set(quality(target.colours, painted)) == {"psnr", "ssim"}
        quality(target.colours, painted)
    assert sum("LPIPS is left out" in record.getMessage() for record in caplog.records) == 1
    metrics.try_lpips.cache_clear()


def test_figure_has_a_row_of_four_images_per_clip_and_reference():
    figure = make_training().figures(make_clip(num=2, num_frames=3, size=32))
    assert figure.shape == (3, 18 + 4 * (32 + 2) + 2, 4 * (32 + 2) + 2)


def adversarial_training():
    torch.manual_seed(0)
    loss = CHNLossConfig(perceptual_weight=0.0, style_weight=1.0, adversarial_weight=0.5)
    return CHNTraining(
        {"width": 4, "num_blocks": 1}, OptimConfig(), BlindAligner(), VGG16(width=2), loss, "texture_chn"
    )


@QUIETLY
def test_one_optimiser_trains_painter_and_discriminator(trainer, data_config, tmp_path):
    module = adversarial_training()
    before = [{k: v.clone() for k, v in part.state_dict().items()} for part in (module.network, module.discriminator)]
    trainer.fit(module, datamodule=DataModule(data_config()))
    for part, old in zip((module.network, module.discriminator), before, strict=True):
        assert any(not torch.equal(v, old[k]) for k, v in part.state_dict().items())
    trainer.save_checkpoint(tmp_path / "x.ckpt")
    resumed = adversarial_training()
    torch.nn.init.zeros_(resumed.discriminator.judge.bias)
    pl.Trainer(max_steps=1, **QUIET).fit(resumed, datamodule=DataModule(data_config()), ckpt_path=tmp_path / "x.ckpt")
    assert torch.equal(resumed.discriminator.judge.bias, module.discriminator.judge.bias), "restored, not trained on"
    assert all(k.startswith("network.") for k in resumed.state_dict()), "the discriminator is no part of the network"


@QUIETLY
def test_the_average_of_the_weights_is_what_is_saved(data_config, tmp_path):
    steps = []

    class Record(pl.Callback):
        def on_train_batch_end(self, trainer, module, *args):
            steps.append(module.network.tail.bias.detach().clone())

    module = adversarial_training()
    quiet = QUIET | {"limit_val_batches": 0}
    trainer = pl.Trainer(max_steps=3, callbacks=[Record(), AverageWeights(decay=0.5)], **quiet)
    trainer.fit(module, datamodule=DataModule(data_config()))
    trainer.save_checkpoint(tmp_path / "x.ckpt")
    first, second, third = steps  # the average begins with the first step's weights
    saved = read_checkpoint(tmp_path / "x.ckpt")["state_dict"]["network.tail.bias"]
    torch.testing.assert_close(saved, (first / 2 + second / 2) / 2 + third / 2)
