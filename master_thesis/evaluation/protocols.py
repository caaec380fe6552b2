"""Named protocols, which fix the conditions of every figure, and the tasks they define."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from master_thesis.configs.data import DataConfig
from master_thesis.data.warping import resize_frame
from master_thesis.images.masks import dilate, resize_mask
from master_thesis.ops.image import FILL

COMPLETION = "completion-432x240"
HOLE = "hole"
NATIVE = "native"
METRICS = {
    COMPLETION: ("psnr", "ssim"),
    HOLE: ("hole_psnr", "hole_ssim", "hole_lpips"),
    NATIVE: ("hole_psnr", "hole_ssim", "hole_lpips", "sharpness", "seam"),
}
"""What each protocol compares with the truth, the main metric first; ``scores.add_metric`` appends to it."""


def _bicubic(frame: UInt8[np.ndarray, "h w 3"], size: tuple[int, int]) -> UInt8[np.ndarray, "H W 3"]:
    return np.asarray(Image.fromarray(frame).resize(size[::-1], Image.Resampling.BICUBIC))


def _bilinear(frame: UInt8[np.ndarray, "h w 3"], size: tuple[int, int]) -> UInt8[np.ndarray, "H W 3"]:
    return cv2.resize(frame, size[::-1], interpolation=cv2.INTER_LINEAR)


RESIZES: dict[str, Callable[[np.ndarray, tuple[int, int]], np.ndarray]] = {
    "averaged": resize_frame,
    "bicubic": _bicubic,
    "bilinear": _bilinear,
}
"""Ways to resize frames: halved, then bilinear; Pillow's bicubic (E2FGVI); OpenCV's bilinear (ProPainter)."""


@dataclass(frozen=True)
class Protocol:
    """The size of frames, the treatment of masks, and the metrics of a protocol.

    Attributes:
        name: name of the protocol in every table.
        height: rows of the frames, in px; 0: those of each sequence (see :meth:`of_size`).
        width: columns of the frames, in px; 0 as well.
        dilation_size: height and width of the cross that widens masks, in px.
        dilation_iterations: number of times it is applied.
        metrics: metrics that compare with the truth, the main one first.
        resize: how frames are resized, a key of ``RESIZES``.
    """

    name: str
    height: int
    width: int
    dilation_size: tuple[int, int]
    dilation_iterations: int
    metrics: tuple[str, ...]
    resize: str = "averaged"

    def as_dict(self) -> dict[str, Any]:
        """The fields as a dictionary for the JSON file."""
        return asdict(self)

    def of_size(self, size: tuple[int, int]) -> Protocol:
        """The protocol for a sequence of a height and width: ``native`` leaves frames as they are."""
        return self if self.height else replace(self, height=size[0], width=size[1])

    def prepare_frame(self, frame: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "H W 3"]:
        """Resizes a frame to the size of the protocol."""
        return RESIZES[self.resize](frame, (self.height, self.width))

    def prepare_mask(self, mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "H W"]:
        """Resizes a mask to the size of the protocol by nearest, then widens it."""
        resized = resize_mask(mask, (self.height, self.width))
        return dilate(resized, self.dilation_size, self.dilation_iterations)


def make_protocol(name: str, data: DataConfig, completion_resize: str = "averaged") -> Protocol:
    """Makes the protocol of a name; ``hole`` and ``native`` take the dilation from the options, ``hole`` also the size.

    Args:
        name: ``completion-432x240``, ``hole`` or ``native``.
        data: dilation of ``hole`` and ``native``, and size of ``hole``.
        completion_resize: how ``completion-432x240`` resizes frames, a key of ``RESIZES``.
    """
    if name == COMPLETION:
        return Protocol(COMPLETION, 240, 432, (3, 3), 4, METRICS[COMPLETION], completion_resize)
    height, width = (0, 0) if name == NATIVE else data.test_size
    return Protocol(name, height, width, data.dilatation_filter_size, data.dilatation_iterations, METRICS[name])


@dataclass(frozen=True)
class Task:
    """One sequence with one set of masks under one protocol.

    Attributes:
        protocol: the protocol.
        masks: source of the masks (``own``, ``swapped``, ``still`` or a path).
        sequence: name of the sequence.
        frames: frames of the camera.
        mask: masks, True = hole.
    """

    protocol: Protocol
    masks: str
    sequence: str
    frames: UInt8[np.ndarray, "F H W 3"]
    mask: Bool[np.ndarray, "F H W"]

    @property
    def has_truth(self) -> bool:
        """Whether the frames show the content of the hole, which is not the case behind an object's own mask."""
        return self.masks != "own"

    @property
    def masked(self) -> UInt8[np.ndarray, "F H W 3"]:
        """The frames with the colour ``FILL`` in the holes: the input of a method."""
        return np.where(self.mask[..., None], np.array(FILL) * 255 + 0.5, self.frames).astype(np.uint8)

    def compose(self, filled: UInt8[np.ndarray, "F H W 3"]) -> UInt8[np.ndarray, "F H W 3"]:
        """Puts the fill of a method into the holes of the frames; only the result is measured."""
        return np.where(self.mask[..., None], filled, self.frames)
