"""Open pixels are painted where they are wide, and filled smoothly, all at once, where they are narrow."""

import numpy as np
import pytest

from master_thesis.inpainting.painting import PicturePainter, smoothed
from master_thesis.models.painter import Painter
from master_thesis.records import MaskedFrames

SIZE = (120, 160)


class White(Painter):
    """Paints white, and notes how often it is asked."""

    calls = 0

    def paint_one(self, frame: MaskedFrames):
        self.calls += 1
        return frame.colours * 0 + 1


@pytest.fixture
def ramp() -> np.ndarray:
    return np.repeat(np.arange(160, dtype=np.float32)[None, :, None], 120, axis=0).repeat(3, axis=2)


def test_narrow_parts_continue_what_surrounds_them(ramp) -> None:
    is_open = np.zeros(SIZE, bool)
    is_open[20:100, 40:44] = is_open[60:63, 90:150] = True
    marked = np.where(is_open[..., None], 255, ramp).astype(np.float32)
    filled = smoothed(marked, is_open, is_open)
    assert np.abs(filled - ramp)[is_open].max() < 2.5
    assert (filled == marked)[~is_open].all()


def test_nothing_shines_through_from_open_pixels_beside_narrow_ones(ramp) -> None:
    is_open, is_narrow = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    is_open[50:80, 60:100] = True
    is_narrow[50:80, 56:60] = is_open[50:80, 56:60] = True
    marked = np.where(is_open[..., None], 255, ramp).astype(np.float32)
    assert smoothed(marked, is_open, is_narrow)[is_narrow].max() < 110


def test_the_painter_is_asked_for_wide_parts_alone(ramp) -> None:
    painter, is_open = White(), np.zeros(SIZE, bool)
    is_open[10:30, 10:30] = is_open[10:110, 140:143] = is_open[100:103, 20:90] = True
    filled = PicturePainter(painter).paint(ramp.astype(np.uint8), is_open)
    assert painter.calls == 1
    assert (filled[10:30, 10:30] == 255).all()
    assert filled[100:103, 20:90].max() < 120
    assert np.abs(filled.astype(int) - ramp)[10:110, 140:143].max() <= 3
