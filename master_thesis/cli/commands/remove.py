"""``remove``: removing an object from a video."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from master_thesis.cli.flags import part, trainer_part
from master_thesis.cli.options import AlgorithmChoice, NetworkChoice, NetworkCommandOptions
from master_thesis.configs.data import DataConfig
from master_thesis.configs.fields import option
from master_thesis.configs.graphics import NO_GRAPHICS, Graphics
from master_thesis.configs.inpainting import MONTAGE, STEADY, InpaintOptions
from master_thesis.configs.masking import CARRIER, MARK_FLAGS, NOTHING_TO_GROW, Marks, MaskConfig, TrackerChoice
from master_thesis.configs.video import AUTO, VideoConfig
from master_thesis.errors import require
from master_thesis.runtime.garbage import loaded_for_good
from master_thesis.runtime.interruption import terminated_like_interrupted

log = logging.getLogger(__name__)

SHADOW_LEFT = "if a shadow or reflection of the object is left, add --grow shadow, reflection or both, and --overwrite"


@dataclass(frozen=True, kw_only=True)
class RemoveOptions(NetworkCommandOptions):
    """Remove an object from a video, or from every video of a folder."""

    NAME = "remove"
    COMMON = (
        *("video", "mask", "box", "fixed_box", "text", "output", "object_ids", "mask_dilation", "invert_mask"),
        *("algorithms", "test_size", "lossless", "overlay", "report", "check", "overwrite", "gpus", "config"),
    )

    video: VideoConfig = part(VideoConfig)
    marks: Marks = part(Marks())
    graphics: Graphics = part(NO_GRAPHICS)
    tracker: TrackerChoice = part(CARRIER)
    inpainting: AlgorithmChoice = part(AlgorithmChoice((MONTAGE,)))
    test_size: tuple[int, int] | Literal["auto"] | None = option(
        AUTO,
        "approximate size at which holes are filled; native: that of the video, in a crop around the hole; "
        "auto: the same, with ff, ip and cp up to half a megapixel",
        metavar="H W|auto|native",
        none="native",
        auto=AUTO,
        within=(16, 8192),
    )
    networks: NetworkChoice = part(NetworkChoice())
    data: DataConfig = part(DataConfig(), only=("seed",))
    trainer: Mapping[str, Any] = trainer_part("accelerator", "precision")

    def __post_init__(self) -> None:
        super().__post_init__()
        flag = next((f"--{name}" for name in MARK_FLAGS if getattr(self.marks, name)), self.graphics.flag)
        require(
            bool(self.video.mask) or self.is_marked,
            "remove needs --mask MASK, or the object marked on a frame: --box X Y W H, --points X Y or --draw FILE; "
            "--fixed_box X Y W H is for logos, --text for subtitles",
        )
        require(not (self.video.mask and self.is_marked), f"--mask and {flag} both say what to remove: choose one")
        require(self.marks.grow is None or self.marks.is_given or bool(self.video.mask), NOTHING_TO_GROW)
        is_one = not self.is_marked or not (self.video.invert_mask or self.video.object_ids)
        require(is_one, f"--invert_mask and --object_ids belong to --mask: leave them out with {flag}")

    @property
    def is_marked(self) -> bool:
        """Whether masks are made from what is marked."""
        return self.marks.is_given or self.graphics.is_given

    @property
    def may_leave_shadow(self) -> bool:
        """Whether an object is removed, and nothing that moves with it is looked for."""
        return self.marks.grow is None and (self.marks.is_given or bool(self.video.mask))


def fitting(networks: NetworkChoice, algorithms: Sequence[str]) -> NetworkChoice:
    """Completes a choice by what suits the algorithms.

    CHN paints where one of them would paint every frame separately, which flickers; no aligner is loaded where none of
    them asks for one.
    """
    if networks.hallucinate is None and not STEADY.issuperset(algorithms):
        networks = replace(networks, hallucinate="chn")
    if set(algorithms) == {MONTAGE} and not (networks.chn_aligner or networks.test_checkpoint):
        networks = replace(networks, chn_aligner="none")
    return networks


def remove(options: RemoveOptions) -> None:
    """Removes the object, and writes a file next to each result that repeats the run."""
    with loaded_for_good():
        from master_thesis.cli.build import check_device, load_networks, make_inpainters, running_networks
        from master_thesis.cli.config_file import CONFIG, write_config
        from master_thesis.video.jobs import is_folder_of_videos, refuse_early, run_jobs  # with PyAV, unlike training
        from master_thesis.video.outputs import beside

    video, names = options.video, options.inpainting.algorithms
    check_device(options)
    is_one = not ((options.is_marked or options.marks.grow) and is_folder_of_videos(video))
    remedy = "marks belong to one video, so give --mask" if options.is_marked else "--grow belongs to one video"
    require(is_one, f"{video.video} is a folder of videos: {remedy}")
    refuse_early(video, names)
    networks = load_networks(fitting(options.networks, names))
    with terminated_like_interrupted():
        if options.is_marked:
            video = _with_masks(options)
        elif options.marks.grow:
            video = _with_grown(options)
    with running_networks(options, options.data.seed) as device, terminated_like_interrupted():
        inpainters = make_inpainters(networks, [InpaintOptions(n, exhaustive=video.leaps) for n in names], device)
        results = run_jobs(video, inpainters, options.test_size)
    for result in results:
        if result.output is not None:
            write_config(beside(result.output, f".{CONFIG}"), options, video.overwrite)
    if options.may_leave_shadow and not is_folder_of_videos(video) and results[0].output is not None:
        log.info(SHADOW_LEFT)


def _with_masks(options: RemoveOptions) -> VideoConfig:
    """Makes the masks of a video from what is marked, in a folder next to the result."""
    from master_thesis.video.mask_making import make_masks

    video, folder = options.video, _beside_result(options.video, "_masks")
    common = {name: getattr(video, name) for name in ("frame_rate", "keep_going")}
    config = MaskConfig(video.video, str(folder), overwrite=True, **common)
    result = make_masks(config, options.marks, options.graphics, options.tracker)
    return replace(video, mask=str(result.folder))


def _with_grown(options: RemoveOptions) -> VideoConfig:
    """Adds what moves with the object to the masks of a video, in a folder next to the result."""
    from master_thesis.video.mask_growing import grow_masks

    video, folder = options.video, _beside_result(options.video, "_grown_masks")
    grow_masks(video, options.marks.grown, folder)
    return replace(video, mask=str(folder), object_ids=(), invert_mask=False, hold_masks=False)


def _beside_result(video: VideoConfig, ending: str) -> Path:
    from master_thesis.video.io.decoding import open_source
    from master_thesis.video.outputs import beside, chosen_output

    info = open_source(Path(video.video), video.frame_rate, video.keep_going).info
    return beside(chosen_output(video, info), ending)
