"""Masks of what lies over the picture: fixed rectangles, and text while it is shown."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.configs.graphics import FixedBox, Graphics
from master_thesis.errors import require
from master_thesis.images.reducing import reduce_image
from master_thesis.masking.captions import Caption, CaptionFinder, caption_mask
from master_thesis.masking.finishing import enlarge
from master_thesis.masking.text_detector import TextDetector, reading_size
from master_thesis.video.boxes import clipped
from master_thesis.video.mask_folder import RECORD
from master_thesis.video.provenance import ranges_of
from master_thesis.wording import counted

log = logging.getLogger(__name__)

Box = tuple[int, int, int, int]


class GraphicMasks:
    """Looks at the frames of a video, and then gives the mask of each.

    Args:
        graphics: what to mask.
        size: height and width of the frames as displayed.

    Raises:
        UserError: a rectangle lies outside the frame, or the package that finds text is missing.
    """

    def __init__(self, graphics: Graphics, size: tuple[int, int]) -> None:
        self.graphics, self.size = graphics, size
        self.fixed = [(fixed, _clipped("--fixed_box", fixed.box, size)) for fixed in graphics.fixed_boxes]
        self.region = _clipped("--region", graphics.text_region or (0, 0, size[1], size[0]), size)
        self.reading_size = reading_size((self.region[3], self.region[2]))
        self.detector = TextDetector() if graphics.text else None
        self._finder = CaptionFinder(self.detector) if self.detector else None
        self.captions: list[Caption] = []
        self._by_frame: dict[int, list[Caption]] = {}

    def look(self, number: int, image: UInt8[np.ndarray, "H W 3"]) -> None:
        """Takes the next frame."""
        if self._finder:
            x, y, w, h = self.region
            self._finder.look(number, reduce_image(image[y : y + h, x : x + w].copy(), self.reading_size))

    def finish(self, num_frames: int, is_alone: bool) -> None:
        """Called after the last frame.

        Args:
            num_frames: number of frames of the video.
            is_alone: whether nothing else is masked.

        Raises:
            UserError: a rectangle begins after the last frame, or there is no text and nothing else to mask.
        """
        for fixed in self.graphics.fixed_boxes:
            _check_end(fixed, num_frames)
        if self._finder is None:
            return
        self.captions = self._finder.captions()
        for caption in self.captions:
            for frame in caption.shown:
                self._by_frame.setdefault(frame, []).append(caption)
        nothing = "--text found no text: if there is some, mark it with --fixed_box or --box"
        require(bool(self.captions or self.fixed) or not is_alone, nothing)
        log.info(self.words or nothing)

    def mask_at(self, frame: int) -> Bool[np.ndarray, "H W"] | None:
        """The mask of a frame; None where there is nothing."""
        boxes = [box for fixed, box in self.fixed if fixed.is_shown(frame)]
        captions = self._by_frame.get(frame, [])
        if not boxes and not captions:
            return None
        mask = np.zeros(self.size, bool)
        if captions:
            x, y, w, h = self.region
            small = caption_mask(captions, frame, self.reading_size, not self.graphics.text_boxes)
            mask[y : y + h, x : x + w] = enlarge(small.astype(np.float32), (h, w))
        for x, y, w, h in boxes:
            mask[y : y + h, x : x + w] = True
        return mask

    @property
    def digest(self) -> str:
        """A digest of everything that the masks depend on, except the video."""
        version = self.detector.version if self.detector else ""
        return hashlib.sha256(f"{self.graphics} {version}".encode()).hexdigest()[:16]

    @property
    def record(self) -> list[dict[str, Any]]:
        """The lines of text, for ``masks.json``: x, y, width and height, and the frames."""
        return [{"box": self._box_of(c), "first": c.frames[0], "last": c.frames[-1]} for c in self.captions]

    def _box_of(self, caption: Caption) -> list[int]:
        (x, y, w, h), (height, width) = self.region, self.reading_size
        left, top, right, bottom = caption.box
        corners = (x + left * w / width, y + top * h / height, (right - left) * w / width, (bottom - top) * h / height)
        return [round(number) for number in corners]

    @property
    def words(self) -> str:
        """What text was found; empty if none was."""
        count = len(self.captions)
        if not count:
            return ""
        frames = ranges_of(sorted({frame for c in self.captions for frame in range(c.frames[0], c.frames[-1] + 1)}))
        return (
            f"text: {counted(count, 'line')}, in frames {frames}; {RECORD} lists them, --region looks at a part alone"
        )


def _clipped(flag: str, box: Box, size: tuple[int, int]) -> Box:
    x, y, w, h = box
    left, top, right, bottom = clipped(" ".join((flag, *map(str, box))), (x, y, x + w, y + h), size)
    return left, top, right - left, bottom - top


def _check_end(fixed: FixedBox, num_frames: int) -> None:
    shown, last = " ".join(map(str, fixed.box)), num_frames - 1
    require(
        fixed.first <= last,
        f"--fixed_box {shown} begins at frame {fixed.first}, but the video ends at frame {last}: frames count from 0",
    )
