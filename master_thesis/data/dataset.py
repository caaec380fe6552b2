"""Data sets of clips, made from frames and masks on disk.

A random clip is a pure function of (seed, epoch, number), whichever process makes it and whenever it does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from torch.utils.data import Dataset

from master_thesis.configs.data import DataConfig
from master_thesis.data import warping
from master_thesis.data.items import Item, to_clip
from master_thesis.data.mixing import Sequences, choose_set
from master_thesis.data.movement import random_movement
from master_thesis.data.sampling import random_clip
from master_thesis.data.sequences import SequenceSet
from master_thesis.errors import require
from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.header import UnreadableFrame, frame_size
from master_thesis.images.masks import dilate, resize_mask

T = TypeVar("T")

_MAX_TRIES = 20


def check_clip_length(frames_n: int) -> None:
    """Raises :class:`UserError` for complete sequences (-1), of which no random clips can be drawn."""
    require(frames_n > 0, f"--frames_n should be 2 or an odd number for training, got {frames_n}")


@dataclass
class _Tally:
    num_drawn: int = 0
    unreadable: list[str] = field(default_factory=list)


class RandomClips(Dataset[Item]):
    """Random clips of background sequences, with the masks of random mask sequences.

    Item ``epoch * num_clips + number`` is clip ``number`` of ``epoch``. A draw that meets an unreadable file is
    reported and repeated.

    Args:
        config: the options of a clip.
        frames: the background sequences, or several sets of them with weights.
        masks: the mask sequences.
        num_clips: number of clips in an epoch.
        seed: seed of the clips, together with epoch and number.
        is_simulating: whether movement may be simulated (never in validation).
    """

    def __init__(
        self,
        config: DataConfig,
        frames: Sequences,
        masks: SequenceSet,
        num_clips: int,
        seed: int,
        is_simulating: bool,
    ) -> None:
        check_clip_length(config.frames_n)
        self.config, self.frames, self.masks = config, frames, masks
        self.num_clips, self.seed = num_clips, seed
        self.p_frames = config.p_simulator_bgs if is_simulating else 0.0
        self.p_masks = config.p_simulator_masks if is_simulating else 0.0

    def __len__(self) -> int:
        return self.num_clips

    def __getitem__(self, position: int) -> Item:
        rng = np.random.default_rng((self.seed, *divmod(position, self.num_clips)))
        tally = _Tally()
        drawn = _first_readable(lambda: self._draw_frames(rng, tally), tally)
        masks = _first_readable(lambda: self._draw_masks(rng, tally), tally)
        clip = None if drawn is None or masks is None else to_clip(drawn[0], masks, drawn[1], drawn[2])
        return Item(clip, tally.num_drawn, tuple(tally.unreadable))

    def _draw_frames(self, rng: np.random.Generator, tally: _Tally) -> tuple[np.ndarray, str, np.ndarray | None]:
        """Draws the frames of a clip, with the name of their sequence and their movement if it is simulated."""
        c, size = self.config, self.config.train_size
        is_simulated = rng.random() < self.p_frames
        # A sequence of one frame (a photograph) moves only by simulation.
        sequences = choose_set(self.frames, rng)
        name, files = _draw_sequence(rng, sequences, tally, min_files=1 if is_simulated else 2)
        chosen = self._choose(rng, len(files), is_simulated)
        file_size = frame_size(files[chosen[0]])
        working_size = self._working_size(file_size, is_simulated)
        view = self._random_view(rng, working_size, file_size)
        min_size = self._min_size(file_size, view)
        if not is_simulated:
            shown = {i: self._show_frame(read_frame(files[i], min_size), view, min_size) for i in dict.fromkeys(chosen)}
            return np.stack([shown[i] for i in chosen]), name, None
        movement = random_movement(rng, c.frames_n, c.bgs_movement_params, working_size)
        image = read_frame(files[chosen[0]], min_size)
        if min_size is not None:
            image = warping.halve_frame(image, min_size)
        frames = [warping.warp_frame(image, v, size) for v in _moved_views(movement, view)]
        return np.stack(frames), name, _movement_in_view(movement, view)

    def _draw_masks(self, rng: np.random.Generator, tally: _Tally) -> np.ndarray:
        c, size = self.config, self.config.train_size
        is_simulated = rng.random() < self.p_masks
        _, files = _draw_sequence(rng, self.masks, tally)
        chosen = self._choose(rng, len(files), is_simulated)
        loaded = {i: read_mask(files[i]) for i in dict.fromkeys(chosen)}
        working_size = self._working_size(loaded[chosen[0]].shape, is_simulated)
        view = self._random_view(rng, working_size, None)
        if is_simulated:
            movement = random_movement(rng, c.frames_n, c.masks_movement_params, working_size)
            masks = [warping.warp_mask(loaded[chosen[0]], v, size) for v in _moved_views(movement, view)]
        elif view is None:
            masks = [resize_mask(loaded[i], size) for i in chosen]
        else:
            masks = [warping.warp_mask(loaded[i], view, size) for i in chosen]
        return np.stack([dilate(m, c.dilatation_filter_size, c.dilatation_iterations) for m in masks])

    def _choose(self, rng: np.random.Generator, length: int, is_simulated: bool) -> list[int]:
        """Draws the frame numbers of a clip; a simulated one moves a single frame."""
        c = self.config
        if is_simulated:
            return [int(rng.integers(length))] * c.frames_n
        chosen = random_clip(rng, length, c.frames_n, c.frames_spacing, c.frames_randomize)
        is_reversed = c.reverse > 0 and rng.random() < c.reverse  # drawn only where it is asked for, as for mirrors
        return chosen[::-1] if is_reversed else chosen

    def _working_size(self, size: tuple[int, ...], is_simulated: bool) -> tuple[int, int]:
        """The size whose pixels are the unit of movements and crops: that of the file, enlarged if it is too small."""
        height, width = self.config.train_size
        scales = [1.0]
        if is_simulated:
            scales.append(2 * height / size[0])
        if not self.config.image_resize:
            scales += [height / size[0], width / size[1]]
        return round(size[0] * max(scales)), round(size[1] * max(scales))

    def _random_view(
        self, rng: np.random.Generator, working_size: tuple[int, int], file_size: tuple[int, int] | None
    ) -> np.ndarray | None:
        """Draws a part, possibly mirrored; None if entire frames are resized as they are.

        Args:
            rng: source of randomness.
            working_size: see :meth:`_working_size`.
            file_size: height and width of a frame to zoom into; None: it is a mask, which is never zoomed.
        """
        c, size, view = self.config, self.config.train_size, None
        if not c.image_resize:
            top, left = (int(rng.integers(n - part + 1)) for n, part in zip(working_size, size, strict=True))
            view = warping.crop_view(working_size, (top, left), size)
        elif c.zoom and file_size:
            share, *place = rng.uniform((c.zoom[0], 0, 0), (c.zoom[1], 1, 1))
            view = warping.zoom_view(file_size, share, (place[0], place[1]), size)
        if c.mirror and rng.random() < c.mirror:  # drawn only where it is asked for: other clips stay the same
            view = (np.eye(3) if view is None else view) @ warping.MIRROR
        return view

    def _min_size(self, file_size: tuple[int, int], view: np.ndarray | None) -> tuple[int, int] | None:
        """The size that a file may be reduced to before it is sampled; None: it is sampled as it is."""
        if not self.config.image_resize:
            return None
        shares = (1.0, 1.0) if view is None else (abs(view[1, 1]), abs(view[0, 0]))
        height, width = (math.ceil(n / share) for n, share in zip(self.config.train_size, shares, strict=True))
        return height, width

    def _show_frame(self, image: np.ndarray, view: np.ndarray | None, min_size: tuple[int, int] | None) -> np.ndarray:
        size = self.config.train_size
        if view is None:
            return warping.resize_frame(image, size)
        reduced = image if min_size is None else warping.halve_frame(image, min_size)
        return warping.warp_frame(reduced, view, size)


def _moved_views(movement: np.ndarray, view: np.ndarray | None) -> np.ndarray:
    """The view of the unmoved image that each moved frame shows."""
    back = np.linalg.inv(movement)
    return back if view is None else back @ view


def _movement_in_view(movement: np.ndarray, view: np.ndarray | None) -> np.ndarray:
    """Converts a movement of complete images to one of what a view shows of them."""
    return movement if view is None else np.linalg.inv(view) @ movement @ view


def _draw_sequence(
    rng: np.random.Generator, sequences: SequenceSet, tally: _Tally, min_files: int = 1
) -> tuple[str, tuple[str, ...]]:
    """Draws a sequence and lists its files; one shorter than ``min_files`` only if many draws find no longer one."""
    for _ in range(_MAX_TRIES):
        name = sequences.names[rng.integers(len(sequences.names))]
        files = sequences.files(name)
        if len(files) >= min_files:
            break
    tally.num_drawn += 1
    if not files:
        raise UnreadableFrame(f"{sequences.root / name} no longer holds any images")
    return name, files


def _first_readable(make: Callable[[], T], tally: _Tally) -> T | None:
    """Repeats a random attempt until it meets no unreadable file; None after too many."""
    for _ in range(_MAX_TRIES):
        try:
            return make()
        except UnreadableFrame as error:
            tally.unreadable.append(str(error))
    return None
