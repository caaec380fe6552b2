"""The sheet that ``--check`` writes: a few frames with the widened mask drawn over them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.errors import require
from master_thesis.images.codec import write_jpeg
from master_thesis.runtime.atomic import atomic_path
from master_thesis.video.io.orientation import to_displayed
from master_thesis.video.samples import Sample

SHEET = "_check.jpg"
"""Ending of the sheet next to an output."""
MARK = b"master_thesis check sheet"
"""Follows the image data of a sheet, so that it is recognised and may be replaced."""
COLUMNS, NUM_FRAMES = 3, 9
GAP_PX = 6
TINT, OUTLINE = np.array([255, 40, 40.0]), (255, 255, 0)
OPACITY = 0.45


def write_sheet(path: Path, samples: Sequence[Sample], matrix: Sequence[int] | None, overwrite: bool) -> None:
    """Writes the sheet; the file appears complete or not at all.

    Args:
        path: the JPEG file.
        samples: frames of the video, reduced.
        matrix: how players rotate the frames; None: not at all.
        overwrite: whether to replace a file that is not a sheet.

    Raises:
        UserError: there is another file, or the sheet cannot be written.
    """
    is_free = overwrite or not path.exists() or (path.is_file() and path.read_bytes().endswith(MARK))
    require(is_free, f"{path} exists already and is not a sheet of --check: --overwrite replaces it")
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as part:
        write_jpeg(part, sheet(samples, matrix))
        with part.open("ab") as file:
            file.write(MARK)


def sheet(samples: Sequence[Sample], matrix: Sequence[int] | None) -> UInt8[np.ndarray, "H W 3"]:
    """A few frames in rows, at equal distances, first those that have a hole."""
    shown = [s for s in samples if s.hole.any()] or list(samples)
    count = min(len(shown), NUM_FRAMES)
    chosen = [shown[round(i * (len(shown) - 1) / max(count - 1, 1))] for i in range(count)]
    pictures = [to_displayed(marked(s.image, s.hole), matrix) for s in chosen]
    (height, width), columns = pictures[0].shape[:2], min(COLUMNS, count)
    rows = -(-count // columns)
    page = np.full((rows * (height + GAP_PX) - GAP_PX, columns * (width + GAP_PX) - GAP_PX, 3), 255, np.uint8)
    for i, (sample, picture) in enumerate(zip(chosen, pictures, strict=True)):
        top, left = i // columns * (height + GAP_PX), i % columns * (width + GAP_PX)
        page[top : top + height, left : left + width] = _numbered(picture, sample.number)
    return page


def marked(image: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 3"]:
    """A frame whose hole is tinted red inside a yellow outline."""
    picture = image.copy()
    picture[hole] = np.rint((1 - OPACITY) * image[hole] + OPACITY * TINT)
    inner = cv2.erode(hole.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    picture[hole & ~inner] = OUTLINE
    return picture


def _numbered(picture: UInt8[np.ndarray, "H W 3"], number: int) -> UInt8[np.ndarray, "H W 3"]:
    result = np.ascontiguousarray(picture)
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(result, f"frame {number}", (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness, cv2.LINE_AA)
    return result
