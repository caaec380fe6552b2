"""Who passes behind a hole in other frames is not copied; what is there in both is."""

import numpy as np
import pytest

from master_thesis.inpainting.comparison import Grid, Views
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.photomontage import Photomontage
from master_thesis.inpainting.sources import WideHoles, points_of
from master_thesis.inpainting.strangers import StrangerFinder
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.painter import SmoothPainter
from master_thesis.ops.position_map import NOWHERE, Places

SIZE = (96, 128)
WALL, COAT = 150, (30, 40, 120)


@pytest.fixture
def hole() -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.hypot(y - 48, x - 50) < 12


def wall(person: slice | None = None) -> np.ndarray:
    noise = np.random.default_rng(1).integers(-20, 20, (*SIZE, 1))
    frame = np.broadcast_to(WALL + noise, (*SIZE, 3)).astype(np.uint8).copy()
    if person:
        frame[:, person] = COAT
    return frame


def strangers(hole: np.ndarray, frames: list[np.ndarray], source: int) -> np.ndarray:
    """What should not be copied into the hole of frame 0, as an image."""
    holes = [hole] + [np.zeros_like(hole)] * (len(frames) - 1)
    views = Views(frames, WideHoles(holes))
    wide = views.wide[0]
    points = points_of(wide)
    places = Places(np.full(len(points), source, np.int32), points)
    found = np.zeros(SIZE, bool)
    found[wide] = StrangerFinder(0, points, Grid.around(wide), views, [Exposure.unchanged()] * len(frames)).find(places)
    return found & hole


def test_a_person_who_is_there_in_the_other_frame_alone_is_a_stranger(hole) -> None:
    found = strangers(hole, [wall(), wall(slice(30, 53))], 1)
    person = np.zeros(SIZE, bool)
    person[:, 30:53] = True
    assert found[hole & person].mean() > 0.9
    assert found[hole & ~person].mean() < 0.25


def test_a_person_who_stands_there_in_both_frames_is_none(hole) -> None:
    assert not strangers(hole, [wall(slice(30, 53))] * 2, 1).any()


def test_a_change_of_light_that_was_measured_is_no_stranger(hole) -> None:
    frames = [wall(), (0.6 * wall()).astype(np.uint8)]
    views = Views(frames, WideHoles([hole, np.zeros_like(hole)]))
    points = points_of(views.wide[0])
    places = Places(np.ones(len(points), np.int32), points)
    for gain, is_strange in ((1.0, True), (1 / 0.6, False)):
        exposures = [Exposure.unchanged(), Exposure(np.full(3, gain), np.zeros(3))]
        found = StrangerFinder(0, points, Grid.around(views.wide[0]), views, exposures).find(places)
        assert found.all() if is_strange else not found.any()


def test_what_several_frames_show_is_judged_frame_by_frame(hole) -> None:
    """Alone, each pixel is judged as if the others of its frame were the only ones that are copied."""
    frames = [wall(), *(wall(slice(10 + 5 * k, 30 + 5 * k)) for k in range(8))]
    views = Views(frames, WideHoles([hole, *(np.zeros_like(hole) for _ in range(8))]))
    points = points_of(views.wide[0])
    finder = StrangerFinder(0, points, Grid.around(views.wide[0]), views, [Exposure.unchanged()] * len(frames))
    source = np.random.default_rng(0).integers(NOWHERE, 9, len(points)).astype(np.int32)
    source[source == 0] = NOWHERE
    found = finder.find(Places(source, points))
    alone = [finder.find(Places(np.where(source == k, k, NOWHERE).astype(np.int32), points)) for k in range(1, 9)]
    assert 0.1 < found.mean() < 0.9
    assert (found == np.any(alone, axis=0)).all()


def test_where_nothing_is_known_around_nothing_is_a_stranger(hole) -> None:
    views = Views([wall()], WideHoles([hole]))
    points = points_of(views.wide[0])
    places = Places(np.full(len(points), NOWHERE, np.int32), points)
    finder = StrangerFinder(0, points, Grid.around(hole), views, [Exposure.unchanged()])
    assert not finder.find(places).any()


def test_a_montage_makes_up_what_only_strangers_hide(hole) -> None:
    """A spot on the lens goes when a person has come to stay behind it: what was there before is not seen."""
    frames = [wall() if t < 4 else wall(slice(20, 80)) for t in range(8)]
    holes = [hole if t < 4 else np.zeros_like(hole) for t in range(8)]
    masked = [np.where(h[..., None], 124, f).astype(np.uint8) for h, f in zip(holes, frames, strict=True)]
    montage = Photomontage(masked, holes, SmoothPainter(), Motions.of(masked, holes))
    for t, filled in montage.fill(range(4)):
        assert (filled.source >= 0).mean() < 0.1
        assert np.abs(filled.colours.astype(int) - frames[t][hole]).mean() < 25
