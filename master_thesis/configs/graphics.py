"""Options for masking text, logos and watermarks over the picture."""

from __future__ import annotations

import re
from dataclasses import dataclass

from master_thesis.configs.fields import option
from master_thesis.errors import require

BOX = re.compile(r"(\d+) (\d+) ([1-9]\d*) ([1-9]\d*)(?:@(\d+)-(\d+))?")
"""X Y W H, and the first and the last frame."""


@dataclass(frozen=True)
class FixedBox:
    """A rectangle that stays where it is.

    Attributes:
        box: x, y, width and height.
        first: the first frame.
        last: the last one; None: that of the video.
    """

    box: tuple[int, int, int, int]
    first: int = 0
    last: int | None = None

    def is_shown(self, frame: int) -> bool:
        """Whether a frame has it."""
        return self.first <= frame and (self.last is None or frame <= self.last)


@dataclass(frozen=True)
class Graphics:
    """Text, logos and watermarks over the picture."""

    fixed_box: tuple[str, ...] = option(
        (),
        "a rectangle to mask in every frame, or in the frames FIRST to LAST: a logo or watermark",
        metavar="X Y W H[@FIRST-LAST]",
        is_repeatable=True,
    )
    text: bool = option(False, "mask text over the picture, such as subtitles, while it is shown (needs rapidocr)")
    text_boxes: bool = option(False, "mask entire lines of text instead of their letters, for text on a plate")
    region: tuple[str, ...] = option((), "where to look for text", metavar="X Y W H", otherwise="everywhere")

    def __post_init__(self) -> None:
        require(self.text or not self.region, "--region says where to look for text: add --text")
        require(self.text or not self.text_boxes, "--text_boxes says how text is masked: add --text")
        require(len(self._regions) <= 1, f"--region should be X Y W H, got {' '.join(self.region)}")
        for fixed in self.fixed_boxes:
            is_forward = fixed.last is None or fixed.first <= fixed.last
            require(is_forward, f"--fixed_box should end at its first frame or later, got @{fixed.first}-{fixed.last}")

    @property
    def is_given(self) -> bool:
        """Whether there is anything to mask."""
        return self.text or bool(self.fixed_box)

    @property
    def flag(self) -> str:
        """The option that is given."""
        return "--text" if self.text else "--fixed_box"

    @property
    def fixed_boxes(self) -> list[FixedBox]:
        """The rectangles."""
        return _boxes("fixed_box", self.fixed_box, Graphics.__dataclass_fields__["fixed_box"].metadata["metavar"])

    @property
    def _regions(self) -> list[FixedBox]:
        return _boxes("region", self.region, "X Y W H")

    @property
    def text_region(self) -> tuple[int, int, int, int] | None:
        """Where to look for text: x, y, width and height; None: everywhere."""
        return self._regions[0].box if self.region else None


def _boxes(flag: str, words: tuple[str, ...], form: str) -> list[FixedBox]:
    """Reads groups of four numbers, the last of which may carry frames."""
    found = []
    for i in range(0, len(words), 4):
        shown = " ".join(words[i : i + 4])
        match = BOX.fullmatch(shown)
        has_form = match is not None and ("@" in form or match[5] is None)
        require(has_form, f"--{flag} should be {form}: whole numbers, a width and a height of at least 1, got {shown}")
        assert match is not None
        x, y, w, h = map(int, match.groups()[:4])
        first, last = (0, None) if match[5] is None else (int(match[5]), int(match[6]))
        found.append(FixedBox((x, y, w, h), first, last))
    return found


NO_GRAPHICS = Graphics()
