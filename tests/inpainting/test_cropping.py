"""Painting in a crop around the hole gives what painting the entire frame gives."""

import pytest
import torch

from master_thesis.inpainting.cropping import CroppedHallucinator, around_holes
from master_thesis.models.hallucinator import Hallucinator
from master_thesis.models.small.chn import SmallCHN
from master_thesis.records import Alignment, MaskedFrames
from tests.factories import compose, smooth_pictures

SIZE = 320


class LocalPainter(Hallucinator):
    """Paints what depends on the neighbours of every pixel and on all that is known of it; remembers the sizes."""

    def __init__(self):
        self.sizes = []

    def hallucinate(self, target, alignment):
        self.sizes.append(target.size)
        assert alignment.grid.shape[2:4] == target.size
        x = target.colours.unsqueeze(2)
        mixed = 0.5 * alignment.aligned + 0.2 * x.roll(1, dims=-1) + 0.2 * alignment.confidence
        return compose(target.colours, target.visible, mixed + 0.1 * alignment.copyable)


def scene(holes):
    """Targets and aligned references; only half of every hole is shown."""
    colours, refs = smooth_pictures(2 * len(holes), SIZE).split(len(holes))
    visible = torch.ones(len(holes), 1, SIZE, SIZE)
    for row, (top, left, bottom, right) in enumerate(holes):
        visible[row, :, top:bottom, left:right] = 0
    shown = torch.ones_like(visible)
    shown[..., 150:] = 0
    parts = refs, shown, shown * (1 - visible), shown * 0.7
    grid = torch.zeros(len(holes), 1, SIZE, SIZE, 2)
    return MaskedFrames(colours * visible, visible), Alignment(*(p.unsqueeze(2) for p in parts), grid)


HOLES = {
    "inside": [(140, 130, 160, 170)],
    "two": [(140, 130, 160, 170), (200, 140, 210, 160)],
    "corner": [(311, 311, 320, 320)],
}


@pytest.mark.parametrize("name", HOLES)
def test_a_local_painter_paints_the_same_in_a_crop(name):
    target, alignment = scene(HOLES[name])
    whole, cropped = LocalPainter(), LocalPainter()
    expected = whole.hallucinate(target, alignment)
    painted = CroppedHallucinator(cropped).hallucinate(target, alignment)
    assert torch.equal(painted.composed, expected.composed)
    (height, width) = cropped.sizes[0]
    assert max(height, width) < 0.8 * SIZE


def test_the_network_paints_nearly_the_same_in_a_crop():
    target, alignment = scene([(150, 150, 170, 170)])
    torch.manual_seed(0)
    chn = SmallCHN((4, 6, 8)).eval()
    torch.nn.init.normal_(chn.tail.weight, std=0.1)
    with torch.no_grad():
        expected = chn.hallucinate(target, alignment).composed
        painted = CroppedHallucinator(chn).hallucinate(target, alignment).composed
    assert (expected - target.colours.unsqueeze(2)).abs().max() > 0.05
    hole = (target.visible == 0).expand_as(target.colours)
    assert (painted - expected)[:, :, 0][hole].abs().mean() < 0.005  # smooth fills reach further than the crop


def test_the_crop_keeps_its_margin_between_multiples():
    target, _ = scene([(140, 131, 160, 170)])
    rows, columns = around_holes(target.visible)
    assert (rows, columns) == (slice(64, 224), slice(64, 256))


def test_frames_without_a_hole_are_not_painted():
    target, alignment = scene([(0, 0, 0, 0)])
    painter = LocalPainter()
    painted = CroppedHallucinator(painter).hallucinate(target, alignment)
    assert torch.equal(painted.composed[:, :, 0], target.colours)
    assert painter.sizes == []
