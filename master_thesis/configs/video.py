"""Options of a removal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from master_thesis.configs.fields import argument, check_bounds, option
from master_thesis.errors import require

AUTO: Literal["auto"] = "auto"
ORIGINAL: Literal["original"] = "original"
WorkingSize = tuple[int, int] | Literal["auto", "original"] | None
"""The number of pixels at which holes are filled, as height and width; ``AUTO``: those of the video, in a crop around
the hole, unless these are too many; None: those of the video, in such a crop of any size; ``ORIGINAL``: the same with
the margin of ``AUTO``, for pm, which reads frames again when it needs them."""
MIN_WIDENING_PX, WIDENING_SHARE = 4, 1 / 120
"""Masks are widened by this share of the shorter side of the frames: what is blurred at the outline of an object is
wider in larger frames."""


def default_widening(size: tuple[int, int]) -> int:
    """Pixels by which masks of frames of a size are widened where nothing is said.

    >>> default_widening((240, 432)), default_widening((480, 854)), default_widening((1920, 1080))
    (4, 4, 9)
    """
    return max(MIN_WIDENING_PX, round(WIDENING_SHARE * min(size)))


@dataclass(frozen=True)
class VideoConfig:
    """What to remove from which video, and how to write the result."""

    video: str = argument("VIDEO", "video to fill: a file, a folder of frames, or a folder of videos")
    mask: str = option("", "what to remove: image, folder of images, video, or alpha (transparency)", metavar="MASK")
    output: str | None = option(
        None,
        ".mp4, .mov, .mkv, or a folder (of PNG frames, or for many videos); "
        "default: next to VIDEO, with _inpainted in its name",
        metavar="OUT",
    )
    object_ids: tuple[int, ...] = option(
        (), "values of indexed masks to remove (default: all)", metavar="ID", within=(1, 65535)
    )
    mask_dilation: int | None = option(
        None,
        "pixels by which masks are widened",
        otherwise="a 120th of the shorter side of the frames, at least 4",
        within=(0, 1000),
    )
    invert_mask: bool = option(False, "masks are 0 where the hole is")
    window: int | None = option(
        None,
        "frames in memory at a time",
        otherwise="100, fewer if the crop is large",
        within=(1, 10**6),
    )
    leaps: bool = option(
        True,
        "copy everything that any frame shows, from references planned in advance; false: the rules of the thesis, "
        "which try one reference after another and stop when 1 % of the frame is left",
    )
    frame_rate: float = option(25.0, "frames per second of a folder of frames")
    lossless: bool = option(False, "FFV1 (.mkv) instead of H.264: known pixels stay bit-exact")
    codec: str | None = option(
        None, "codec of the result", choices=("h264", "hevc", "av1", "prores", "ffv1"), otherwise="h264, hevc for HDR"
    )
    crf: int | None = option(
        None,
        "quality of the result: larger numbers give smaller files",
        otherwise="16, 20 for av1",
        within=(0, 63),
    )
    keep_going: bool = option(False, "make damaged frames from their neighbours instead of stopping")
    hold_masks: bool = option(False, "repeat the previous mask for frames without one")
    feather: int = option(0, "width in pixels of a soft seam inside the hole", within=(0, 1000))
    overlay: bool = option(False, "also write a video that shows where each pixel came from")
    origins: bool = option(False, "also write the number of the frame that each pixel comes from (16-bit PNG)")
    report: bool = option(False, "also write a page that shows the result (HTML)")
    check: bool = option(False, "only examine video and masks, and estimate the time")
    overwrite: bool = option(False, "replace existing results")

    def __post_init__(self) -> None:
        require(self.video != "", "VIDEO should be a file or a folder, got an empty name")
        require(self.output != "", "--output should name a file or a folder, got an empty name")
        require(0.01 <= self.frame_rate <= 1000, f"--frame_rate should lie in [0.01, 1000], got {self.frame_rate:g}")
        require(min(self.object_ids, default=1) >= 1, "--object_ids should be at least 1 (0 is the background)")
        check_bounds(self)
        is_one = not (self.lossless and self.codec not in (None, "ffv1"))
        require(is_one, f"--lossless is FFV1: leave out --codec {self.codec}")
        if self.mask_dilation is not None:
            self._check_seam(self.mask_dilation)

    def widening(self, size: tuple[int, int]) -> int:
        """Pixels by which masks of frames of a size are widened.

        Raises:
            UserError: they are fewer than those of the seam.
        """
        widening = default_widening(size) if self.mask_dilation is None else self.mask_dilation
        self._check_seam(widening)
        return widening

    def _check_seam(self, widening: int) -> None:
        require(
            self.feather <= widening,
            f"--feather should be at most --mask_dilation ({widening}), got {self.feather}: "
            "a wider seam would show the object",
        )
