import numpy as np
import pytest
import torch

from master_thesis.models.aligner import Aligner
from master_thesis.models.classical.opencv import TRUST_THRESHOLD, OpenCVAligner
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import distance_px, identity_grid, inside, warp
from master_thesis.ops.image import fill_holes
from tests import factories

SIZE = (96, 128)


@pytest.fixture(scope="module")
def photo():
    return torch.from_numpy(factories.photo(*SIZE)).permute(2, 0, 1)[None].float() / 255


def masks(*boxes):
    """One mask per box of (top, left, height, width)."""
    mask = torch.zeros(1, 1, len(boxes), *SIZE)
    for f, (top, left, height, width) in enumerate(boxes):
        mask[0, 0, f, top : top + height, left : left + width] = 1
    return mask


def moved_pair(photo, angle=0.04, shift=(0.05, -0.03)):
    """A reference, and the target that a known movement makes of it."""
    cos, sin = np.cos(angle), np.sin(angle)
    movement = torch.tensor([[cos, -sin, shift[0]], [sin, cos, shift[1]], [0, 0, 1]]).float()[None, None]
    grid = affine_grid(movement, *SIZE)
    return warp(photo.unsqueeze(2), grid), grid


def run(target, m_target, refs, m_refs):
    x_target, x_refs = fill_holes(target, m_target), fill_holes(refs, m_refs)
    return OpenCVAligner().align(x_target[:, :, 0], m_target[:, :, 0], x_refs, m_refs)


def test_the_contract_of_an_aligner(photo):
    aligner = OpenCVAligner()
    assert isinstance(aligner, Aligner)
    assert list(aligner.parameters()) == []
    m_target, m_refs = masks((20, 30, 30, 40)), masks((40, 60, 20, 20), (0, 0, 0, 0))
    alignment = run(photo.unsqueeze(2), m_target, photo.unsqueeze(2).expand(1, 3, 2, *SIZE), m_refs)
    aligned, visible, copyable = alignment
    assert aligned.shape == (1, 3, 2, *SIZE)
    assert visible.shape == copyable.shape == alignment.confidence.shape == (1, 1, 2, *SIZE)
    assert alignment.grid.shape == (1, 2, *SIZE, 2)
    assert set(visible.unique().tolist()) <= {0.0, 1.0}
    assert (copyable <= m_target[:, :, 0].unsqueeze(2)).all()
    assert alignment.confidence.min() >= 0
    assert alignment.confidence.max() <= 1
    assert ((alignment.confidence >= TRUST_THRESHOLD) == visible.bool()).all(), "visible is what is trusted"


def test_a_still_scene_gives_the_identity_grid(photo):
    m_target = masks((20, 30, 30, 40))
    alignment = run(photo.unsqueeze(2), m_target, photo.unsqueeze(2), masks((0, 0, 0, 0)))
    distance = distance_px(alignment.grid, identity_grid(*SIZE)[None, None])
    assert distance.max() < 0.1
    assert alignment.confidence[m_target.bool()].min() > 0.9


def test_a_known_movement_is_found_inside_the_hole(photo):
    target, truth = moved_pair(photo)
    m_target, m_ref = masks((30, 40, 30, 40)), masks((10, 80, 20, 20))
    alignment = run(target, m_target, photo.unsqueeze(2), m_ref)
    distance = distance_px(alignment.grid, truth)[:, None]
    assert distance[m_target.bool()].mean() < 0.5
    assert distance[inside(truth)].mean() < 0.5
    copied = alignment.copyable.bool().expand(1, 3, 1, *SIZE)
    assert (alignment.aligned - target)[copied].abs().mean() < 0.03


def test_holes_have_no_influence(photo):
    target, _ = moved_pair(photo)
    m_target, m_ref = masks((30, 40, 30, 40)), masks((10, 80, 20, 20))
    spoilt_target, spoilt_ref = (
        torch.where(m.bool(), torch.rand(1, 3, 1, *SIZE, generator=torch.Generator().manual_seed(0)), x)
        for x, m in ((target, m_target), (photo.unsqueeze(2), m_ref))
    )
    clean = run(target, m_target, photo.unsqueeze(2), m_ref)
    aligner = OpenCVAligner()
    noisy = aligner.align(spoilt_target[:, :, 0], m_target[:, :, 0], spoilt_ref, m_ref)
    assert distance_px(noisy.grid, clean.grid).max() < 0.5


def test_flow_refines_a_motion_that_no_homography_explains(photo):
    """Two halves of the picture slide apart vertically: parallax."""
    _, x = torch.meshgrid(torch.arange(SIZE[0]), torch.arange(SIZE[1]), indexing="ij")
    slide_px = 3 * torch.tanh((x - SIZE[1] / 2) / 20)
    truth = identity_grid(*SIZE)[None, None].clone()
    truth[..., 1] += slide_px * 2 / (SIZE[0] - 1)
    target = warp(photo.unsqueeze(2), truth)
    alignment = run(target, masks((0, 0, 0, 0)), photo.unsqueeze(2), masks((0, 0, 0, 0)))
    centre = (slice(None), slice(None), slice(10, -10), slice(10, -10))
    assert distance_px(alignment.grid, truth)[centre].mean() < 1.0
    assert distance_px(identity_grid(*SIZE)[None, None], truth)[centre].mean() > 2.0


def test_the_hole_follows_its_surroundings_not_the_rest(photo):
    """A patch slides by 3 px over a background that stays: a homography can only follow one of them."""
    truth = identity_grid(*SIZE)[None, None].clone()
    patch = (slice(None), slice(None), slice(20, 76), slice(30, 98))
    truth[patch] += torch.tensor([3 * 2 / (SIZE[1] - 1), 0.0])
    target = warp(photo.unsqueeze(2), truth)
    hole = masks((32, 44, 32, 40))
    alignment = run(target, hole, photo.unsqueeze(2), masks((0, 0, 0, 0)))
    assert distance_px(alignment.grid, truth)[hole[:, 0].bool()].mean() < 1.5


def test_the_colour_of_holes_is_never_copyable(photo):
    target, _ = moved_pair(photo)
    m_target, m_ref = masks((30, 40, 30, 40)), masks((40, 60, 20, 20))
    alignment = run(target, m_target, photo.unsqueeze(2), m_ref)
    clean = warp(photo.unsqueeze(2), alignment.grid)
    offered = alignment.visible.bool().expand_as(clean)
    assert offered[:, :, :, 30:60, 40:80].any()
    assert torch.allclose(alignment.aligned[offered], clean[offered], atol=1e-3)


def test_an_unrelated_reference_is_not_trusted(photo):
    other = torch.rand(1, 3, 1, *SIZE, generator=torch.Generator().manual_seed(0))
    hole, none = masks((30, 40, 30, 40)), masks((0, 0, 0, 0))
    related = run(moved_pair(photo)[0], hole, photo.unsqueeze(2), none)
    unrelated = run(photo.unsqueeze(2), hole, other, none)
    assert related.confidence[hole.bool()].mean() > TRUST_THRESHOLD
    assert unrelated.confidence[hole.bool()].mean() < 0.3
    assert related.copyable[hole.bool()].mean() > 0.8
    assert unrelated.copyable.sum() == 0, "nothing is offered for copying"


def test_clips_and_references_are_independent(photo):
    target, _ = moved_pair(photo)
    frames = torch.cat((photo.unsqueeze(2), target), dim=2)
    m_refs = masks((10, 80, 20, 20), (50, 10, 20, 20))
    m_target = masks((30, 40, 30, 40))
    together = run(target, m_target, frames, m_refs)
    alone = run(target, m_target, frames[:, :, 1:], m_refs[:, :, 1:])
    assert torch.equal(together.aligned[:, :, 1:], alone.aligned)
    batch = run(target.repeat(2, 1, 1, 1, 1), m_target.repeat(2, 1, 1, 1, 1), frames.repeat(2, 1, 1, 1, 1),
                m_refs.repeat(2, 1, 1, 1, 1))  # fmt: skip
    assert torch.equal(batch.aligned[1:], together.aligned)


@pytest.mark.parametrize("hidden", ["target", "ref", "both"])
def test_fully_hidden_frames_work(photo, hidden):
    everything, nothing = masks((0, 0, *SIZE)), masks((0, 0, 0, 0))
    m_target = everything if hidden in ("target", "both") else nothing
    m_ref = everything if hidden in ("ref", "both") else nothing
    alignment = run(photo.unsqueeze(2), m_target, photo.unsqueeze(2), m_ref)
    assert torch.isfinite(alignment.aligned).all()
    assert alignment.confidence[alignment.visible == 0].sum() == 0
    if hidden != "target":
        assert alignment.copyable.sum() == 0
    assert alignment.confidence.max() < 0.01, "nothing could be compared"


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (16, 16), (33, 21)])
def test_any_size_works(size):
    x = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    m = torch.zeros(1, 1, *size)
    alignment = OpenCVAligner().align(x, m, x.unsqueeze(2), m.unsqueeze(2))
    assert alignment.aligned.shape == (1, 3, 1, *size)
    assert torch.isfinite(alignment.aligned).all()


def test_inputs_are_not_changed(photo):
    target, _ = moved_pair(photo)
    inputs = [target[:, :, 0], masks((30, 40, 30, 40))[:, :, 0], photo.unsqueeze(2), masks((10, 80, 20, 20))]
    before = [x.clone() for x in inputs]
    OpenCVAligner().align(*inputs)
    assert all(torch.equal(x, y) for x, y in zip(inputs, before, strict=True))
