"""Adds the shadow or reflection of an object to masks that exist already, which stay as they are."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import require
from master_thesis.masking.carrying import working_size
from master_thesis.runtime.atomic import existing_parent
from master_thesis.video.checks import Report, check_masks
from master_thesis.video.frame_store import ImageStore
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.masks import open_masks
from master_thesis.video.io.orientation import to_displayed
from master_thesis.video.mask_folder import RECORD, MaskRecord, check_mask_folder, writing_masks
from master_thesis.video.mask_shadows import add_grown, grown_summary
from master_thesis.video.survey import survey
from master_thesis.wording import in_one_message

log = logging.getLogger(__name__)


def grow_masks(config: VideoConfig, kinds: Sequence[str], folder: Path) -> MaskRecord:
    """Writes the masks of a video, not widened, with what moves with the object.

    Args:
        config: the video and its masks.
        kinds: of :data:`~master_thesis.video.mask_shadows.FINDERS`.
        folder: takes the masks; those of an earlier run are replaced.

    Returns:
        What ``masks.json`` says.

    Raises:
        UserError: the masks do not fit the video, or the folder cannot be written.
    """
    is_other = folder.resolve() != Path(config.mask).resolve()
    require(is_other, f"--mask {config.mask} holds masks that --grow has written: leave out --grow")
    check_mask_folder(folder, overwrite=True)
    video = open_source(Path(config.video), config.frame_rate, config.keep_going)
    masks = open_masks(config.mask, video, config.object_ids, config.invert_mask, dilation=0, hold=config.hold_masks)
    matrix, size = video.info.display_matrix, video.info.displayed_size
    place, record = existing_parent(folder), MaskRecord(config.video, size, {})
    with ImageStore(place, (*working_size(size), 3)) as frames, writing_masks(folder, video.info) as writer:

        def keep(frame: np.ndarray, mask: np.ndarray) -> None:
            writer.write(len(frames), to_displayed(mask, matrix))
            seen = np.ascontiguousarray(to_displayed(frame, matrix))
            frames.append(cv2.resize(seen, frames.shape[1::-1], interpolation=cv2.INTER_AREA))

        report, found = Report(), survey(masks, keep)
        require(not found.error, found.error)
        check_masks(report, found, config)
        require(not report.problems, in_one_message(report.problems))
        record.options, record.confidence = {"mask": config.mask, "grow": list(kinds)}, [1.0] * len(frames)
        record.note_grown(add_grown(frames, writer, found.cuts, kinds))
        record.write(writer.part / RECORD)
    for line in (*(f"note: {notice}" for notice in report.notices), *grown_summary(record)):
        log.info(line)
    return record
