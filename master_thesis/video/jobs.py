"""Fills one video or a folder of videos, by one algorithm or several.

In a folder, finished videos are skipped, one that fails does not stop the others, and several processes share the
videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from master_thesis.configs.video import VideoConfig, WorkingSize
from master_thesis.errors import require
from master_thesis.images.listing import entries_of, images_in
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.video.checks import early_problems
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.masks import ALPHA
from master_thesis.video.io.opening import has_picture
from master_thesis.video.io.source import VIDEO_SUFFIXES
from master_thesis.video.outputs import chosen_output, stem_of, with_own_name
from master_thesis.video.pipeline import VideoResult, fill_video
from master_thesis.video.sharing import Job, fill_all
from master_thesis.wording import in_one_message


def run_jobs(config: VideoConfig, inpainters: Sequence[Inpainter], working_size: WorkingSize) -> list[VideoResult]:
    """Fills a video, or every video of a folder.

    Args:
        config: video, mask, output and further options of the video.
        inpainters: the algorithms with their networks. If there are several, results end in ``_<algorithm>``.
        working_size: the number of pixels to process (see :data:`~master_thesis.configs.video.WorkingSize`).

    Raises:
        UserError: lists all problems of the video; for a folder, the videos that failed, after the others are done.
    """
    if is_folder_of_videos(config):
        return fill_all(folder_jobs(config, inpainters), working_size)
    return [fill_video(job.config, job.inpainter, working_size) for job in video_jobs(config, inpainters)]


def is_folder_of_videos(config: VideoConfig) -> bool:
    """Whether the video is a folder of videos: one that contains videos, but no images."""
    folder = Path(config.video)
    return folder.is_dir() and not images_in(folder) and bool(_videos(folder))


def video_jobs(config: VideoConfig, inpainters: Sequence[Inpainter]) -> list[Job]:
    """One job per algorithm.

    Raises:
        UserError: one of several outputs cannot be written.
    """
    configs = _named_configs(config, [inpainter.options.algorithm for inpainter in inpainters])
    if len(configs) > 1:
        _refuse(configs)
    return [Job(named, inpainter) for named, inpainter in zip(configs, inpainters, strict=True)]


def _named_configs(config: VideoConfig, algorithms: Sequence[str]) -> list[VideoConfig]:
    """The options of each algorithm; where there are several, their outputs are named after them."""
    if len(algorithms) == 1:
        return [config]
    output = chosen_output(config, open_source(Path(config.video), config.frame_rate).info)
    return [replace(config, output=str(output.with_name(f"{output.stem}_{a}{output.suffix}"))) for a in algorithms]


def _refuse(configs: Sequence[VideoConfig]) -> None:
    problems = dict.fromkeys(problem for config in configs for problem in early_problems(config))
    require(not problems, in_one_message(list(problems)))


def refuse_early(config: VideoConfig, algorithms: Sequence[str]) -> None:
    """Refuses what is wrong whatever the frames show: before networks are loaded and masks are made.

    Args:
        config: the options of the video or folder; its mask is empty if it is yet to be made.
        algorithms: those that will fill it.

    Raises:
        UserError: lists all problems; those of the videos in a folder are reported one by one.
    """
    if is_folder_of_videos(config):
        _masks_by_name(config)
        _output_folder(config)
    else:
        _refuse(_named_configs(config, algorithms))


def folder_jobs(config: VideoConfig, inpainters: Sequence[Inpainter]) -> list[Job]:
    """One job per video of a folder and algorithm, with masks matched by name; outputs have no suffix yet.

    Raises:
        UserError: the mask or the output cannot serve many videos.
    """
    masks, output = _masks_by_name(config), _output_folder(config)
    owners: dict[str, Path] = {}
    jobs = []
    for video in _videos(Path(config.video)):
        name = stem_of(video)
        owner = owners.setdefault(name, video)
        require(owner == video, f"{owner} and {video} would have results of the same name: rename one of them")
        mask = config.mask if masks is None else str(masks.get(name, Path(config.mask) / name))
        for inpainter in inpainters:
            place = output / (name if len(inpainters) == 1 else f"{name}_{inpainter.options.algorithm}")
            jobs.append(Job(replace(config, video=str(video), mask=mask, output=str(place)), inpainter))
    return jobs


def _masks_by_name(config: VideoConfig) -> dict[str, Path] | None:
    """The masks of a folder by name without suffix; None if all videos share one mask."""
    mask = Path(config.mask)
    if config.mask == ALPHA or mask.is_file():
        return None
    require(mask.is_dir(), f"--mask {mask}: there is no such file or folder")
    return {entry.stem: entry for entry in entries_of(mask)}


def _output_folder(config: VideoConfig) -> Path:
    folder = Path(config.video)
    named = with_own_name(folder)
    output = Path(config.output) if config.output else named.with_name(f"{named.name}_inpainted")
    require(not output.is_file(), f"--output should be a folder for a folder of videos, got the file {output}")
    require(output.resolve() != folder.resolve(), f"--output {output} contains the videos: choose another folder")
    return output


def _videos(folder: Path) -> list[Path]:
    """The videos and folders of frames in a folder, in natural order."""
    return [p for p in entries_of(folder) if (images_in(p) if p.is_dir() else _is_video(p))]


def _is_video(path: Path) -> bool:
    """Whether a file is a video by its name, or has a picture stream."""
    return path.suffix.lower() in VIDEO_SUFFIXES or has_picture(path)
