"""The masked correlation against loops over all pairs of positions."""

import numpy as np
import torch

from master_thesis.ops.correlation import local_correlation, masked_correlation, masked_directions


def example(requires_grad=False):
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(2, 5, 3, 4, generator=generator, requires_grad=requires_grad)
    refs = torch.randn(2, 5, 2, 3, 4, generator=generator, requires_grad=requires_grad)
    visible_target = (torch.rand(2, 1, 3, 4, generator=generator) > 0.3).float()
    visible_refs = (torch.rand(2, 1, 2, 3, 4, generator=generator) > 0.3).float()
    return target, visible_target, refs, visible_refs


def correlate(target, visible_target, refs, visible_refs):
    """The correlation of features ``(B, C, h, w)`` and ``(B, C, F, h, w)``."""
    seen = [masked_directions(refs[:, :, f], visible_refs[:, :, f]) for f in range(refs.shape[2])]
    return masked_correlation(masked_directions(target, visible_target), torch.stack(seen, dim=1))


def test_agrees_with_the_cosine_of_every_pair_and_is_zero_where_one_is_hidden():
    target, visible_target, refs, visible_refs = example()
    actual = correlate(target, visible_target, refs, visible_refs)
    for b, f, ty, tx, ry, rx in np.ndindex(2, 2, 3, 4, 3, 4):
        cosine = torch.cosine_similarity(target[b, :, ty, tx], refs[b, :, f, ry, rx], dim=0)
        seen = visible_target[b, 0, ty, tx] * visible_refs[b, 0, f, ry, rx]
        torch.testing.assert_close(actual[b, f, ty, tx, ry, rx], seen * cosine)


def test_a_frame_correlates_most_with_itself():
    target, visible, _, _ = example()
    itself = correlate(target, torch.ones_like(visible), target.unsqueeze(2), torch.ones(2, 1, 1, 3, 4))
    matrix = itself.view(2, 12, 12)
    torch.testing.assert_close(matrix.diagonal(dim1=1, dim2=2), torch.ones(2, 12))
    assert torch.equal(matrix.argmax(dim=2), torch.arange(12).expand(2, 12))


def test_hidden_positions_have_finite_gradients():
    target, visible_target, refs, visible_refs = example(requires_grad=True)
    correlate(target, visible_target, refs, visible_refs).square().sum().backward()
    assert target.grad is not None
    assert target.grad.isfinite().all()
    assert target.grad.any()


def test_local_correlation_finds_a_small_shift() -> None:
    """Against a plain loop over positions, and the largest product stands where the reference moved."""
    generator = torch.Generator().manual_seed(0)
    target, ref = torch.randn(2, 2, 6, 7, 9, generator=generator)
    similar = local_correlation(target, ref, radius=1)
    assert similar.shape == (2, 9, 7, 9)
    for k, (dy, dx) in enumerate((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)):
        expected = (target[:, :, 3, 4] * ref[:, :, 3 + dy, 4 + dx]).mean(dim=1)
        torch.testing.assert_close(similar[:, k, 3, 4], expected)
    assert torch.equal(similar[:, 0, 0], torch.zeros(2, 9)), "above the first row is nothing"
    distinct = torch.randn(2, 64, 7, 9, generator=generator)
    moved = torch.roll(distinct, shifts=(1, -1), dims=(2, 3))
    assert (local_correlation(distinct, moved, 1)[:, :, 2:-2, 2:-2].argmax(dim=1) == 6).all()
