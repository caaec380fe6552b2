"""The detector that comes with rapidocr finds a subtitle, and says what to install where it is missing."""

import sys
import warnings

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from master_thesis.errors import UserError
from master_thesis.masking.text_detector import TextDetector


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(UserError, match=r"--text needs the packages rapidocr and onnxruntime: pip install"):
        TextDetector()


def test_a_subtitle_is_found_and_nothing_else():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package, while it is loaded
        pytest.importorskip("rapidocr")
        detector = TextDetector()
    noise = np.random.default_rng(0).integers(0, 255, (12, 30, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((480, 192), Image.Resampling.BICUBIC)
    assert detector(np.asarray(picture)) == []
    font = ImageFont.load_default(22)
    ImageDraw.Draw(picture).text((100, 150), "I never said so", font=font, stroke_width=2, stroke_fill="black")
    (line,) = detector(np.asarray(picture))
    left, top, right, bottom = line.box
    assert 85 <= left <= 102
    assert 140 <= top <= 156
    assert 240 <= right <= 285
    assert 168 <= bottom <= 190
    assert 0.1 < line.letters.mean() < 0.7
