"""The records that everything shares."""

import pytest
import torch

from master_thesis.ops.image import FILL, resize, resize_mask
from master_thesis.records import Alignment, Hallucination, Losses, MaskedFrames
from tests.factories import make_clip


@pytest.mark.parametrize(
    ("num_frames", "target", "refs"), [(1, 0, []), (2, 1, [0]), (3, 1, [0, 2]), (5, 2, [0, 1, 3, 4])]
)
def test_the_middle_frame_is_the_target_and_all_others_are_references(num_frames, target, refs):
    clip = make_clip(num_frames=num_frames, size=16)
    assert clip.num_frames == num_frames
    assert clip.target_index == target
    assert clip.ref_indices == refs


def test_all_tensors_of_a_clip_move_between_devices():
    clip = make_clip(size=16)
    moved = clip.to("meta")
    assert {t.device.type for t in (moved.frames, moved.mask, moved.movement, moved.is_simulated)} == {"meta"}
    assert moved.names == ("a", "b")
    assert clip.frames.device.type == "cpu"


def test_an_alignment_unpacks_without_its_extras():
    aligned, visible = torch.rand(1, 3, 1, 2, 2), torch.rand(1, 1, 1, 2, 2)
    alignment = Alignment(aligned, visible, 1 - visible, confidence=visible, grid=torch.rand(1, 1, 2, 2, 2))
    expected = (aligned, visible, alignment.copyable)
    assert all(found is wanted for found, wanted in zip(alignment, expected, strict=True))


def test_a_hallucination_unpacks_into_predicted_and_composed():
    picture = torch.rand(1, 3, 1, 2, 2)
    predicted, composed = Hallucination(picture, picture + 1)
    assert torch.equal(composed, predicted + 1)


def test_the_total_is_the_sum_of_the_parts():
    weight = torch.tensor(2.0, requires_grad=True)
    losses = Losses({"one": weight * 3, "two": weight * weight})
    losses.total.backward()
    assert losses.total.item() == 10
    assert weight.grad is not None
    assert weight.grad.item() == 7


@pytest.mark.parametrize(("num_frames", "target", "refs"), [(5, 2, [0, 1, 3, 4]), (2, 1, [0])])
def test_a_split_clip_has_the_middle_frame_as_target_and_all_others_as_references(num_frames, target, refs):
    clip = make_clip(num_frames=num_frames, size=16)
    split = clip.split()
    for frames, indices in zip(split, (target, refs), strict=True):
        assert torch.equal(frames.colours, clip.frames[:, :, indices].float() / 255)
        assert torch.equal(frames.mask.bool(), clip.mask[:, :, indices])


def test_masked_frames_have_the_fill_in_their_holes_and_the_truth_elsewhere():
    for frames in make_clip(size=16).split():
        hole = frames.mask.bool().expand_as(frames.colours)
        assert hole.any()
        assert torch.equal(frames.masked.colours[~hole], frames.colours[~hole])
        for channel, value in enumerate(FILL):
            assert torch.all(frames.masked.colours[:, channel][hole[:, channel]] == value)
        assert frames.unmasked.visible.all()


def random_frames(*size, n=2):
    generator = torch.Generator().manual_seed(0)
    visible = (torch.rand(n, 1, *size, generator=generator) > 0.4).float()
    return MaskedFrames(torch.rand(n, 3, *size, generator=generator), visible)


def test_resizing_and_folding_agree_for_frames_and_clips():
    clips = random_frames(3, 8, 12)
    resized = clips.resized(4, 6)
    assert torch.equal(resized.colours, resize(clips.colours, 4, 6))
    assert torch.equal(resized.visible, resize_mask(clips.visible, 4, 6))
    rows = clips.folded().resized(4, 6)
    assert rows.size == (4, 6)
    assert len(rows) == 6
    assert torch.equal(rows.unfolded(2).colours, resized.colours)


def test_pooling_averages_what_is_known_alone():
    frames = random_frames(4, 4, n=1)
    pooled = MaskedFrames(frames.masked.colours, frames.visible).pooled(2)
    for y in range(2):
        for x in range(2):
            known = frames.visible[0, 0, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2] > 0
            square = frames.colours[0, :, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
            assert pooled.visible[0, 0, y, x] == known.float().mean()
            expected = square[:, known].mean(dim=1) if known.any() else torch.zeros(3)
            torch.testing.assert_close(pooled.colours[0, :, y, x], expected, atol=1e-4, rtol=1e-4)


def test_rows_and_repetition_keep_colours_and_visibility_together():
    frames = random_frames(2, 3, n=3)
    chosen = frames.rows([2, 0])
    assert torch.equal(chosen.colours, frames.colours[[2, 0]])
    assert torch.equal(chosen.visible, frames.visible[[2, 0]])
    assert torch.equal(frames.repeated(2).colours, frames.colours[[0, 0, 1, 1, 2, 2]])
    assert frames.repeated(1) is frames


def test_alignments_are_split_into_rows_and_joined_again():
    planes = torch.rand(3, 1, 2, 4, 5)
    alignment = Alignment(torch.rand(3, 3, 2, 4, 5), planes, planes, grid=torch.rand(3, 2, 4, 5, 2))
    joined = Alignment.join([alignment.rows([0, 1]), alignment.rows([2])])
    assert torch.equal(joined.aligned, alignment.aligned)
    assert torch.equal(joined.grid, alignment.grid)
    assert joined.confidence is None
    assert Alignment.join([alignment]) is alignment
