"""The three algorithms against their plain transcription, and what no order of visits may break."""

import jaxtyping
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from master_thesis.configs.inpainting import ALGORITHMS, THESIS_ALGORITHMS
from master_thesis.errors import UserError
from master_thesis.inpainting.algorithms import nearest_refs
from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.inpainting.inpainter import inpaint
from master_thesis.records import Alignment
from tests.factories import (
    INVENTED,
    Copier,
    CountingAligner,
    Painter,
    PanoramaAligner,
    StillAligner,
    make_panorama_clip,
    make_sequence,
    tiny_chn,
    tiny_dfpn,
)
from tests.oracles.algorithms import run_plainly

SIZE = (9, 12)


OPTIONS = st.fixed_dictionaries(
    {
        "spacing": st.sampled_from((1, 2, 3, 5, 11)),
        "max_distance": st.sampled_from((1, 2, 4, 20)),
        "tolerance": st.sampled_from((0.0, 1.0, 12.0, 100.0)),
        "sweeps": st.sampled_from((2, 3, 4, 20)),
    }
)
DEFAULTS = {"spacing": 1, "max_distance": 20, "tolerance": 1.0, "sweeps": 20}


@pytest.mark.parametrize("algorithm", THESIS_ALGORITHMS)
@settings(max_examples=12, derandomize=True, deadline=None)
@given(
    options=OPTIONS,
    num_frames=st.integers(1, 8),
    hidden=st.sets(st.integers(0, 7), max_size=2),
    known=st.sets(st.integers(0, 7), max_size=2),
    pair_batch=st.sampled_from((1, 3, 8)),
    seed=st.integers(0, 99),
)
@example(options=DEFAULTS, num_frames=9, hidden=set(), known=set(), pair_batch=3, seed=0)
@example(options=DEFAULTS, num_frames=8, hidden={1, 4}, known={2}, pair_batch=8, seed=1)
@example(options=DEFAULTS, num_frames=1, hidden=set(), known=set(), pair_batch=8, seed=2)
@example(options=DEFAULTS | {"spacing": 11}, num_frames=4, hidden=set(), known=set(), pair_batch=3, seed=3)
@example(options=DEFAULTS, num_frames=3, hidden={0, 1, 2}, known=set(), pair_batch=8, seed=4)
@example(options=DEFAULTS, num_frames=3, hidden=set(), known={0, 1, 2}, pair_batch=8, seed=5)
def test_equals_the_plain_transcription(algorithm, options, num_frames, hidden, known, pair_batch, seed):
    x, m = make_sequence(num_frames, *SIZE, seed, hidden, known)
    expected = run_plainly(algorithm, x, m, CountingAligner(), Painter(), **options)
    actual = inpaint(x, m, CountingAligner(), Painter(), algorithm, pair_batch=pair_batch, **options)
    torch.testing.assert_close(actual.frames, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("algorithm", THESIS_ALGORITHMS)
def test_equals_the_plain_transcription_with_networks_at_an_odd_size(algorithm):
    networks = tiny_dfpn(), tiny_chn()
    x, m = make_sequence(4, 37, 51)
    expected = run_plainly(algorithm, x, m, *networks, sweeps=3)
    actual = inpaint(x, m, *networks, algorithm, sweeps=3)
    torch.testing.assert_close(actual.frames, expected, atol=1e-5, rtol=0)


def leaping(refs, idle):
    """The references that are taken when those at the places ``idle`` show nothing new, each in its turn."""
    taken, place, num_idle = [], 0, 0
    while place < len(refs):
        taken.append(refs[place])
        num_idle = num_idle + 1 if refs[place] in idle else 0
        place += 1 if num_idle < 2 else num_idle
    return taken


class Windows:
    """Shows a column of the target for each reference that is named; of any other, nothing."""

    def __init__(self, columns):
        self.columns, self.seen = columns, []

    def align(self, x_target, m_target, x_refs, m_refs):
        number = round(float(x_refs[0, 0, 0, 0, 0] * 100))
        self.seen.append(number)
        visible = torch.zeros_like(m_refs)
        if number in self.columns:
            visible[..., self.columns.index(number)] = 1
        return Alignment(x_refs, visible, visible * m_target.unsqueeze(2))


@pytest.mark.parametrize("algorithm", ["ff", "ip"])
@pytest.mark.parametrize("shows", [(), (0, 4, 18), (11, 12, 13)])
def test_more_references_are_skipped_the_longer_they_show_nothing_new(algorithm, shows):
    """Only the middle frame has a hole, so that both algorithms take its references in the same order."""
    num_frames, t = 21, 10
    x = (torch.arange(num_frames) / 100).view(1, -1, 1, 1).expand(3, num_frames, *SIZE).clone()
    m = torch.zeros(1, num_frames, *SIZE)
    m[:, t] = 1
    m[:, t, 0, 0] = 0
    aligner = Windows(shows)
    inpaint(x, m, aligner, Painter(), algorithm, tolerance=0.0, leaps=True)
    refs = nearest_refs(t, num_frames, 1, 20)
    assert aligner.seen == leaping(refs, set(refs) - set(shows))
    assert len(aligner.seen) < len(refs)


@pytest.mark.parametrize("algorithm", ["ff", "ip"])
def test_references_that_show_something_new_are_never_skipped(algorithm):
    x, m = make_sequence(5, *SIZE)
    expected = inpaint(x, m, CountingAligner(), Painter(), algorithm)
    actual = inpaint(x, m, CountingAligner(), Painter(), algorithm, leaps=True)
    assert torch.equal(actual.frames, expected.frames)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_inputs_are_not_changed_and_known_pixels_are_kept_exactly(algorithm):
    x, m = make_sequence(5, *SIZE, hidden={3}, known={1})
    x_before, m_before = x.clone(), m.clone()
    frames, source = inpaint(x, m, CountingAligner(), Painter(), algorithm)
    assert torch.equal(x, x_before)
    assert torch.equal(m, m_before)
    known = (m == 0).expand_as(x)
    assert torch.equal(frames[known], x[known])
    own = torch.arange(5, dtype=torch.int32).view(1, 5, 1, 1).expand_as(m)
    assert torch.equal(source[m == 0], own[m == 0])


def test_the_three_algorithms_differ():
    x, m = make_sequence(5, *SIZE)
    ff, ip, cp = (inpaint(x, m, CountingAligner(), Painter(), algorithm).frames for algorithm in THESIS_ALGORITHMS)
    assert all((a - b).abs().max() > 0.01 for a, b in ((ff, ip), (ff, cp), (ip, cp)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_holes_have_no_influence(algorithm):
    x, m = make_sequence(4, *SIZE)
    expected = inpaint(x, m, CountingAligner(), Painter(), algorithm).frames
    scribbled = torch.where(m > 0, torch.rand_like(x), x)
    assert torch.equal(inpaint(scribbled, m, CountingAligner(), Painter(), algorithm).frames, expected)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_without_holes_no_network_runs(algorithm):
    x, m = make_sequence(3, *SIZE, known={0, 1, 2})
    aligner, painter = CountingAligner(), Painter()
    assert torch.equal(inpaint(x, m, aligner, painter, algorithm).frames, x)
    assert aligner.batch_sizes == painter.batch_sizes == []


@pytest.mark.parametrize("algorithm", ["ff", "cp"])
def test_pairs_that_do_not_depend_on_each_other_share_a_batch(algorithm):
    x, m = make_sequence(7, *SIZE)
    aligner = CountingAligner()
    inpaint(x, m, aligner, Painter(), algorithm, pair_batch=3)
    assert max(aligner.batch_sizes) == 3


@pytest.mark.parametrize("algorithm", THESIS_ALGORITHMS)
def test_the_source_map_names_the_frame_that_shows_each_pixel(algorithm):
    clip = make_panorama_clip()
    x, m = clip.masked, clip.mask
    frames, source = inpaint(x, m, PanoramaAligner(clip.first_rows), Copier(), algorithm)
    assert set(source.unique().tolist()) >= {HALLUCINATED, 0, 3, 6}
    for t, y, x_px in torch.nonzero(m[0]).tolist():
        k, column = int(source[0, t, y, x_px]), clip.column_in_panorama(t, x_px)
        if k == HALLUCINATED:
            torch.testing.assert_close(frames[:, t, y, x_px], torch.full((3,), INVENTED), atol=1e-4, rtol=0)
            continue
        there = column - clip.column_in_panorama(k, 0)
        assert m[0, k, y, there] == 0
        torch.testing.assert_close(frames[:, t, y, x_px], x[:, k, y, there], atol=1e-4, rtol=0)


@pytest.mark.parametrize("algorithm", THESIS_ALGORITHMS)
def test_pixels_that_a_reachable_frame_shows_are_not_hallucinated(algorithm):
    clip = make_panorama_clip()
    _, source = inpaint(clip.masked, clip.mask, PanoramaAligner(clip.first_rows), Copier(), algorithm, tolerance=0.0)
    for t, y, x_px in torch.nonzero(source[0] == HALLUCINATED).tolist():
        places = [(k, clip.column_in_panorama(t, x_px) - clip.column_in_panorama(k, 0)) for k in range(clip.num_frames)]
        assert all(clip.mask[0, k, y, there] == 1 for k, there in places if 0 <= there < clip.width)


@pytest.mark.parametrize(
    ("algorithm", "tolerance", "is_made_up"),
    [("ff", 12.0, True), ("ff", 11.9, False), ("ip", 12.0, True), ("ip", 11.9, False), ("cp", 12.0, False)],
)
def test_a_hole_of_exactly_the_tolerance(algorithm, tolerance, is_made_up):
    """It is enough for ff and ip (at most), but not for cp (less than): only the last frame shows what it hides."""
    x, m = torch.rand(3, 4, 10, 10), torch.zeros(1, 4, 10, 10)
    m[:, :3, 0, :] = m[:, :3, 1, :2] = 1  # 12 %
    m[:, 1, 5, :8] = 1
    _, source = inpaint(x, m, StillAligner(), Copier(), algorithm, tolerance=tolerance)
    assert bool((source == HALLUCINATED).any()) == is_made_up


def test_nearest_references_come_first_and_ties_go_to_the_earlier():
    assert nearest_refs(3, 8, spacing=1, max_distance=2) == [2, 4, 1, 5]
    assert nearest_refs(1, 8, spacing=2, max_distance=5) == [3, 5]
    assert nearest_refs(0, 4, spacing=4, max_distance=20) == [0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"algorithm": "fp"}, "the algorithm should be one of ff, ip, cp, pm, got 'fp'"),
        ({"spacing": 0}, "spacing, max_distance and pair_batch should be at least 1"),
        ({"max_distance": 0}, "spacing, max_distance and pair_batch should be at least 1"),
        ({"pair_batch": 0}, "spacing, max_distance and pair_batch should be at least 1"),
        ({"sweeps": 1}, "sweeps should be at least 2 (the last two close every frame), got 1"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    x, m = make_sequence(2, *SIZE)
    with pytest.raises(UserError) as error:
        inpaint(x, m, CountingAligner(), Painter(), **options)
    assert str(error.value) == message


def test_masks_of_another_size_are_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # it would object first; users do not have it
    x, m = make_sequence(2, *SIZE)
    with pytest.raises(UserError, match=r"frames and masks should match, got \(3, 2, 9, 12\) and \(1, 2, 9, 11\)"):
        inpaint(x, m[..., 1:], CountingAligner(), Painter())
