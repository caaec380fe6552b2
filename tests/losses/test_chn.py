"""CHN's loss, against its definition in loops, and Sobel against OpenCV."""

import pytest
import torch

from master_thesis.configs.training import CHNLossConfig
from master_thesis.losses.chn import chn_losses, compared_features, gradient_loss, perceptual_loss, sobel
from master_thesis.models.vgg import VGG16
from master_thesis.ops.mask import copyable_map
from master_thesis.records import Alignment, Hallucination, MaskedFrames


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def chn_case(num_refs):
    target, mask = random(2, 3, 8, 8), (random(2, 1, 8, 8, seed=1) < 0.4).float()
    refs, mask_refs = random(2, 3, num_refs, 8, 8, seed=2), (random(2, 1, num_refs, 8, 8, seed=3) < 0.4).float()
    alignment = Alignment(refs, 1 - mask_refs, copyable_map(1 - mask_refs, 1 - mask))
    predicted = random(2, 3, num_refs, 8, 8, seed=4)
    return MaskedFrames(target, 1 - mask), alignment, Hallucination(predicted, predicted)


@pytest.mark.parametrize("num_refs", [1, 2, 4])
def test_chn_regions_equal_their_definition_pixel_by_pixel(num_refs):
    true, alignment, painted = chn_case(num_refs)
    sums, counts = {"known": 0.0, "copyable": 0.0, "hallucinated": 0.0}, {"known": 0, "copyable": 0, "hallucinated": 0}
    for b in range(2):
        for f in range(num_refs):
            for y in range(8):
                for x in range(8):
                    is_seen = alignment.visible[b, 0, f, y, x] > 0
                    hidden = "copyable" if is_seen else "hallucinated"
                    region = hidden if true.mask[b, 0, y, x] else "known"
                    difference = painted.predicted[b, :, f, y, x] - true.colours[b, :, y, x]
                    sums[region] += float(difference.abs().sum())
                    counts[region] += 1
    parts = chn_losses(true, alignment, painted).parts
    for region, weight in (("known", 0.5), ("copyable", 2.0), ("hallucinated", 1.0)):
        assert parts[region] == pytest.approx(weight * sums[region] / counts[region], rel=1e-4)


def test_a_perfect_picture_costs_chn_nothing():
    target, alignment, _ = chn_case(2)
    true = target.colours.unsqueeze(2).expand(-1, -1, 2, -1, -1)
    vgg = VGG16(width=2)
    losses = chn_losses(target, alignment, Hallucination(true, true), lambda x: vgg.pools(x.repeat(1, 1, 4, 4)))
    assert set(losses.parts) == {"known", "copyable", "hallucinated", "perceptual", "gradient"}
    assert losses.total < 1e-6


def test_the_perceptual_loss_reaches_the_prediction_but_neither_the_truth_nor_vgg():
    vgg = VGG16(width=2)
    predicted = random(1, 3, 2, 32, 32).requires_grad_()
    target = random(1, 3, 32, 32, seed=1).requires_grad_()
    perceptual_loss(*compared_features(predicted, target, vgg.pools)).backward()
    assert (predicted.grad.abs().sum(dim=(1, 3, 4)) > 0).all(), "the gradient should reach every reference's picture"
    assert target.grad is None
    assert all(p.grad is None for p in vgg.parameters())


def test_the_perceptual_loss_is_the_mean_over_the_five_pools():
    vgg = VGG16(width=2)
    predicted, target = random(1, 3, 1, 32, 32), random(1, 3, 32, 32, seed=1)
    mean, std = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    seen, true = vgg.pools((predicted[:, :, 0] - mean) / std), vgg.pools((target - mean) / std)
    expected = sum((a - b).abs().mean() for a, b in zip(seen, true, strict=True)) / 5
    assert len(seen) == 5
    assert perceptual_loss(*compared_features(predicted, target, vgg.pools)) == pytest.approx(float(expected), rel=1e-5)


def test_its_weight_scales_the_perceptual_loss():
    true, alignment, painted = chn_case(1)
    features = lambda x: [x]  # noqa: E731
    whole = chn_losses(true, alignment, painted, features, CHNLossConfig(perceptual_weight=1.0)).parts
    half = chn_losses(true, alignment, painted, features, CHNLossConfig(perceptual_weight=0.5)).parts
    assert half["perceptual"] == pytest.approx(float(whole["perceptual"]) / 2)


def test_sobel_of_a_ramp_is_eight_times_its_slope():
    y, x = torch.meshgrid(torch.arange(6.0), torch.arange(7.0), indexing="ij")
    ramp = (2 * x + 3 * y).expand(1, 1, 1, 6, 7)
    inner = sobel(ramp)[0, 0, 0, :, 1:-1, 1:-1]
    assert torch.allclose(inner[0], torch.full_like(inner[0], 16))
    assert torch.allclose(inner[1], torch.full_like(inner[1], 24))


def test_sobel_agrees_with_opencv():
    cv2 = pytest.importorskip("cv2")
    picture = random(9, 11)
    ours = sobel(picture.view(1, 1, 1, 9, 11))[0, 0, 0]
    for axis, (dx, dy) in enumerate(((1, 0), (0, 1))):
        theirs = cv2.Sobel(picture.numpy(), cv2.CV_32F, dx, dy, ksize=3, borderType=cv2.BORDER_REPLICATE)
        assert torch.allclose(ours[axis], torch.from_numpy(theirs), atol=1e-5)


def test_gradient_loss_is_the_mean_difference_of_the_gradients():
    a, b = random(2, 3, 2, 8, 8), random(2, 3, 2, 8, 8, seed=1)
    assert gradient_loss(a, b) == pytest.approx(float((sobel(a) - sobel(b)).abs().mean()), rel=1e-5)
    assert gradient_loss(a, a + 0.25) < 1e-6, "a change of brightness has no gradient"
