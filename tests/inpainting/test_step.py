"""The running result and one step of it."""

import pytest
import torch

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.inpainting.canvas import HALLUCINATED, OPEN, Canvas
from master_thesis.inpainting.inpainter import inpaint
from master_thesis.inpainting.step import FillStep, Pair
from master_thesis.models.aligner import alignment_from_grid, as_aligner
from master_thesis.models.hallucinator import Hallucinator, as_hallucinator
from master_thesis.ops.image import FILL
from master_thesis.records import Alignment, MaskedFrames
from tests.factories import Copier, CountingAligner, Painter, StillAligner, make_sequence, shifted_grid

SIZE = (9, 12)


def fill(canvas, pairs, is_closing, aligner=None, painter=None, on_closed=None, **options):
    """One step per pair; returns the open shares that the algorithm would decide by."""
    networks = as_aligner(aligner or StillAligner()), as_hallucinator(painter or Copier())
    step = FillStep(*networks, canvas, canvas, InpaintOptions(**({"pair_batch": 8} | options)), on_closed)
    seen = []
    for copies in step.align([Pair(*pair) for pair in pairs]):
        seen += zip([pair.target for pair in copies.pairs], copies.open_percent, strict=True)
        step.paint(copies, [is_closing] * len(copies.pairs))
    return seen


@pytest.fixture
def canvas():
    """Frame 0 has a box, frame 1 has no hole, frame 2 is all hole."""
    return Canvas.of(*make_sequence(3, *SIZE, known={1}, hidden={2}))


def test_a_canvas_is_a_copy_with_its_open_pixels():
    x, m = make_sequence(3, *SIZE, known={1}, hidden={2})
    canvas = Canvas.of(torch.where(m > 0, 0.9, x), m)
    assert canvas.open_frames() == [0, 2]
    assert canvas.open_percent(1) == 0
    assert canvas.open_percent(2) == 100
    assert canvas.open_percent(0) == pytest.approx(100 * m[0, 0].mean().item())
    assert torch.equal(canvas.frames[2], torch.tensor(FILL).view(3, 1, 1).expand(3, *SIZE))
    canvas.mask.zero_()
    canvas.frames.zero_()
    assert m[0, 2].all()
    assert x[:, 1].any()


def test_sources_of_a_sub_sequence_are_counted_in_the_longer_one():
    x, m = make_sequence(2, *SIZE, known={0})
    canvas = Canvas.of(x, m, first=40)
    assert canvas.source[0].unique().tolist() == [40]
    assert set(canvas.source[1].unique().tolist()) == {OPEN, 41}


def test_one_step_copies_what_the_reference_shows(canvas):
    before = canvas.clone()
    fill(canvas, [(0, 1)], is_closing=False)
    assert canvas.open_frames() == [2]
    is_hole = before.mask[0].expand(3, *SIZE) > 0
    assert torch.equal(canvas.frames[0][is_hole], before.frames[1][is_hole])
    assert torch.equal(canvas.frames[0][~is_hole], before.frames[0][~is_hole])
    assert torch.equal(canvas.source[0], torch.where(before.mask[0] > 0, 1, 0))


def test_a_closed_frame_takes_the_hallucinated_pixels(canvas):
    painter = Painter()
    fill(canvas, [(2, 2)], is_closing=True, painter=painter)
    assert canvas.open_frames() == [0]
    assert canvas.source[2].unique().tolist() == [HALLUCINATED]
    assert painter.batch_sizes == [1]


def test_pairs_that_show_nothing_new_are_not_painted(canvas):
    painter, before = Painter(), canvas.clone()
    fill(canvas, [(0, 2), (2, 2)], is_closing=False, painter=painter)
    assert painter.batch_sizes == []
    assert torch.equal(canvas.frames, before.frames)


def test_progress_is_reported_per_batch(canvas):
    completed = []
    fill(canvas, [(0, 1), (2, 1)], is_closing=True, painter=Painter(), pair_batch=1, on_closed=completed.append)
    assert completed == [[0], [2]]


def test_the_algorithm_decides_by_what_stays_open_after_the_step(canvas):
    assert fill(canvas, [(0, 1), (2, 2)], is_closing=False, painter=Painter()) == [(0, 0.0), (2, 100.0)]


class DoubtfulAligner(StillAligner):
    """Sure of the left half of its references only."""

    def align(self, x_target, m_target, x_refs, m_refs):
        alignment = super().align(x_target, m_target, x_refs, m_refs)
        confidence = torch.zeros_like(m_refs)
        confidence[..., : SIZE[1] // 2] = 1
        return Alignment(*alignment, confidence)


class AskingCopier(Copier):
    """Writes down how sure the aligner was."""

    def __call__(self, x_target, v_target, x_aligned, v_aligned, v_map, **trust):
        self.trust = trust
        return super().__call__(x_target, v_target, x_aligned, v_aligned, v_map)


def test_confidence_is_passed_on_only_where_the_aligner_has_one(canvas):
    copier = AskingCopier()
    fill(canvas.clone(), [(0, 1)], is_closing=False, painter=copier)
    assert copier.trust == {}
    fill(canvas, [(0, 2), (2, 1)], is_closing=False, aligner=DoubtfulAligner(), painter=copier)
    assert copier.trust["confidence"].shape == (1, 1, 1, *SIZE)  # of the one pair that gained
    assert copier.trust["confidence"].mean() == 0.5


class ShiftingAligner:
    """Moves every reference; its positions may be coarse, and it may copy where a neighbour shows enough."""

    def __init__(self, dx, dtype=torch.float32, is_bold=False):
        self.dx, self.dtype, self.is_bold = dx, dtype, is_bold

    def align(self, x_target, m_target, x_refs, m_refs):
        grid = shifted_grid(*x_refs.shape[-2:], self.dx, 0).expand(len(x_refs), 1, -1, -1, -1)
        alignment = alignment_from_grid(grid, 1 - m_target, MaskedFrames(x_refs, 1 - m_refs))
        copyable = m_target.unsqueeze(2) if self.is_bold else alignment.copyable
        return Alignment(alignment.aligned, alignment.visible, copyable, grid=grid.to(self.dtype))


def test_copies_of_copies_keep_their_origin_and_copies_of_hallucinations_stay_hallucinated():
    x, m = make_sequence(3, *SIZE, known={1}, hidden={0, 2})
    canvas = Canvas.of(x, m)
    fill(canvas, [(0, 1)], is_closing=True, aligner=ShiftingAligner(dx=3))  # its last three columns are made up
    fill(canvas, [(2, 0)], is_closing=False, aligner=ShiftingAligner(dx=3))
    expected = torch.full((1, *SIZE), OPEN)
    expected[..., :-3], expected[..., -6:-3], expected[..., -3:] = 1, HALLUCINATED, OPEN
    assert torch.equal(canvas.source[2], expected.int())


def test_frames_beyond_256_are_distinguished_in_half_precision():
    x, m = make_sequence(300, 2, 2, known=set(range(300)))
    m[:, 291] = 1
    source = inpaint(x, m, ShiftingAligner(dx=0, dtype=torch.bfloat16), Copier(), "ff").source
    assert source[0, 291].unique().tolist() == [290]  # 290 + 1 is no bfloat16


def test_a_copied_pixel_with_a_hidden_nearest_neighbour_counts_as_copied():
    x, m = make_sequence(2, *SIZE)
    canvas = Canvas.of(x, m)
    fill(canvas, [(0, 1)], is_closing=False, aligner=ShiftingAligner(dx=0, is_bold=True))
    assert set(canvas.source[0].unique().tolist()) == {0, 1}


class TimidAligner(StillAligner):
    """Shows everything and trusts nothing, the left half a little more."""

    def align(self, x_target, m_target, x_refs, m_refs):
        confidence = torch.full_like(m_refs, 0.2) * (1 - m_refs)
        confidence[..., : SIZE[1] // 2] *= 2
        nothing = torch.zeros_like(m_refs)
        return Alignment(x_refs, nothing, nothing, confidence)


class TrustingCopier(Copier):
    def __call__(self, *shown, confidence):
        return super().__call__(*shown)


def test_doubtful_copies_fill_a_frame_when_it_is_closed(canvas):
    canvas.frames[0] = torch.where(canvas.mask[0] > 0, canvas.frames[0], canvas.frames[1])  # the same scene
    before = canvas.clone()
    fill(canvas, [(0, 1)], True, TimidAligner(), TrustingCopier(), exhaustive=False)
    assert set(canvas.source[0].unique().tolist()) == {0, HALLUCINATED}
    canvas = before.clone()
    fill(canvas, [(0, 1)], False, TimidAligner(), TrustingCopier(), exhaustive=True)
    assert torch.equal(canvas.mask, before.mask), "doubtful copies wait for better ones"
    fill(canvas, [(0, 1)], True, TimidAligner(), TrustingCopier(), exhaustive=True)
    assert set(canvas.source[0].unique().tolist()) == {0, 1}


def test_hallucinating_runs_no_aligner(canvas):
    aligner = CountingAligner()
    networks = as_aligner(aligner), as_hallucinator(Copier())
    FillStep(*networks, canvas, canvas, InpaintOptions(pair_batch=8)).hallucinate([0, 2])
    assert canvas.open_frames() == []
    assert aligner.batch_sizes == []
    assert canvas.source[2].unique().tolist() == [HALLUCINATED]


def test_a_reference_that_shows_another_scene_is_not_copied(canvas):
    canvas.frames[1] = 1 - canvas.frames[0].round()
    fill(canvas, [(0, 1)], True, exhaustive=True)
    assert set(canvas.source[0].unique().tolist()) == {0, HALLUCINATED}


class PlainCopier(Hallucinator):
    """Copies as it is, and counts what it is asked for."""

    paints_copies = False

    def __init__(self):
        self.num_painted = 0

    def hallucinate(self, target, alignment):
        self.num_painted += len(target)
        return Copier()(target.colours, target.visible, *alignment)


@pytest.mark.parametrize("exhaustive", [False, True])
def test_plain_copies_need_no_hallucinator_unless_something_stays_open(canvas, exhaustive):
    canvas.frames[0] = torch.where(canvas.mask[0] > 0, canvas.frames[0], canvas.frames[1])  # the same scene
    other, plain = canvas.clone(), PlainCopier()
    for pairs, is_closing, num_painted in (([(2, 0)], False, 0), ([(0, 1), (2, 2)], True, 1)):
        fill(canvas, pairs, is_closing, painter=plain, exhaustive=exhaustive)
        fill(other, pairs, is_closing, exhaustive=exhaustive)
        assert plain.num_painted == num_painted
        for planes, expected in zip((canvas.frames, canvas.mask), (other.frames, other.mask), strict=True):
            assert torch.equal(planes, expected)
    assert set(canvas.source[2].unique().tolist()) == {HALLUCINATED, 0}
