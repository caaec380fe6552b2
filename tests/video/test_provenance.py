"""Figures, colours and sentences on the origin of pixels."""

import json
from pathlib import Path

import numpy as np
import pytest

from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.video.compositing import KNOWN
from master_thesis.video.provenance import (
    FAR,
    INVENTED,
    NEAR,
    OPACITY,
    FrameOrigin,
    frame_origin,
    in_one_sentence,
    origin_numbers,
    overlay_picture,
    source_of,
    write_origins,
)


def test_figures_of_a_frame_computed_by_hand() -> None:
    source = np.full((4, 5), KNOWN, np.int32)
    source[0, :4] = (8, 12, 13, HALLUCINATED)
    origin = frame_origin(source, frame=10, seconds=0.4)
    assert origin == FrameOrigin(10, 0.4, 20.0, 75.0, 25.0, (2 + 2 + 3) / 3)


def test_origins_in_numbers_by_hand() -> None:
    source = np.array([[KNOWN, HALLUCINATED, 0, 65532, 65533, 99999]], np.int32)
    numbers = origin_numbers(source)
    assert numbers.tolist() == [[0, 1, 2, 65534, 65535, 65535]]
    assert source_of(numbers)[:, :5].tolist() == source[:, :5].tolist()


def test_frames_without_a_hole_or_without_copies() -> None:
    nothing = np.full((2, 2), KNOWN, np.int32)
    assert frame_origin(nothing, 0, 0.0) == FrameOrigin(0, 0.0, 0.0, 0.0, 0.0, None)
    assert frame_origin(np.full((2, 2), HALLUCINATED, np.int32), 0, 0.0).mean_distance is None


def test_colours() -> None:
    source = np.array([[KNOWN, HALLUCINATED, 10, 30]], np.int32)
    picture = overlay_picture(np.zeros((1, 4, 3), np.uint8), source, frame=10)
    for pixel, colour in ((1, INVENTED), (2, NEAR), (3, FAR)):
        assert picture[0, pixel] == pytest.approx(np.rint(OPACITY * colour), abs=1)
    assert (picture[0, 0] == 0).all()


def origin(frame: int, hole: float, hallucinated: float) -> FrameOrigin:
    distance = 4.0 if hallucinated < 100 else None
    return FrameOrigin(frame, frame / 25, float(hole), 100.0 - hallucinated, float(hallucinated), distance)


UNSEEN = "of the hole was not found in any other frame, or not trusted there, and was hallucinated"


@pytest.mark.parametrize(
    ("origins", "sentence"),
    [
        ([FrameOrigin(0, 0.0, 0.0, 0.0, 0.0, None)], "No frame had a hole."),
        (
            [origin(t, 10, 46 * (12 <= t <= 40)) for t in range(12, 70)],
            f"77 % of the hole was copied from other frames, 4.0 frames away on average; 23 % {UNSEEN} (frames 12-40).",
        ),
        (
            [origin(t, 10, 100) for t in range(3)],
            f"100 % {UNSEEN} (in every frame).",
        ),
        (
            [origin(t, 10, 0) for t in range(5)],
            "100 % of the hole was copied from other frames, 4.0 frames away on average; "
            "almost nothing was hallucinated.",
        ),
        (
            [*(origin(t, 10, 100) for t in (0, 1, 4)), origin(5, 0, 0)],
            f"100 % {UNSEEN} (frames 0-1, 4).",
        ),
        (
            [*(origin(t, 10, 100) for t in (0, 1, 2, 4, 6, 8, 10, 11)), origin(12, 0, 0)],
            f"100 % {UNSEEN} (frames 0-2, 4, 6, 10-11 and others).",
        ),
    ],
)
def test_the_sentence(origins: list[FrameOrigin], sentence: str) -> None:
    assert in_one_sentence(origins) == sentence


def test_only_frames_that_were_asked_can_lack_something() -> None:
    sentence = in_one_sentence([origin(0, 10, 100)], are_all_asked=False)
    assert sentence == f"100 % {UNSEEN} (frame 0).".replace("any other frame", "the frames that were asked")


def test_figures_are_written_as_json(tmp_path: Path) -> None:
    write_origins(tmp_path / "out.json", [origin(3, 10, 20)], "A sentence.", {"video": "x"})
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["sentence"] == "A sentence."
    assert written["made_from"] == {"video": "x"}
    assert written["frames"][0]["hallucinated_percent"] == 20
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]
