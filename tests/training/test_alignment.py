import pytest
import torch

from master_thesis.configs.training import OptimConfig
from master_thesis.losses.dfpn import alignment_loss
from master_thesis.models.aligner import Aligner, Encoded, alignment_from_grid
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import identity_grid
from master_thesis.ops.image import to_float
from master_thesis.training.alignment import alignment_quality, simulate
from master_thesis.training.dfpn import DFPNTraining
from tests.factories import DFPN_SIZES, StillAligner, make_clip


class GridAligner(Aligner):
    """Samples every reference at a grid that depends on the number of the call."""

    def __init__(self, *grids):
        self.grids = iter(grids)

    def encode(self, frames):
        return Encoded(frames)

    def align_encoded(self, target, refs):
        return alignment_from_grid(next(self.grids), target.frames.visible, refs.frames.unfolded(len(target)))


@pytest.fixture
def clip():
    return make_clip(num=2, num_frames=3, size=32, is_simulated=False)


def still(clip):
    return identity_grid(32, 32).expand(2, 2, 32, 32, 2)


def true_grid(clip):
    return affine_grid(clip.movement[:, clip.ref_indices], 32, 32)


def test_moving_every_pixel_outside_shows_in_the_share_and_in_the_error(clip):
    outside = still(clip) + 4
    assert alignment_loss(*clip.split(), outside) == 0, "the loss alone does not see it"
    cheat = alignment_quality(GridAligner(outside, outside), clip)
    honest = alignment_quality(GridAligner(still(clip), true_grid(simulate(clip))), clip)
    assert (cheat["counted_share"], honest["epe_px"]) == (0, pytest.approx(0, abs=1e-4))
    assert cheat["epe_px"] > 50, "two widths of the frame away"
    target, refs = clip.split()
    shown = (target.visible.unsqueeze(2) * refs.visible).mean()
    assert honest["counted_share"] == pytest.approx(float(shown))


def test_the_error_is_in_pixels_of_the_frames(clip):
    moved = true_grid(simulate(clip)) + torch.tensor([3.0, 4.0]) * 2 / 31
    assert alignment_quality(GridAligner(still(clip), moved), clip)["epe_px"] == pytest.approx(5, rel=1e-4)


def test_simulated_clips_are_fixed_move_as_they_say_and_keep_target_and_masks(clip):
    moved = simulate(clip)
    target, refs = moved.split()
    assert torch.allclose(target.colours, clip.split()[0].colours, atol=1e-4)
    assert torch.equal(moved.mask, clip.mask)
    assert moved.is_simulated.all()
    aligned = alignment_from_grid(true_grid(moved), target.visible, refs).aligned
    middle = (..., slice(12, 20), slice(12, 20))
    difference = (aligned - to_float(clip.frames)[:, :, 1:2])[middle].abs().mean()
    assert difference < 0.02
    again = simulate(make_clip(num=2, num_frames=3, size=32, is_simulated=False))
    assert torch.equal(again.frames, moved.frames)
    assert not torch.equal(moved.movement[0], torch.eye(3).expand(3, 3, 3))


def test_aligners_without_a_grid_are_not_measured(clip):
    class Adapted(GridAligner):
        def align_encoded(self, target, refs):
            clips = refs.frames.unfolded(len(target))
            return StillAligner().align(target.frames.colours, target.frames.mask, clips.colours, clips.mask)

    assert alignment_quality(Adapted(), clip) == {}


def test_dfpn_is_judged_by_its_end_point_error(clip, monkeypatch):
    module, seen = DFPNTraining(DFPN_SIZES, OptimConfig()), {}
    monkeypatch.setattr(module, "log_all", lambda stage, figures, clip: seen.update({stage: set(figures)}))
    module.validation_step(clip, 1)
    assert module.monitor in seen["validation"]
    assert module.monitor == "epe_px"
