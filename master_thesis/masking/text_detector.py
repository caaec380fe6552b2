"""The text detector of rapidocr, whose weights are inside its wheel."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

import cv2
import numpy as np
from jaxtyping import UInt8

from master_thesis.errors import UserError
from master_thesis.masking.glyphs import Line, read_line

PACKAGES = ("rapidocr", "onnxruntime")
NEEDED = "the packages rapidocr and onnxruntime: pip install 'master_thesis[text]'"
MAX_HEIGHT = 0.25
"""Height of the tallest line, as a share of that of the picture: taller ones are mostly foliage and clouds."""
MIN_SCORE = 0.6
"""Least certainty of the detector."""
PIXELS = 480 * 854
"""Number of pixels at which text is looked for, at most."""


class TextDetector:
    """Finds lines of text in pictures, RGB.

    Raises:
        UserError: a package is missing.
    """

    def __init__(self) -> None:
        try:
            import_module("onnxruntime")
            rapidocr = import_module("rapidocr")
        except ImportError as error:
            raise UserError(f"--text needs {NEEDED}") from error
        self.version = version("rapidocr")
        options = {
            "Global.log_level": "error",
            "Det.limit_type": "max",
            "Det.limit_side_len": 4096,
            "Det.box_thresh": MIN_SCORE,
        }
        self._engine = rapidocr.RapidOCR(params=options)

    def __call__(self, image: UInt8[np.ndarray, "H W 3"]) -> list[Line]:
        """The lines in a picture."""
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        quads = self._engine(bgr, use_det=True, use_cls=False, use_rec=False).boxes
        lines = [read_line(image, np.asarray(quad, float)) for quad in (() if quads is None else quads)]
        return [line for line in lines if line is not None and line.height <= MAX_HEIGHT * image.shape[0]]


def reading_size(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width at which text is looked for.

    >>> reading_size((1080, 1920)), reading_size((120, 640))
    ((480, 854), (120, 640))
    """
    share = min((PIXELS / (size[0] * size[1])) ** 0.5, 1.0)
    return max(round(size[0] * share), 1), max(round(size[1] * share), 1)
