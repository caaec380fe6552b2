"""Copies matched to their surroundings."""

import torch

from master_thesis.ops.harmonise import harmonise


def scene(height=40, width=56):
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 6, 8, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    visible = torch.ones(1, 1, height, width)
    visible[..., 12:28, 16:40] = 0
    return smooth.clamp(0.2, 0.7), visible


def test_a_change_of_exposure_is_undone_within_a_grey_level():
    true, visible = scene()
    seen = torch.ones_like(visible)
    for shift in (-0.12, 0.05, 0.12):
        matched, _ = harmonise(true + shift, seen, true * visible, visible)
        assert ((matched - true) * (1 - visible)).abs().max() < 1 / 255


def test_copies_that_fit_are_not_changed():
    true, visible = scene()
    matched, _ = harmonise(true, torch.ones_like(visible), true * visible, visible)
    torch.testing.assert_close(matched, true, atol=1e-5, rtol=0)


def test_another_object_at_the_border_does_not_count():
    true, visible = scene()
    target = true.clone()
    target[..., 12:28, 40:] = 1.0  # bright, beside the hole
    matched, _ = harmonise(true, torch.ones_like(visible), target * visible, visible)
    assert ((matched - true) * (1 - visible)).abs().max() < 2 / 255


def test_without_common_pixels_nothing_changes():
    true, visible = scene()
    matched, _ = harmonise(true, torch.zeros_like(visible), true * visible, visible)
    torch.testing.assert_close(matched, true, atol=1e-5, rtol=0)


def test_agreement_is_high_where_both_look_alike_and_low_elsewhere():
    true, visible = scene()
    seen = torch.ones_like(visible)
    _, same = harmonise(true, seen, true * visible, visible)
    _, other = harmonise(1 - true, seen, true * visible, visible)
    assert same.min() > 0.99
    assert (other * (1 - visible)).max() < 0.5


def test_what_only_a_reference_shows_does_not_agree_inside_the_hole_either():
    """A bar that crosses the reference from top to bottom, behind the middle of the hole."""
    true, visible = scene()
    reference = true.clone()
    reference[..., 26:31] = torch.tensor([0.0, 0.1, 0.9]).view(3, 1, 1)
    _, agreement = harmonise(reference, torch.ones_like(visible), true * visible, visible)
    assert agreement[..., 12:28, 26:31].max() < 0.1
    assert agreement[..., 12:28, 16:19].min() > 0.5
