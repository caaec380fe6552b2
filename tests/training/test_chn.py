import logging

import pytest
import torch

from master_thesis import metrics
from master_thesis.configs.training import OptimConfig
from master_thesis.models.classical.opencv import OpenCVAligner
from master_thesis.models.vgg import VGG16
from master_thesis.records import Hallucination
from master_thesis.training.chn import CHNTraining, quality
from tests.factories import CHN_SIZES, make_clip, tiny_dfpn

SIZES = CHN_SIZES | {"width": 16, "growth": 8}


def make_training(aligner=None, vgg=None, **options):
    torch.manual_seed(0)
    return CHNTraining(SIZES, OptimConfig(), aligner or tiny_dfpn(), vgg, **options)


@pytest.mark.slow
def test_overfitting_one_clip_reduces_the_loss_to_a_third():
    clip = make_clip(num=1, num_frames=2, size=32)
    module = make_training(aligner=OpenCVAligner(), vgg=VGG16(width=4))
    optimiser = torch.optim.Adam(module.network.parameters(), lr=2e-3)
    start = module.losses(clip).total.item()
    for _ in range(200):
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
