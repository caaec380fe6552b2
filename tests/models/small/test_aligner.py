import pytest
import torch
import torch.nn.functional as F

from master_thesis.models.small import aligner
from master_thesis.models.small.aligner import SmallDFPN
from master_thesis.models.small.layers import AffineFit, flow_to_grid
from master_thesis.ops.affine import apply_affine, fit_affine
from master_thesis.ops.grid import identity_grid
from tests.factories import as_frames, make_pair, tiny_small_dfpn


@pytest.fixture
def tiny() -> SmallDFPN:
    return tiny_small_dfpn()


def test_the_preset_is_small() -> None:
    assert sum(p.numel() for p in SmallDFPN().parameters()) == 774_051


@pytest.mark.parametrize("size", [(64, 64), (45, 90), (100, 33)])
def test_it_keeps_the_contract_of_an_aligner_at_any_size(tiny: SmallDFPN, size: tuple[int, int]) -> None:
    x_target, m_target, x_refs, m_refs = make_pair(2, 3, *size)
    with torch.no_grad():
        alignment = tiny.align(x_target, m_target, x_refs, m_refs)
    aligned, visible, copyable = alignment
    assert aligned.shape == (2, 3, 3, *size)
    assert visible.shape == copyable.shape == (2, 1, 3, *size)
    assert set(torch.cat((visible, copyable)).unique().tolist()) <= {0.0, 1.0}
    assert (copyable <= m_target.unsqueeze(2)).all(), "only the target's hole can be copied into"
    assert (copyable <= visible).all()
    assert alignment.confidence is not None
    assert 0 <= alignment.confidence.min() <= alignment.confidence.max() <= 1


def test_pairs_are_independent(tiny: SmallDFPN) -> None:
    x_target, m_target, x_refs, m_refs = make_pair(2, 2, 64, 64)
    with torch.no_grad():
        together = tiny.align(x_target, m_target, x_refs, m_refs)
        alone = tiny.align(x_target[1:], m_target[1:], x_refs[1:, :, 1:], m_refs[1:, :, 1:])
    torch.testing.assert_close(together.aligned[1:, :, 1:], alone.aligned, atol=1e-4, rtol=1e-4)


def test_holes_have_no_influence(tiny: SmallDFPN) -> None:
    """Frames that differ in their holes alone, masked: neither the flow nor the choice may differ."""
    x_target, m_target, x_refs, m_refs = make_pair(1, 1, 64, 64)
    pairs = [
        as_frames(x_target, m_target, x_refs, m_refs),
        as_frames(x_target * (1 - m_target), m_target, x_refs * (1 - m_refs), m_refs),
    ]
    assert not torch.equal(pairs[0][0].colours, pairs[1][0].colours)
    with torch.no_grad():
        predicted = [tiny(target.masked, refs.masked) for target, refs in pairs]
    torch.testing.assert_close(predicted[0].flow, predicted[1].flow)
    torch.testing.assert_close(predicted[0].costs, predicted[1].costs)


def test_a_zero_flow_is_the_identity_grid_at_every_size() -> None:
    torch.testing.assert_close(flow_to_grid(torch.zeros(1, 2, 8, 8), 20, 30)[0], identity_grid(20, 30))


def test_an_affine_map_is_recovered_from_its_points() -> None:
    generator = torch.Generator().manual_seed(3)
    matrix = torch.tensor([[[1.1, 0.1, -0.05], [-0.2, 0.9, 0.1], [0.0, 0.0, 1.0]]])
    points = torch.rand(1, 40, 2, generator=generator)
    images = apply_affine(matrix, points)
    images[:, :5] += 3.0  # outliers without weight
    weights = torch.ones(1, 40)
    weights[:, :5] = 0
    torch.testing.assert_close(fit_affine(points, images, weights, prior=1e-6), matrix, atol=1e-4, rtol=0)
    torch.testing.assert_close(fit_affine(points, images, torch.zeros(1, 40)), torch.eye(3).unsqueeze(0))


def test_the_fit_finds_a_shift_of_distinct_features() -> None:
    """Features that differ everywhere, shifted by two cells of eight: the fit says a quarter of the frame."""
    generator = torch.Generator().manual_seed(4)
    wide = torch.randn(1, 64, 8, 12, generator=generator).repeat_interleave(2, 2).repeat_interleave(2, 3)
    visible = torch.ones(1, 1, 16, 16)
    with torch.no_grad():
        matrix = AffineFit()(wide[..., :16], visible, wide[..., 4:20], visible)
    torch.testing.assert_close(matrix[0, :2, 2], torch.tensor([-0.25, 0.0]), atol=0.02, rtol=0)


def test_look_ups_start_at_the_learned_fit_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nobody searches for the camera, which costs a quarter of a training step."""
    monkeypatch.setattr(aligner, "camera_motion", lambda *_: pytest.fail("the camera was searched for"))
    target, refs = as_frames(*make_pair(1, 2, 64, 64))
    network = tiny_small_dfpn(start="affine")
    predicted = network(target.masked, refs.masked)
    learned = F.interpolate(predicted.steps[0], (16, 16), mode="bilinear", align_corners=False)
    inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))  # interpolation repeats the border
    torch.testing.assert_close(predicted.camera_flow[inner], learned[inner], atol=1e-5, rtol=0)


def test_one_number_is_height_and_width() -> None:
    assert SmallDFPN(size=64).size == SmallDFPN(size=(64, 64)).size == (64, 64)
