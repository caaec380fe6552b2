import torch

from master_thesis.ops.image import FILL
from master_thesis.ops.views import views_of
from tests.factories import make_clip


def test_target_is_the_middle_frame_and_refs_are_the_others():
    clip = make_clip(num_frames=5, size=16)
    views = views_of(clip)
    assert torch.equal(views.target, clip.frames[:, :, 2].float() / 255)
    assert torch.equal(views.refs, clip.frames[:, :, [0, 1, 3, 4]].float() / 255)
    assert torch.equal(views.mask_target.bool(), clip.mask[:, :, 2])
    assert torch.equal(views.mask_refs.bool(), clip.mask[:, :, [0, 1, 3, 4]])


def test_masked_frames_show_the_fill_in_their_holes_and_the_truth_elsewhere():
    views = views_of(make_clip(size=16))
    target, mask, refs, mask_refs = views.masked
    hole = mask.bool().expand_as(target)
    assert torch.equal(target[~hole], views.target[~hole])
    for channel, value in enumerate(FILL):
        assert torch.all(target[:, channel][mask[:, 0].bool()] == value)
        assert torch.all(refs[:, channel][mask_refs[:, 0].bool()] == value)


def test_two_frames_have_the_second_one_as_target():
    clip = make_clip(num_frames=2, size=16)
    assert torch.equal(views_of(clip).target, clip.frames[:, :, 1].float() / 255)
