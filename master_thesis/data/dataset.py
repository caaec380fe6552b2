"""Clips from frames and masks on disk.

A random clip is a pure function of (seed, epoch, number): which process makes it, and when, does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from torch.utils.data import Dataset

from master_thesis.configs.data import DataConfig
from master_thesis.data import warping
from master_thesis.data.items import Item, to_clip
from master_thesis.data.movement import random_movement
from master_thesis.data.sampling import random_clip, regular_clip
from master_thesis.data.sequences import DavisSequence, SequenceSet
from master_thesis.errors import require
from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.header import UnreadableFrame, frame_size
from master_thesis.images.masks import dilate, resize_mask

T = TypeVar("T")

_MAX_TRIES = 20


@dataclass
class _Tally:
    num_drawn: int = 0
    unreadable: list[str] = field(default_factory=list)


class RandomClips(Dataset[Item]):
    """Random clips of background sequences, with the masks of random mask sequences.

    Item ``epoch * num_clips + number`` is clip ``number`` of ``epoch``. Frames that cannot be read are left out and
    others drawn in their place.

    Args:
        config: how a clip is made.
        frames: background sequences.
        masks: mask sequences.
        num_clips: clips of an epoch.
        seed: decides the clips, together with epoch and number.
        is_simulating: whether movement may be simulated (validation never does).
    """

    def __init__(
        self,
        config: DataConfig,
        frames: SequenceSet,
        masks: SequenceSet,
        num_clips: int,
        seed: int,
        is_simulating: bool,
    ) -> None:
        require(config.frames_n > 0, "--frames_n -1 (whole sequences) is for testing, clips need 2 or an odd number")
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
        """Frames of a clip, the name of their sequence, and their movement where it is simulated."""
        c, size = self.config, self.config.train_size
        is_simulated = rng.random() < self.p_frames
        # A sequence of one frame (a photograph) can only be moved by the simulator.
        name, files = _draw_sequence(rng, self.frames, tally, min_files=1 if is_simulated else 2)
        chosen = self._choose(rng, len(files), is_simulated)
        whole = self._working_size(frame_size(files[chosen[0]]), is_simulated)
        view = self._random_view(rng, whole)
        min_size = size if c.image_resize else None
        if not is_simulated:
            images = {i: read_frame(files[i], min_size) for i in dict.fromkeys(chosen)}
            make = (
                (lambda im: warping.resize_frame(im, size))
                if view is None
                else (lambda im: warping.warp_frame(im, view, size))
            )
            done = {i: make(image) for i, image in images.items()}
            return np.stack([done[i] for i in chosen]), name, None
        movement = random_movement(rng, c.frames_n, c.bgs_movement_params, whole)
        image = read_frame(files[chosen[0]], min_size)
        if view is None:
            image = warping.halve_frame(image, size)
        frames = [warping.warp_frame(image, v, size) for v in _moved_views(movement, view)]
        return np.stack(frames), name, _seen_through(movement, view)

    def _draw_masks(self, rng: np.random.Generator, tally: _Tally) -> np.ndarray:
        c, size = self.config, self.config.train_size
        is_simulated = rng.random() < self.p_masks
        _, files = _draw_sequence(rng, self.masks, tally)
        chosen = self._choose(rng, len(files), is_simulated)
        loaded = {i: read_mask(files[i]) for i in dict.fromkeys(chosen)}
        whole = self._working_size(loaded[chosen[0]].shape, is_simulated)
        view = self._random_view(rng, whole)
        if is_simulated:
            movement = random_movement(rng, c.frames_n, c.masks_movement_params, whole)
            masks = [warping.warp_mask(loaded[chosen[0]], v, size) for v in _moved_views(movement, view)]
        elif view is None:
            masks = [resize_mask(loaded[i], size) for i in chosen]
        else:
            masks = [warping.warp_mask(loaded[i], view, size) for i in chosen]
        return np.stack([dilate(m, c.dilatation_filter_size, c.dilatation_iterations) for m in masks])

    def _choose(self, rng: np.random.Generator, length: int, is_simulated: bool) -> list[int]:
        c = self.config
        if is_simulated:
            return [int(rng.integers(length))] * c.frames_n
        return random_clip(rng, length, c.frames_n, c.frames_spacing, c.frames_randomize)

    def _working_size(self, size: tuple[int, ...], is_simulated: bool) -> tuple[int, int]:
        """The size in whose pixels movements and crops are measured: that of the file, enlarged where too small."""
        height, width = self.config.train_size
        scales = [1.0]
        if is_simulated:
            scales.append(2 * height / size[0])
        if not self.config.image_resize:
            scales += [height / size[0], width / size[1]]
        return round(size[0] * max(scales)), round(size[1] * max(scales))

    def _random_view(self, rng: np.random.Generator, whole: tuple[int, int]) -> np.ndarray | None:
        """A random crop, or ``None`` (all of it) where frames are resized."""
        if self.config.image_resize:
            return None
        size = self.config.train_size
        top_left = int(rng.integers(whole[0] - size[0] + 1)), int(rng.integers(whole[1] - size[1] + 1))
        return warping.crop_view(whole, top_left, size)


def _moved_views(movement: np.ndarray, view: np.ndarray | None) -> np.ndarray:
    """What each moved frame shows of the unmoved one."""
    back = np.linalg.inv(movement)
    return back if view is None else back @ view


def _seen_through(movement: np.ndarray, view: np.ndarray | None) -> np.ndarray:
    """A movement of whole frames as a movement of what a view shows of them."""
    return movement if view is None else np.linalg.inv(view) @ movement @ view


def _draw_sequence(
    rng: np.random.Generator, sequences: SequenceSet, tally: _Tally, min_files: int = 1
) -> tuple[str, tuple[str, ...]]:
    """A random sequence, all alike, and its files; shorter than ``min_files`` only if no longer one turns up."""
    for _ in range(_MAX_TRIES):
        name = sequences.names[rng.integers(len(sequences.names))]
        files = sequences.files(name)
        if len(files) >= min_files:
            break
    tally.num_drawn += 1
    if not files:
        raise UnreadableFrame(f"{sequences.root / name} holds no images any more")
    return name, files


def _first_readable(make: Callable[[], T], tally: _Tally) -> T | None:
    """The first of several random attempts that meets no unreadable file."""
    for _ in range(_MAX_TRIES):
        try:
            return make()
        except UnreadableFrame as error:
            tally.unreadable.append(str(error))
    return None


class TestClips(Dataset[Item]):
    """Test sequences at ``test_size``: whole (``frames_n`` -1), or a clip at every ``frames_spacing``-th frame.

    A sequence with a file that cannot be read gives an item without a clip and with the message.
    """

    __test__ = False  # not a test class, whatever pytest makes of its name

    def __init__(self, config: DataConfig, sequences: Sequence[DavisSequence]) -> None:
        self.config = config
        self.items: list[tuple[DavisSequence, list[int]]] = []
        for sequence in sequences:
            length = len(sequence.frames)
            if config.frames_n == -1:
                self.items.append((sequence, list(range(length))))
                continue
            for target in range(0, length, config.frames_spacing):
                clip = regular_clip(target, length, config.frames_n, config.frames_spacing)
                self.items.append((sequence, clip))

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position: int) -> Item:
        sequence, chosen = self.items[position]
        try:
            frames = np.stack([self._frame(sequence.frames[i]) for i in chosen])
            masks = np.stack([self._mask(sequence, i) for i in chosen])
        except UnreadableFrame as error:
            return Item(None, len(chosen), (f"{sequence.name}: {error}",))
        return Item(to_clip(frames, masks, sequence.name), len(chosen))

    def _frame(self, path: str) -> np.ndarray:
        size = self.config.test_size
        return warping.resize_frame(read_frame(path, size), size)

    def _mask(self, sequence: DavisSequence, i: int) -> np.ndarray:
        c, path = self.config, sequence.masks[i]
        if path is None:
            raise UnreadableFrame(f"{sequence.frames[i]} has no mask: each frame needs one of the same name")
        mask = resize_mask(read_mask(path), c.test_size)
        return dilate(mask, c.dilatation_filter_size, c.dilatation_iterations)
