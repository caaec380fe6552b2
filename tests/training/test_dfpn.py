import pytest
import torch

from master_thesis.configs.training import OptimConfig
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import identity_grid
from master_thesis.training.dfpn import DFPNTraining
from tests.factories import make_clip

SIZES = {"size": 32, "corr_widths": (4, 4), "width": 16, "vgg_width": 4}


def flow_errors(module, clip):
    """L1 of the predicted grids, coarse to fine, and of standing still."""
    movement = clip.movement[:, clip.ref_indices]
    with torch.no_grad():
        prediction = module.network(*(frames.masked for frames in clip.split()))
    errors = []
    for grid in (prediction.grid_coarse, prediction.grid_middle, prediction.grid_fine):
        errors.append(float((grid - affine_grid(movement, *grid.shape[2:4])).abs().mean()))
    still = float((identity_grid(32, 32) - affine_grid(movement, 32, 32)).abs().mean())
    return errors, still


@pytest.mark.slow
def test_learning_works():
    """Overfitting one simulated batch brings the flow error below a fifth of its start."""
    torch.manual_seed(0)
    clip = make_clip(num=2, num_frames=2, size=32)
    module = DFPNTraining(SIZES, OptimConfig())
    optimiser = torch.optim.Adam((p for p in module.network.parameters() if p.requires_grad), lr=2e-3)
    start, still = flow_errors(module, clip)
    for _ in range(300):
        optimiser.zero_grad()
        module.losses(clip).total.backward()
        optimiser.step()
    end, _ = flow_errors(module, clip)
    assert all(after < before / 5 for before, after in zip(start, end, strict=True))
    assert end[-1] < still, "it should know the movement, not only that frames look alike"


def test_real_clips_teach_without_a_known_flow():
    torch.manual_seed(0)
    module = DFPNTraining(SIZES, OptimConfig())
    losses = module.losses(make_clip(is_simulated=False))
    assert set(losses.parts) == {"correlation", "alignment_64", "alignment_256"}
    losses.total.backward()
    without = [n for n, p in module.network.named_parameters() if p.requires_grad and p.grad is None]
    assert without == [], "every part should learn from every batch (several processes rely on it)"


def test_vgg_is_not_trained():
    module = DFPNTraining(SIZES, OptimConfig())
    module.losses(make_clip()).total.backward()
    assert all(p.grad is None and not p.requires_grad for p in module.network.vgg.parameters())
    assert not module.train().network.vgg.training


def test_every_frame_of_a_clip_is_encoded_once_masked_and_once_whole_however_many_references_look_at_it():
    module, seen = DFPNTraining(SIZES, OptimConfig()), []
    module.network.vgg.register_forward_hook(lambda vgg, inputs, output: seen.append((len(output), output.grad_fn)))
    module.losses(make_clip(num=2, num_frames=4))
    assert seen == [(2 * 4, None), (2 * 4, None)]


def test_a_figure_has_a_row_of_five_pictures_per_clip_and_reference():
    module = DFPNTraining(SIZES, OptimConfig())
    figure = module.figures(make_clip(num=2, num_frames=3))
    assert figure.shape == (3, 4 * (64 + 2) + 2, 5 * (64 + 2) + 2)
