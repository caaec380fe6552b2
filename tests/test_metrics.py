"""Compares the metrics with other libraries and with figures worked out by hand."""

import logging
import math

import numpy as np
import pytest
import torch
import torchvision
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch.nn.functional import conv2d

from master_thesis import metrics
from tests.factories import smooth_pictures

SIZE = (80, 96)


@pytest.fixture
def videos():
    """Two true frames and noisy copies, the second one much noisier, uint8."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, *SIZE, 3), dtype=np.uint8)
    noise = rng.integers(-20, 21, frames.shape) * np.array([1, 4])[:, None, None, None]
    return frames, np.clip(frames + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def mask():
    holes = np.zeros((2, *SIZE), bool)
    holes[0, 20:50, 30:60] = True
    return holes


def as_tensor(frames):
    return torch.from_numpy(frames).permute(0, 3, 1, 2) / 255


def test_psnr_of_tensors_agrees_with_scikit_image(videos):
    frames, noisy = videos
    expected = np.mean([peak_signal_noise_ratio(b, a, data_range=255) for a, b in zip(noisy, frames, strict=True)])
    assert metrics.psnr(as_tensor(noisy), as_tensor(frames)) == pytest.approx(expected, abs=1e-3)


def test_ssim_of_tensors_agrees_with_scikit_image(videos):
    frames, noisy = videos
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": -1}
    # Scikit-image leaves out a border of half a window; torchmetrics mirrors the image there.
    pairs = [[np.pad(p, ((5, 5), (5, 5), (0, 0)), "reflect") for p in pair] for pair in zip(noisy, frames, strict=True)]
    expected = np.mean([structural_similarity(*pair, data_range=255, **options) for pair in pairs])
    assert metrics.ssim(as_tensor(noisy), as_tensor(frames)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("measure", [metrics.psnr, metrics.ssim])
def test_figures_do_not_depend_on_the_precision_of_networks(measure):
    frames = smooth_pictures(2, 64)  # in noise, structure is so large that rounding does not show
    noisy = (frames + 0.05 * torch.randn(frames.shape)).clamp(0, 1)
    expected = measure(noisy, frames)
    with torch.autocast("cpu", torch.bfloat16):
        assert measure(noisy, frames) == expected
        assert metrics.ssim(frames, frames) == pytest.approx(1, abs=1e-6)
    assert measure(noisy.double(), frames.double()).dtype == torch.float64
    assert measure(noisy.bfloat16(), frames).dtype == torch.float32


def test_lpips_is_computed_in_single_precision(monkeypatch):
    """With the distance of colours in place of the network, whose weights are a download."""
    seen = []

    class Network(torch.nn.Module):
        def reset(self):
            pass

        def forward(self, a, b):
            seen.append((a @ b.transpose(-1, -2)).dtype)
            return (a - b).abs().mean()

    monkeypatch.setattr(metrics, "local_weights", lambda url: "here")
    monkeypatch.setattr("torchmetrics.image.lpip.LearnedPerceptualImagePatchSimilarity", lambda **_: Network())
    metrics.try_lpips.cache_clear()
    with torch.autocast("cpu", torch.bfloat16):
        metrics.try_lpips()(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64))
    metrics.try_lpips.cache_clear()
    assert seen == [torch.float32]


def test_exact_copies_have_the_maximal_psnr_and_ssim(videos):
    frames, _ = videos
    assert metrics.psnr(as_tensor(frames), as_tensor(frames)) == metrics.MAX_PSNR
    assert metrics.ssim(as_tensor(frames), as_tensor(frames)) == pytest.approx(1.0)
    assert (metrics.frame_psnr(frames, frames) == metrics.MAX_PSNR).all()
    assert metrics.frame_ssim(frames, frames) == pytest.approx([1.0, 1.0])


def test_frame_psnr_by_hand():
    frames = np.full((1, 8, 8, 3), 100, np.uint8)
    assert metrics.frame_psnr(frames + np.uint8(10), frames)[0] == pytest.approx(10 * math.log10(255**2 / 100))


def test_frame_ssim_is_that_of_a_uniform_window_of_65(videos):
    frames, noisy = videos
    kernel = torch.full((65, 65), 1 / 65**2, dtype=torch.float64)
    expected = ssim_map(noisy, frames, kernel, unbiased=65**2 / (65**2 - 1)).mean(axis=(1, 2))
    assert metrics.frame_ssim(noisy, frames) == pytest.approx(expected, abs=1e-6)


def ssim_map(first, second, kernel, unbiased=1.0):
    """SSIM inside the border of half a window ``(F, h, w)``, mean over the channels, by convolution in float64."""
    a, b = (torch.from_numpy(p).permute(0, 3, 1, 2).flatten(0, 1)[:, None].double() for p in (first, second))
    kernel = kernel[None, None]
    mean_a, mean_b = conv2d(a, kernel), conv2d(b, kernel)
    var_a = (conv2d(a * a, kernel) - mean_a**2) * unbiased
    var_b = (conv2d(b * b, kernel) - mean_b**2) * unbiased
    cov = (conv2d(a * b, kernel) - mean_a * mean_b) * unbiased
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similarity = (2 * mean_a * mean_b + c1) * (2 * cov + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return similarity[:, 0].unflatten(0, (-1, 3)).mean(dim=1).numpy()


def test_hole_psnr_ignores_known_pixels(videos, mask):
    frames, noisy = videos
    changed = noisy.copy()
    changed[~mask] = 0
    figures = metrics.hole_psnr(changed, frames, mask)
    assert figures[0] == pytest.approx(peak_signal_noise_ratio(frames[0][mask[0]], noisy[0][mask[0]], data_range=255))
    assert math.isnan(figures[1]), "a frame without a hole has no figure"


def test_hole_ssim_is_the_mean_over_the_hole_of_a_gaussian_window(videos, mask):
    frames, noisy = videos
    weights = torch.exp(-0.5 * (torch.arange(-5, 6, dtype=torch.float64) / 1.5) ** 2)
    kernel = torch.outer(weights, weights) / weights.sum() ** 2
    expected = ssim_map(noisy, frames, kernel)[0][mask[0, 5:-5, 5:-5]].mean()
    figures = metrics.hole_ssim(noisy, frames, mask)
    assert figures[0] == pytest.approx(expected, abs=1e-6)
    assert math.isnan(figures[1])


def test_hole_lpips_measures_the_box_around_the_hole(videos, mask):
    frames, noisy = videos
    seen = []

    def spy(a, b):
        seen.append((a, b))
        return (a - b).abs().mean()

    figures = metrics.hole_lpips(noisy, frames, mask, spy)
    assert math.isnan(figures[1])
    assert seen[0][0].shape == (1, 3, 64, 64), "enlarged to the smallest side for AlexNet"
    assert torch.equal(seen[0][1], as_tensor(frames[:1])[..., 3:67, 13:77]), "centred on the hole"


@pytest.mark.parametrize(("rows", "columns"), [((0, 10), (0, 10)), ((70, 80), (86, 96)), ((0, 80), (40, 41))])
def test_the_box_of_a_hole_at_the_border_stays_inside_the_frame(rows, columns):
    hole = np.zeros(SIZE, bool)
    hole[slice(*rows), slice(*columns)] = True
    box = metrics._box(hole)
    assert min(hole[box].shape) >= metrics.LPIPS_MIN_SIDE
    assert hole[box].sum() == hole.sum()


def test_share_within_counts_the_chosen_pixels():
    distance = torch.tensor([0.5, 3.0, 3.1, 100.0])
    where = torch.tensor([True, True, True, False])
    assert metrics.share_within(distance, 3.0, where) == pytest.approx(2 / 3)


def test_warping_error_of_a_true_translation_is_zero():
    wide = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    video = np.stack([wide[:, 3 * t : 3 * t + 40] for t in range(3)])  # the scene moves left by 3 px a frame
    flow = np.zeros((40, 40, 2), np.float32)
    flow[..., 0] = -3
    inside = np.zeros((2, 40, 40), bool)
    inside[:, :, 3:] = True
    assert metrics.warping_error(video, [flow, flow], inside) == pytest.approx([0, 0])
    assert (metrics.warping_error(video, [-flow, -flow], inside[:, :, ::-1]) > 0.01).all()


def test_warping_error_by_hand_covers_only_the_given_pixels():
    video = np.zeros((2, 4, 4, 3), np.uint8)
    video[1, :2] = 51  # 0.2 of the range
    still = [np.zeros((4, 4, 2), np.float32)]
    top, nowhere = np.zeros((1, 4, 4), bool), np.zeros((1, 4, 4), bool)
    top[:, :2] = True
    assert metrics.warping_error(video, still, top)[0] == pytest.approx(0.04)
    assert metrics.warping_error(video, still, ~nowhere)[0] == pytest.approx(0.02)
    assert math.isnan(metrics.warping_error(video, still, nowhere)[0])


@pytest.fixture
def empty_hub(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    metrics.try_lpips.cache_clear()
    yield tmp_path / "checkpoints"
    metrics.try_lpips.cache_clear()


def test_without_its_weights_lpips_is_left_out_and_logged_once(empty_hub, caplog):
    with caplog.at_level(logging.WARNING):
        assert metrics.try_lpips() is None
        assert metrics.try_lpips() is None
    assert len(caplog.records) == 1
    assert "checkpoints does not hold the weights of AlexNet; to download them, run" in caplog.text


def test_with_its_weights_lpips_distinguishes_a_copy_from_noise(empty_hub, monkeypatch, videos):
    empty_hub.mkdir()
    (empty_hub / "alexnet-owt-7be5be79.pth").touch()
    torch.manual_seed(0)
    untrained = torchvision.models.AlexNet()  # random weights suffice to distinguish equal images from others
    monkeypatch.setattr(torchvision.models, "alexnet", lambda weights: untrained)
    lpips = metrics.try_lpips()
    frames, noisy = (as_tensor(p) for p in videos)
    assert lpips(frames, frames) == pytest.approx(0, abs=1e-6)
    assert lpips(noisy, frames) > 1e-5
