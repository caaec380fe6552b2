"""The rules of ``remove``: what any frame shows is copied, on clips whose geometry is known."""

import numpy as np
import pytest
import skimage.data
import torch

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.models.classical.opencv import OpenCVAligner
from master_thesis.ops.image import to_float
from tests.factories import Copier

HEIGHT, WIDTH, NUM_FRAMES = 96, 160, 9


class TrustingCopier(Copier):
    def __call__(self, *shown, confidence=None):
        return super().__call__(*shown)


def make_clip(diameter, pan, speed, ramp=0.0):
    """A camera that pans over a photograph, a disc that moves across; and which of its pixels other frames show."""
    photo = skimage.data.coffee()[100:]
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    frames = np.stack([photo[:HEIGHT, pan * t : pan * t + WIDTH] for t in range(NUM_FRAMES)])
    gains = 1 + ramp * np.linspace(-1, 1, NUM_FRAMES)[:, None, None, None]
    frames = np.clip(frames * gains, 0, 255).round().astype(np.uint8)
    centres = WIDTH / 2 + speed * (np.arange(NUM_FRAMES) - NUM_FRAMES // 2)
    holes = np.stack([np.hypot(x - c, y - HEIGHT / 2) <= diameter / 2 for c in centres])
    seen = np.zeros((HEIGHT, WIDTH + pan * NUM_FRAMES), bool)
    for t in range(NUM_FRAMES):
        seen[:, pan * t : pan * t + WIDTH] |= ~holes[t]
    visible = np.stack([seen[:, pan * t : pan * t + WIDTH] for t in range(NUM_FRAMES)])
    return frames, holes, visible & holes


def fill(frames, holes, algorithm, **options):
    x = to_float(torch.from_numpy(frames)).permute(3, 0, 1, 2).contiguous()
    inpainter = Inpainter(OpenCVAligner(), TrustingCopier(), InpaintOptions(algorithm, **options))
    return inpainter.fill(x, torch.from_numpy(holes)[None].float())


@pytest.mark.parametrize(
    ("algorithm", "diameter", "pan", "speed"),
    [("ff", 5, 4, 0), ("ip", 5, 4, 0), ("ff", 12, 0, 4), ("ip", 12, 0, 4), ("ff", 40, 4, 0), ("ip", 90, 4, 0)],
)
def test_the_copied_share_is_the_truly_visible_one_within_two_points(algorithm, diameter, pan, speed):
    frames, holes, visible = make_clip(diameter, pan, speed)
    source = fill(frames, holes, algorithm, exhaustive=True).source[0].numpy()
    assert (source[holes] >= 0).mean() == pytest.approx(visible[holes].mean(), abs=0.02)


def test_the_rule_of_the_thesis_leaves_small_holes_alone():
    frames, holes, visible = make_clip(12, 0, 2)
    assert visible[holes].all()
    source = fill(frames, holes, "ip").source[0].numpy()
    assert (source[holes] >= 0).mean() < 0.8


@pytest.mark.parametrize("algorithm", ["ff", "ip"])
def test_a_change_of_exposure_leaves_no_step(algorithm):
    frames, holes, _ = make_clip(24, 0, 8, ramp=0.2)
    filled = fill(frames, holes, algorithm, exhaustive=True).frames.mul(255).permute(1, 2, 3, 0).numpy()
    difference = (filled - frames)[holes]
    assert abs(difference.mean()) < 1
    plain = fill(frames, holes, algorithm).frames.mul(255).permute(1, 2, 3, 0).numpy()
    assert np.abs(difference).mean() < 0.5 * np.abs((plain - frames)[holes]).mean()
