"""``mask``: from marks on a few frames to a mask for every frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from master_thesis.cli.flags import part
from master_thesis.cli.options import CommandOptions
from master_thesis.configs.graphics import NO_GRAPHICS, Graphics
from master_thesis.configs.masking import CARRIER, NOTHING_MARKED, Marks, MaskConfig, TrackerChoice
from master_thesis.errors import require
from master_thesis.runtime.garbage import loaded_for_good
from master_thesis.runtime.interruption import terminated_like_interrupted


@dataclass(frozen=True, kw_only=True)
class MaskOptions(CommandOptions):
    """Make a mask for every frame of a video, from marks on a few."""

    NAME = "mask"
    COMMON = (
        *("video", "box", "points", "background_points", "draw", "gone", "grow", "fixed_box", "text", "output"),
        *("overlay", "overwrite", "config"),
    )

    masks: MaskConfig = part(MaskConfig)
    marks: Marks = part(Marks())
    graphics: Graphics = part(NO_GRAPHICS)
    tracker: TrackerChoice = part(CARRIER)

    def __post_init__(self) -> None:
        require(self.marks.is_given or self.graphics.is_given, NOTHING_MARKED)


def mask(options: MaskOptions) -> None:
    """Makes the masks, and writes a file next to them that repeats the run."""
    with loaded_for_good():
        from master_thesis.cli.build import prepare_run
        from master_thesis.cli.config_file import CONFIG, write_config
        from master_thesis.video.mask_making import make_masks
        from master_thesis.video.outputs import beside

    prepare_run(0)
    with terminated_like_interrupted():
        result = make_masks(options.masks, options.marks, options.graphics, options.tracker)
    write_config(beside(Path(result.folder), f".{CONFIG}"), options, options.masks.overwrite)
