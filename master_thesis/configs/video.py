"""Options of a removal."""

from __future__ import annotations

from dataclasses import dataclass

from master_thesis.configs.fields import check_bounds, option
from master_thesis.errors import require


@dataclass(frozen=True)
class VideoConfig:
    """Removing an object from somebody's video."""

    video: str | None = option(None, "video to fill: a file, a folder of frames, or a folder of videos")
    mask: str | None = option(None, "what to remove: an image, a folder of images, a video, or alpha (transparency)")
    output: str | None = option(
        None,
        "result: .mp4, .mov or .mkv, or a folder for PNG frames; for a folder of videos the folder of the results "
        "(without it: beside the input, _inpainted in its name)",
    )
    object_ids: tuple[int, ...] = option(
        (), "which values of indexed masks to remove; without it: all", metavar="ID", within=(1, 65535)
    )
    mask_dilation: int = option(4, "pixels by which masks are widened", within=(0, 1000))
    invert_mask: bool = option(False, "masks are 0 where the hole is")
    window: int = option(100, "frames worked on at a time in longer videos: more takes more memory", within=(1, 10**6))
    leaps: bool = option(
        True,
        "leave references out while they show nothing new (ff, ip), which is quicker; false: take all, as the thesis "
        "does, and as --evaluate does unless told otherwise",
    )
    frame_rate: float = option(25.0, "frames per second of a folder of frames")
    native_size: bool = option(False, "fill the hole at the video's own resolution", said_by="--test_size native")
    lossless: bool = option(False, "FFV1 (.mkv) instead of H.264: known pixels stay bit-exact")
    feather: int = option(0, "width in pixels of a soft seam inside the hole", within=(0, 1000))
    overlay: bool = option(False, "also write a video that shows where each pixel came from")
    report: bool = option(False, "also write a page to look at (HTML)")
    check: bool = option(False, "only examine video and masks, and say how long it will take")
    overwrite: bool = option(False, "replace results that exist, whatever writes them")

    def __post_init__(self) -> None:
        require((self.video is None) == (self.mask is None), "--video and --mask go together")
        is_named = self.video != "" and self.mask != ""
        require(is_named, "--video and --mask should be a file or a folder each, got an empty name")
        require(0.01 <= self.frame_rate <= 1000, f"--frame_rate should lie in [0.01, 1000], got {self.frame_rate:g}")
        require(min(self.object_ids, default=1) >= 1, "--object_ids should be at least 1 (0 is the background)")
        check_bounds(self)
        is_soft = self.feather <= self.mask_dilation
        require(
            is_soft,
            f"--feather should be at most --mask_dilation ({self.mask_dilation}), got {self.feather}: "
            "a wider seam would show the object",
        )
