from dataclasses import fields

import cv2
import numpy as np
import pytest
from PIL import Image

from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.evaluation.protocols import RESIZES, Protocol, Task, make_protocol


def test_completion_does_not_depend_on_the_options():
    default = make_protocol("completion-432x240", DataConfig())
    assert default == make_protocol("completion-432x240", DataConfig(test_size=(64, 64), dilatation_iterations=0))
    assert (default.height, default.width) == (240, 432)
    assert (default.dilation_size, default.dilation_iterations) == ((3, 3), 4)


def test_hole_takes_size_and_dilation_from_the_options():
    protocol = make_protocol("hole", DataConfig(test_size=(64, 80), dilatation_iterations=1))
    assert (protocol.height, protocol.width, protocol.dilation_iterations) == (64, 80, 1)


def test_four_dilations_by_a_cross_make_a_diamond():
    protocol = Protocol("hole", 21, 21, (3, 3), 4, ())
    mask = np.zeros((21, 21), bool)
    mask[10, 10] = True
    y, x = np.mgrid[:21, :21]
    assert (protocol.prepare_mask(mask) == (abs(y - 10) + abs(x - 10) <= 4)).all()


def test_resizing_a_mask_keeps_its_shape():
    protocol = Protocol("hole", 20, 30, (3, 3), 0, ())
    mask = np.zeros((40, 60), bool)
    mask[:, :30] = True
    small = protocol.prepare_mask(mask)
    assert small.shape == (20, 30)
    assert small[:, :15].all()
    assert not small[:, 15:].any()


def test_masked_frames_do_not_depend_on_the_content_of_the_hole(task):
    other = Task(task.protocol, task.masks, task.sequence, np.where(task.mask[..., None], 7, task.frames), task.mask)
    assert (task.masked == other.masked).all()
    assert (task.masked[~task.mask] == task.frames[~task.mask]).all()
    assert (task.masked[task.mask] == (124, 116, 104)).all()


def test_composing_takes_only_the_hole_from_a_fill(task):
    composed = task.compose(np.zeros_like(task.frames))
    assert (composed[task.mask] == 0).all()
    assert (composed[~task.mask] == task.frames[~task.mask]).all()


@pytest.mark.parametrize(("masks", "has_truth"), [("own", False), ("swapped", True), ("still", True), ("x", True)])
def test_only_own_masks_lack_truth(task, masks, has_truth):
    assert Task(task.protocol, masks, "pan", task.frames, task.mask).has_truth is has_truth


def test_frames_are_resized_as_the_documentation_says():
    """DAVIS at 432 x 240: the height is halved by means of two, the width interpolated between pixel centres."""
    frame = np.random.default_rng(0).integers(0, 256, (480, 854, 3), dtype=np.uint8)
    halved = frame.reshape(240, 2, 854, 3).mean(axis=1)
    x = (np.arange(432) + 0.5) * 854 / 432 - 0.5
    left, share = np.floor(x).astype(int), (x - np.floor(x))[:, None]
    expected = halved[:, left] * (1 - share) + halved[:, left + 1] * share
    resized = make_protocol("completion-432x240", DataConfig()).prepare_frame(frame)
    assert np.abs(resized - expected).max() <= 1.5, "two roundings"


def test_frames_are_resized_as_others_do_it_on_request():
    frame = np.random.default_rng(0).integers(0, 256, (480, 854, 3), dtype=np.uint8)
    found = {name: make_protocol("completion-432x240", DataConfig(), name).prepare_frame(frame) for name in RESIZES}
    assert (found["bicubic"] == np.asarray(Image.fromarray(frame).resize((432, 240)))).all(), "Pillow's default"
    assert (found["bilinear"] == cv2.resize(frame, (432, 240))).all(), "OpenCV's default"
    assert len({image.tobytes() for image in found.values()}) == 3


def test_the_option_offers_every_way_to_resize():
    choices = {field.name: field.metadata.get("choices") for field in fields(EvaluationConfig)}
    assert choices["completion_resize"] == tuple(RESIZES)
    assert make_protocol("completion-432x240", DataConfig(), "bicubic").as_dict()["resize"] == "bicubic"


def test_native_leaves_frames_and_masks_at_their_size():
    protocol = make_protocol("native", DataConfig(dilatation_iterations=0)).of_size((21, 34))
    frame = np.random.default_rng(0).integers(0, 256, (21, 34, 3), np.uint8)
    assert np.array_equal(protocol.prepare_frame(frame), frame)
    assert np.array_equal(protocol.prepare_mask(frame[..., 0] > 128), frame[..., 0] > 128)
    other = make_protocol("hole", DataConfig())
    assert other.of_size((21, 34)) is other
