"""Samples lie at equal distances, and a trial gets frames as they are processed."""

import numpy as np
import pytest

from master_thesis.video.compositing import to_working
from master_thesis.video.plan import Scene
from master_thesis.video.samples import MAX_SAMPLES, Samples
from master_thesis.video.survey import Box

SIZE = (96, 128)
EVERYTHING = Box(0, 0, *SIZE)


@pytest.mark.parametrize("count", [1, 47, 48, 49, 97, 1000])
def test_samples_lie_at_equal_distances_over_the_entire_length(count: int) -> None:
    samples, image, mask = Samples(), np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), bool)
    for _ in range(count):
        samples.add(image, mask)
    numbers = [sample.number for sample in samples.kept]
    assert min(count, MAX_SAMPLES // 2) <= len(numbers) <= MAX_SAMPLES
    assert numbers[0] == 0
    assert len(set(np.diff(numbers))) <= 1
    assert numbers[-1] > count - 1 - [*numbers, count][1]


def test_a_trial_gets_the_first_frame_with_a_hole_and_the_next_one_as_they_are_processed() -> None:
    samples, rng = Samples(), np.random.default_rng(0)
    images, masks = rng.integers(0, 256, (6, *SIZE, 3), np.uint8), np.zeros((6, *SIZE), bool)
    masks[3:, 40:60, 50:70] = True
    for image, mask in zip(images, masks, strict=True):
        samples.add(image, mask)
    scenes = [Scene(0, 2, EVERYTHING, SIZE), Scene(2, 6, Box(20, 20, 80, 100), (30, 40))]
    scene, frames = samples.trial(scenes)
    assert scene is scenes[1]
    for number, frame in zip((3, 4), frames, strict=True):
        expected = to_working(images[number], masks[number], scene)
        assert np.array_equal(frame.image, expected.image)
        assert np.array_equal(frame.hole, expected.hole)
    alone = Samples()
    alone.add(images[3], masks[3])
    first, again = alone.trial(scenes[:1])[1]
    assert first is again


def test_a_trial_plays_a_hole_of_the_usual_size() -> None:
    samples, width = Samples(), [4, 4, 20, 22, 40]
    for t in range(5):
        mask = np.zeros(SIZE, bool)
        mask[30:60, 50 : 50 + width[t]] = True
        samples.add(np.full((*SIZE, 3), t, np.uint8), mask)
    frames = samples.trial([Scene(0, 5, EVERYTHING, SIZE)])[1]
    assert [frame.image.max() for frame in frames] == [0, 1]
    assert [frame.hole.sum() for frame in frames] == [20 * 30] * 2  # the mean is 18 px
