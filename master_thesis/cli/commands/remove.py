"""``remove``: removing an object from a video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from master_thesis.cli.flags import part, trainer_part
from master_thesis.cli.options import AlgorithmChoice, NetworkChoice, NetworkCommandOptions
from master_thesis.configs.data import DataConfig
from master_thesis.configs.fields import option
from master_thesis.configs.inpainting import STEADY, InpaintOptions
from master_thesis.configs.video import AUTO, VideoConfig
from master_thesis.runtime.interruption import terminated_like_interrupted


@dataclass(frozen=True, kw_only=True)
class RemoveOptions(NetworkCommandOptions):
    """Remove an object from a video, or from every video of a folder."""

    NAME = "remove"
    COMMON = (
        *("video", "mask", "output", "object_ids", "mask_dilation", "invert_mask", "algorithms", "test_size"),
        *("lossless", "overlay", "report", "check", "overwrite", "gpus", "config"),
    )

    video: VideoConfig = part(VideoConfig)
    inpainting: AlgorithmChoice = part(AlgorithmChoice(("ip",)))
    test_size: tuple[int, int] | Literal["auto"] | None = option(
        AUTO,
        "approximate size at which holes are filled; native: that of the video, in a crop around the hole; "
        "auto: the same, up to half a megapixel",
        metavar="H W|auto|native",
        none="native",
        auto=AUTO,
        within=(16, 8192),
    )
    networks: NetworkChoice = part(NetworkChoice())
    data: DataConfig = part(DataConfig(), only=("seed",))
    trainer: Mapping[str, Any] = trainer_part("accelerator", "precision")


def without_flicker(networks: NetworkChoice, algorithms: Sequence[str]) -> NetworkChoice:
    """The same choice, with CHN where nothing was chosen and an algorithm would paint every frame for itself."""
    is_open = networks.hallucinate is None and not STEADY.issuperset(algorithms)
    return replace(networks, hallucinate="chn") if is_open else networks


def remove(options: RemoveOptions) -> None:
    """Removes the object and writes beside each result what repeats the run."""
    from master_thesis.cli.build import load_networks, make_inpainters, running_networks
    from master_thesis.cli.config_file import CONFIG, write_config
    from master_thesis.video.jobs import run_jobs  # with PyAV, which training does without
    from master_thesis.video.outputs import beside

    video = options.video
    with running_networks(options, options.data.seed) as device, terminated_like_interrupted():
        networks = load_networks(without_flicker(options.networks, options.inpainting.algorithms))
        algorithms = [InpaintOptions(name, exhaustive=video.leaps) for name in options.inpainting.algorithms]
        inpainters = make_inpainters(networks, algorithms, device)
        results = run_jobs(video, inpainters, options.test_size)
    for result in results:
        if result.output is not None:
            write_config(beside(result.output, f".{CONFIG}"), options, video.overwrite)
