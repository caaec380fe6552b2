"""Shows masks over the frames of a video."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8

from master_thesis.images.graded import read_graded
from master_thesis.video.io.orientation import to_stored
from master_thesis.video.io.source import VideoSource
from master_thesis.video.io.writer import VideoWriter
from master_thesis.video.mask_folder import mask_name
from master_thesis.video.progress import with_progress

log = logging.getLogger(__name__)

TINT, DOUBTFUL_TINT = np.array([64, 224, 96.0]), np.array([255, 128, 16.0])
"""Overlay colours of masks, and of doubtful ones."""
OPACITY, UNSURE_OPACITY = 0.55, 0.25


def write_overlay(path: Path, video: VideoSource, folder: Path, doubtful: Collection[int]) -> None:
    """Writes a video with masks in colour over paler frames.

    Args:
        path: of the new video.
        video: the frames.
        folder: their masks.
        doubtful: numbers of the frames whose masks get another colour.
    """
    info = video.info
    with VideoWriter(path, info.geometry, info.timing) as writer:
        for number, frame in enumerate(with_progress(video.frames(), "overlay", info.estimated_frames or None)):
            grades = read_graded(folder / mask_name(info, number))
            mask, unsure = (to_stored(grade, info.display_matrix) for grade in grades)
            colour = DOUBTFUL_TINT if number in doubtful else TINT
            writer.write(tinted(frame.image, mask, unsure, colour), frame.pts, length=frame.length)
    log.info("overlay: %s", path)


def tinted(
    image: UInt8[np.ndarray, "H W 3"],
    mask: Bool[np.ndarray, "H W"],
    unsure: Bool[np.ndarray, "H W"],
    colour: np.ndarray,
) -> UInt8[np.ndarray, "H W 3"]:
    """A frame with its mask in colour, weaker where it is unsure; the rest is paler."""
    opacity = np.where(mask, OPACITY, UNSURE_OPACITY * unsure)[..., None]
    mixed = np.where(opacity > 0, opacity * colour + (1 - opacity) * image, 0.7 * image + 0.3 * 128)
    return np.rint(mixed).astype(np.uint8)
