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
    mask_dilation: int = option(4, "pixels by which masks are widened", within=(0, 1000))
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
        is_soft = self.feather <= self.mask_dilation
        require(
            is_soft,
            f"--feather should be at most --mask_dilation ({self.mask_dilation}), got {self.feather}: "
            "a wider seam would show the object",
        )
