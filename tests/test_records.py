"""The records that everything shares."""

import pytest
import torch

from master_thesis.records import Alignment, Clip, Hallucination, Losses


def make_clip(num_frames):
    return Clip(
        frames=torch.zeros(2, 3, num_frames, 4, 5, dtype=torch.uint8),
        mask=torch.zeros(2, 1, num_frames, 4, 5, dtype=torch.bool),
        movement=torch.eye(3).expand(2, num_frames, 3, 3),
        is_simulated=torch.tensor([True, False]),
        names=("a", "b"),
    )


@pytest.mark.parametrize(
    ("num_frames", "target", "refs"), [(1, 0, []), (2, 1, [0]), (3, 1, [0, 2]), (5, 2, [0, 1, 3, 4])]
)
def test_the_target_stands_in_the_middle_and_all_others_are_references(num_frames, target, refs):
    clip = make_clip(num_frames)
    assert clip.num_frames == num_frames
    assert clip.target_index == target
    assert clip.ref_indices == refs


def test_a_clip_moves_as_a_whole():
    clip = make_clip(3)
    moved = clip.to("meta")
    assert {t.device.type for t in (moved.frames, moved.mask, moved.movement, moved.is_simulated)} == {"meta"}
    assert moved.names == ("a", "b")
    assert clip.frames.device.type == "cpu"


def test_an_alignment_unpacks_without_its_extras():
    aligned, visible = torch.rand(1, 3, 1, 2, 2), torch.rand(1, 1, 1, 2, 2)
    alignment = Alignment(aligned, visible, 1 - visible, confidence=visible, grid=torch.rand(1, 1, 2, 2, 2))
    expected = (aligned, visible, alignment.copyable)
    assert all(part is whole for part, whole in zip(alignment, expected, strict=True))


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
