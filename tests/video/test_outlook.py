"""The prediction says what no frame shows, on clips where this is known."""

import numpy as np
import pytest

from master_thesis.models.classical import homography
from master_thesis.video.outlook import NUM_HALLUCINATED, Outlook, predict
from master_thesis.video.plan import Scene
from master_thesis.video.samples import Samples
from master_thesis.video.survey import Box
from stress.videos import STEP_PX, panorama

SIZE = (96, 128)
EVERYTHING = Box(0, 0, *SIZE)


def samples_of(num_frames: int, hole: Box, step_px: int, hole_step_px: int = 0) -> Samples:
    """A camera that moves right by ``step_px`` per frame, and a hole that moves right in the picture."""
    picture = panorama(SIZE[0], SIZE[1] + step_px * num_frames)
    samples = Samples()
    for t in range(num_frames):
        mask = np.zeros(SIZE, bool)
        mask[hole.top : hole.bottom, hole.left + hole_step_px * t : hole.right + hole_step_px * t] = True
        samples.add(np.ascontiguousarray(picture[:, step_px * t : step_px * t + SIZE[1]]), mask)
    return samples


def outlook_of(samples: Samples, crop: Box = EVERYTHING):
    return predict(samples.kept, [Scene(0, samples.num_frames, crop, crop.size)], SIZE)


HOLE = Box(30, 40, 60, 72)


def test_what_a_moving_camera_reveals_is_copied() -> None:
    outlook = outlook_of(samples_of(24, HOLE, STEP_PX))
    assert outlook.hidden_percent == pytest.approx(0, abs=2)
    assert not outlook.is_still
    assert 1 <= outlook.pairs_per_frame("ff") <= outlook.pairs_per_frame("ip") <= 8


def test_neighbours_are_followed_without_a_search_for_features(monkeypatch) -> None:
    """Which takes three times as long."""
    monkeypatch.setattr(homography, "find_features", lambda *_: pytest.fail("features were searched"))
    assert outlook_of(samples_of(24, HOLE, STEP_PX)).hidden_percent == pytest.approx(0, abs=2)


def test_half_of_what_a_short_pan_reveals_stays_hidden() -> None:
    """Frame t shows of the hole of the last frame what the camera moved since; the hole is 32 pixels wide."""
    samples = samples_of(9, HOLE, STEP_PX)
    shown = [max(t, 8 - t) * STEP_PX for t in range(9)]  # pixels that leave the hole by either end of the pan
    both = [min(t * STEP_PX + (8 - t) * STEP_PX, 32) for t in range(9)]
    assert max(shown) <= 32
    expected = 100 * (1 - np.mean(both) / 32)
    assert outlook_of(samples).hidden_percent == pytest.approx(expected, abs=4)


def test_a_still_camera_and_a_still_mask_reveal_nothing() -> None:
    outlook = outlook_of(samples_of(6, HOLE, 0))
    assert outlook.hidden_percent == 100
    words = "prediction: the camera stands still and the mask never moves: no background can be copied"
    assert outlook.words == [words]


def test_of_a_single_frame_nothing_is_said_about_the_camera() -> None:
    outlook = outlook_of(samples_of(1, HOLE, 0))
    words = "prediction: there is no other frame to copy from, so the entire hole will be hallucinated"
    assert outlook.words == [words]


def test_a_scene_that_one_sample_stands_for_is_not_judged() -> None:
    samples = samples_of(1, HOLE, 0)
    assert predict(samples.kept, [Scene(0, 2, EVERYTHING, EVERYTHING.size)], SIZE).words == []


def test_an_object_that_moves_before_a_still_camera_reveals_everything() -> None:
    outlook = outlook_of(samples_of(10, Box(30, 10, 60, 30), 0, hole_step_px=8))
    assert not outlook.is_still
    assert outlook.hidden_percent == pytest.approx(0, abs=1)
    words = "prediction: nearly everything that the hole hides is visible in other frames and will be copied"
    assert outlook.words == [words]


STRANGE = "other frames show what does not belong there"


@pytest.mark.parametrize(
    ("hidden", "refused", "words"),
    [
        (0.4, 0.4, "nearly everything that the hole hides is visible in other frames and will be copied"),
        (12.3, 0.4, "about 12 % of the hole is visible in no frame and will be hallucinated"),
        (0.4, 4.6, f"in about 5 % of the hole {STRANGE}; this part will be hallucinated"),
        (2.0, 3.0, f"about 2 % of the hole is visible in no frame, and in about 3 % of it {STRANGE}; both will be "),
    ],
)
def test_nothing_is_said_of_a_share_of_zero(hidden: float, refused: float, words: str) -> None:
    (said,) = Outlook(hidden, 1.0, 0.0, False, refused_percent=refused).words
    assert said.startswith(f"prediction: {words}")


def test_a_passer_by_in_other_frames_is_predicted_to_be_refused() -> None:
    """The camera stands still, and once the hole is gone somebody stands where it was."""
    samples, picture = Samples(), panorama(*SIZE)
    hidden, crossed = picture.copy(), picture.copy()
    crossed[:, :40] = (30, 40, 220)
    mask = np.zeros(SIZE, bool)
    mask[30:60, 10:30] = True
    for t in range(8):
        samples.add(crossed if t else hidden, mask & (t == 0))
    outlook = outlook_of(samples)
    assert outlook.hidden_percent == pytest.approx(0, abs=1)
    assert outlook.refused_percent == pytest.approx(100, abs=5)
    assert outlook.hallucinated_percent == outlook.hidden_percent + outlook.refused_percent


@pytest.mark.parametrize("count", [24, 120])
def test_what_enters_the_hole_is_counted_per_frame_also_between_distant_samples(count: int) -> None:
    outlook = outlook_of(samples_of(count, HOLE, STEP_PX))
    assert outlook.entered_percent == pytest.approx(100 * STEP_PX / 32, abs=5)
    assert outlook.renewed_percent == pytest.approx(0, abs=2)


def test_scenes_and_crops_bound_what_is_copied() -> None:
    samples = samples_of(10, Box(30, 10, 60, 30), 0, hole_step_px=8)
    crop = Box(20, 0, 70, 128)
    first, second = Scene(0, 1, crop, crop.size), Scene(1, 10, crop, crop.size)
    assert predict(samples.kept, [first], SIZE).hidden_percent == 100
    assert predict(samples.kept, [second], SIZE).hidden_percent == pytest.approx(0, abs=1)


def test_without_a_hole_in_the_samples_nothing_is_predicted() -> None:
    outlook = outlook_of(samples_of(4, Box(0, 0, 0, 0), 0))
    assert outlook.hidden_percent is None
    assert outlook.words == []


def test_only_ip_asks_finished_frames_for_what_no_frame_shows() -> None:
    outlook = Outlook(50.0, 3.0, 0.5, False)
    assert outlook.pairs_per_frame("ff") == 3
    assert outlook.pairs_per_frame("ip") == 3 + NUM_HALLUCINATED / 2


def test_the_features_of_the_samples_are_not_kept() -> None:
    outlook_of(samples_of(9, HOLE, STEP_PX))
    assert homography._find_features.cache_info().currsize == 0
