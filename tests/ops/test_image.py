"""Colours and sizes, against torchvision and numpy."""

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from master_thesis.ops.image import (
    FILL,
    IMAGENET_MEAN,
    IMAGENET_STD,
    denormalise,
    fill_holes,
    normalise,
    pad_to_multiple,
    resize,
    resize_mask,
    to_bytes,
    to_float,
)


def test_normalise_agrees_with_torchvision_for_frames_and_videos():
    frames = torch.rand(2, 3, 4, 5)
    expected = tv.normalize(frames, list(IMAGENET_MEAN), list(IMAGENET_STD))
    torch.testing.assert_close(normalise(frames), expected)
    torch.testing.assert_close(normalise(frames.unsqueeze(2))[:, :, 0], expected)


def test_denormalise_inverts_normalise():
    frames = torch.rand(2, 3, 3, 4, 5)
    torch.testing.assert_close(denormalise(normalise(frames)), frames)


def test_float_becomes_uint8_rounded_and_clamped():
    values = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_bytes(to_float(values)), values)
    assert to_bytes(torch.tensor([-1.0, 0.4999 / 255, 0.5001 / 255, 2.0])).tolist() == [0, 0, 1, 255]


def test_uint8_becomes_float_and_float_is_returned_unchanged():
    assert to_float(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [0.0, 1.0]
    frames = torch.rand(3)
    assert to_float(frames) is frames


def test_holes_take_the_fill_colour_and_the_rest_is_unchanged():
    frames = torch.rand(2, 3, 2, 4, 5)
    mask = (torch.rand(2, 1, 2, 4, 5) > 0.5).float()
    masked = fill_holes(frames, mask)
    is_hole = mask.expand_as(frames) > 0
    assert torch.equal(masked[~is_hole], frames[~is_hole])
    assert torch.equal(masked[is_hole], torch.tensor(FILL).view(1, 3, 1, 1, 1).expand_as(frames)[is_hole])


@pytest.mark.parametrize("size", [(8, 8), (5, 13), (32, 20)])
def test_frames_are_resized_like_torchvisions(size):
    frames = torch.rand(2, 3, 4, 16, 10)
    resized = resize(frames, *size)
    for f in range(4):
        torch.testing.assert_close(resized[:, :, f], tv.resize(frames[:, :, f], list(size), antialias=False))


@pytest.mark.parametrize("size", [(8, 8), (5, 13), (32, 20)])
def test_masks_are_not_interpolated(size):
    mask = (torch.rand(2, 1, 4, 16, 10) > 0.5).float()
    rows = np.arange(size[0]) * 16 // size[0]
    columns = np.arange(size[1]) * 10 // size[1]
    assert torch.equal(resize_mask(mask, *size), mask[..., rows, :][..., columns])


@pytest.mark.parametrize("function", [resize, resize_mask])
def test_rows_of_frames_are_resized_like_clips(function):
    frames = torch.rand(2, 3, 4, 6, 7)
    assert torch.equal(function(frames[:, :, 1], 9, 5), function(frames, 9, 5)[:, :, 1])


@pytest.mark.parametrize("function", [resize, resize_mask])
def test_a_fitting_size_is_not_resized(function):
    frames = torch.rand(1, 3, 2, 6, 7)
    assert function(frames, 6, 7) is frames


@pytest.mark.parametrize("size", [(1, 1), (5, 8), (7, 9), (4, 6)])
def test_padding_repeats_the_last_row_and_column(size):
    video = torch.rand(2, 3, *size)
    margins = [(0, 0)] * 2 + [(0, -size[0] % 4), (0, -size[1] % 4)]
    np.testing.assert_array_equal(pad_to_multiple(video, 4).numpy(), np.pad(video.numpy(), margins, mode="edge"))


def test_multiples_are_not_padded():
    video = torch.rand(1, 3, 8, 4)
    assert pad_to_multiple(video, 4) is video
