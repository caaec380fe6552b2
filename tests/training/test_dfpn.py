import pytest
import torch

from master_thesis.configs.training import OptimConfig
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import identity_grid
from master_thesis.training.dfpn import DFPNTraining
from tests.factories import DFPN_SIZES, make_clip

SIZES = DFPN_SIZES | {"width": 16, "vgg_width": 4}


def flow_errors(module, clip):
    """L1 errors of the predicted grids, coarse to fine, and of the identity."""
    movement = clip.movement[:, clip.ref_indices]
    with torch.no_grad():
        prediction = module.network(*(frames.masked for frames in clip.split()))
    errors = []
    for grid in (prediction.grid_coarse, prediction.grid_middle, prediction.grid_fine):
        errors.append(float((grid - affine_grid(movement, *grid.shape[2:4])).abs().mean()))
    still = float((identity_grid(32, 32) - affine_grid(movement, 32, 32)).abs().mean())
    return errors, still


@pytest.mark.slow
def test_overfitting_one_simulated_batch_reduces_the_flow_error_to_a_fifth():
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
    assert end[-1] < still, "better than the identity: it has learnt the movement"


def test_real_clips_train_every_part_without_a_known_flow():
    torch.manual_seed(0)
    module = DFPNTraining(SIZES, OptimConfig())
    losses = module.losses(make_clip(is_simulated=False))
    assert set(losses.parts) == {"correlation", "alignment_64", "alignment_256"}
    losses.total.backward()
    without = [n for n, p in module.network.named_parameters() if p.requires_grad and p.grad is None]
    assert without == [], "with several processes, every parameter needs a gradient in every batch"


def test_vgg_stays_frozen():
    module = DFPNTraining(SIZES, OptimConfig())
    module.losses(make_clip()).total.backward()
    assert all(p.grad is None and not p.requires_grad for p in module.network.vgg.parameters())
    assert not module.train().network.vgg.training


def test_every_frame_is_encoded_once_with_and_once_without_its_mask():
    module, seen = DFPNTraining(SIZES, OptimConfig()), []
    module.network.vgg.register_forward_hook(lambda vgg, inputs, output: seen.append((len(output), output.grad_fn)))
    module.losses(make_clip(num=2, num_frames=4))
    assert seen == [(2 * 4, None), (2 * 4, None)]


def test_figure_has_a_row_of_five_images_per_clip_and_reference():
    module = DFPNTraining(SIZES, OptimConfig())
    figure = module.figures(make_clip(num=2, num_frames=3))
    assert figure.shape == (3, 18 + 4 * (64 + 2) + 2, 5 * (64 + 2) + 2)
