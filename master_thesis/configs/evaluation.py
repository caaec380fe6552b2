"""What an evaluation measures."""

from __future__ import annotations

from dataclasses import dataclass

from master_thesis.configs.fields import check_bounds, option
from master_thesis.errors import require


@dataclass(frozen=True)
class EvaluationConfig:
    """What an evaluation measures (docs/evaluation.md)."""

    protocols: tuple[str, ...] = option(
        ("hole", "completion-432x240"),
        "how to measure; native: frames at their own size, filled as by remove",
        choices=("hole", "completion-432x240", "native"),
    )
    masks: tuple[str, ...] = option(
        ("swapped", "still"),
        "swapped: of another sequence; still: a blob; own: the object (no ground truth); "
        "or a mask, or a folder with a folder or zip of masks per sequence",
        metavar="swapped|still|own|PATH",
    )
    baselines: tuple[str, ...] = option(
        ("telea", "median", "homography"),
        "baselines to compare with",
        choices=("telea", "median", "homography", "opencv"),
    )
    predictions: tuple[str, ...] = option(
        (), "frames filled by another method, FOLDER/<sequence>/*.png", metavar="NAME=FOLDER"
    )
    sequences: tuple[str, ...] = option((), "test sequences (default: all)", metavar="NAME")
    max_frames: int | None = option(None, "use only the first N frames of each sequence", within=(2, 10**6))
    completion_resize: str = option(
        "averaged",
        "how frames are resized to 432 x 240: averaged: halved, then bilinear; bicubic: as E2FGVI does; bilinear: as "
        "ProPainter does",
        choices=("averaged", "bicubic", "bilinear"),
    )
    i3d_weights: str | None = option(
        None, "measure VFID (completion-432x240) with these weights of I3D, i3d_rgb_imagenet.pt", metavar="FILE"
    )
    evaluation_flow: str = option(
        "dis",
        "optical flow of the temporal figures; raft, raft-large: torchvision's",
        choices=("dis", "raft", "raft-large"),
    )
    export_inputs: str | None = option(
        None, "write the inputs of the methods to this folder instead of measuring", metavar="FOLDER"
    )

    def __post_init__(self) -> None:
        require(len(self.protocols) > 0, "--protocols should name at least one protocol, got none")
        require(len(self.masks) > 0, "--masks should name at least one source of masks, got none")
        for name in ("protocols", "masks", "baselines", "sequences"):
            values = getattr(self, name)
            require(len(set(values)) == len(values), f"--{name} should name each once, got {' '.join(values)}")
        n = self.max_frames
        require(n is None or n >= 2, f"--max_frames should be at least 2, as motion needs two frames, got {n}")
        check_bounds(self)
        for text in self.predictions:
            name, _, folder = text.partition("=")
            require(bool(name and folder), f"--predictions should be NAME=FOLDER, got {text}")
        is_used = self.i3d_weights is None or "completion-432x240" in self.protocols
        require(is_used, "--i3d_weights is used by --protocols completion-432x240: name it, or leave the weights out")
        is_one_task = len(self.masks) == len(self.protocols) == 1
        require(
            is_one_task or not self.predictions,
            "--predictions were made for one --masks and one --protocols: name one of each, "
            f"got {' '.join(self.masks)} and {' '.join(self.protocols)}",
        )
