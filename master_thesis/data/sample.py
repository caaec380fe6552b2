"""The built-in data: a small tree in the three layouts, made in seconds from photographs that scikit-image ships.

A smooth camera moves over photographs; silhouettes move as masks. In the DAVIS part a silhouette is really painted
over the frames, and the true background is kept in ``DAVIS-2017/TrueBackground``. The same call writes the same bytes.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from jaxtyping import Float32, UInt8

from master_thesis.config import UserError, require
from master_thesis.data import silhouettes
from master_thesis.data.silhouettes import Pose
from master_thesis.data.warping import resize_frame
from master_thesis.io.frames import write_jpeg, write_png

Size = tuple[int, int]

# All of these lie inside scikit-image's wheel; its other pictures would be downloaded.
TRAIN_PHOTOS = (
    "astronaut",
    "rocket",
    "hubble_deep_field",
    "immunohistochemistry",
    "camera",
    "coins",
    "grass",
    "gravel",
)
VAL_PHOTOS = ("chelsea", "brick")
TEST_SCENES = (
    ("walker-crossing", "stereo_motorcycle", "immunohistochemistry"),
    ("blob-lingering", "coffee", "hubble_deep_field"),
)
"""Name, background and texture of each test sequence."""

NUM_MASKS = 20
_ASPECT = 16 / 9
_ZOOM, _ZOOM_CHANGE, _MAX_ANGLE = 0.8, 0.1, math.radians(4)
_SETS = ("GOT10k", "YouTubeVOS", "DAVIS-2017")
_MARKER = "sample_data.json"
_SHAPES: tuple[Callable[[Size, Pose], np.ndarray], ...] = (silhouettes.walker, silhouettes.blob)


def write_sample_data(path: str | Path, seed: int = 0, height: int = 360, num_frames: int = 24) -> None:
    """Writes the built-in data, replacing what an earlier call wrote there.

    Args:
        path: the folder to fill; created if need be.
        seed: decides cameras and silhouettes.
        height: rows of the test frames (columns: 16 : 9); the other parts are somewhat smaller.
        num_frames: frames of each sequence.

    Raises:
        UserError: the folder holds anything that was not written here, or cannot be written.
    """
    root = Path(path)
    work = root / f".{_MARKER}.{os.getpid()}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        is_ours = (root / _MARKER).is_file()
        is_empty = all(entry.name.startswith(".") for entry in root.iterdir())
        require(is_ours or is_empty, f"--sample_data {root} should be a new or an empty folder, but holds other files")
        work.mkdir()
        try:
            _write_backgrounds(work / "GOT10k", seed, height * 4 // 5, num_frames)
            _write_masks(work / "YouTubeVOS", seed, height * 2 // 3, num_frames)
            _write_test(work / "DAVIS-2017", seed, height, num_frames)
            (root / _MARKER).write_text(json.dumps({"seed": seed, "height": height, "num_frames": num_frames}) + "\n")
            for name in _SETS:
                shutil.rmtree(root / name, ignore_errors=True)
                (work / name).rename(root / name)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise UserError(f"--sample_data {root} should be a folder that can be written: {error.strerror}") from error


def _write_backgrounds(root: Path, seed: int, height: int, num_frames: int) -> None:
    for part, names in (("train", TRAIN_PHOTOS), ("val", VAL_PHOTOS)):
        for number, name in enumerate(names):
            rng = np.random.default_rng((seed, len(part), number))
            folder = _make(root / part / name)
            for i, frame in enumerate(_moving_view(rng, _photo(name), _size(height), num_frames), start=1):
                write_jpeg(folder / f"{i:08}.jpg", frame)
        _write_list(root / part / "list.txt", names)


def _write_masks(root: Path, seed: int, height: int, num_frames: int) -> None:
    size = _size(height)
    for number in range(NUM_MASKS):
        rng = np.random.default_rng((seed, 100, number))
        shape = _SHAPES[number % len(_SHAPES)]
        folder = _make(root / "train" / "Annotations" / f"silhouette-{number:02}")
        start, end = rng.uniform(0.25, 0.75, size=(2, 2))
        for i, coverage in enumerate(_moving_shape(rng, shape, size, num_frames, start, end)):
            write_png(folder / f"{i * 5:05}.png", coverage > 0.5)


def _write_test(root: Path, seed: int, height: int, num_frames: int) -> None:
    size = _size(height)
    # One object crosses, so that all it hides is seen at another time; the other hides some of it always.
    paths = (((0.2, 0.5), (0.8, 0.5)), ((0.45, 0.5), (0.55, 0.5)))
    for number, ((name, scene, texture), shape, ends) in enumerate(zip(TEST_SCENES, _SHAPES, paths, strict=True)):
        rng = np.random.default_rng((seed, 200, number))
        frames, backgrounds, masks = (
            _make(root / kind / "480p" / name) for kind in ("JPEGImages", "TrueBackground", "Annotations_Dense")
        )
        views = _moving_view(rng, _photo(scene), size, num_frames)
        shapes = _moving_shape(rng, shape, size, num_frames, *map(np.array, ends))
        surface = resize_frame(_photo(texture), size)
        for i, (background, coverage) in enumerate(zip(views, shapes, strict=True)):
            alpha = cv2.GaussianBlur(coverage, (0, 0), height / 400)[..., None]
            write_jpeg(frames / f"{i:05}.jpg", np.round(alpha * surface + (1 - alpha) * background).astype(np.uint8))
            write_jpeg(backgrounds / f"{i:05}.jpg", background)
            write_png(masks / f"{i:05}.png", alpha[..., 0] > 0.5 / 255)
    _write_list(root / "ImageSets" / "custom.txt", [name for name, _, _ in TEST_SCENES])


def _photo(name: str) -> UInt8[np.ndarray, "H W 3"]:
    loaded = getattr(skimage.data, name)()
    image = loaded[0] if isinstance(loaded, tuple) else loaded  # a stereo pair with its disparity
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else np.ascontiguousarray(image[..., :3])


def _moving_view(
    rng: np.random.Generator, photo: UInt8[np.ndarray, "H W 3"], size: Size, num_frames: int
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """What a camera sees that wanders, turns and zooms smoothly over a photograph, never leaving it."""
    h, w = size
    zoom, angle, across, down = (_wander(rng, num_frames) for _ in range(4))
    largest = min(photo.shape[0] / h, photo.shape[1] / w) * _ZOOM
    if largest > 1:  # a photograph much larger than the view would alias
        photo = resize_frame(photo, (round(photo.shape[0] / largest), round(photo.shape[1] / largest)))
    for i in range(num_frames):
        cos, sin = math.cos(_MAX_ANGLE * angle[i]), math.sin(_MAX_ANGLE * angle[i])
        extent = np.array([w * cos + h * abs(sin), w * abs(sin) + h * cos])
        limits = np.array([photo.shape[1] - 1, photo.shape[0] - 1])
        scale = (_ZOOM + _ZOOM_CHANGE * zoom[i]) * (limits / extent).min()
        centre = limits / 2 + (limits - extent * scale) / 2 * (across[i], down[i])
        turn = scale * np.array([[cos, -sin], [sin, cos]])
        offset = centre - turn @ ((w - 1) / 2, (h - 1) / 2)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        matrix = np.column_stack((turn, offset))
        yield cv2.warpAffine(photo, matrix, (w, h), flags=flags, borderMode=cv2.BORDER_REFLECT_101)


def _moving_shape(
    rng: np.random.Generator,
    shape: Callable[[Size, Pose], np.ndarray],
    size: Size,
    num_frames: int,
    start: np.ndarray,
    end: np.ndarray,
) -> Iterator[Float32[np.ndarray, "H W"]]:
    """A silhouette on its way from ``start`` to ``end`` (shares of width and height), about a twelfth of the frame."""
    h, w = size
    probe = shape(size, Pose((w / 2, h / 2), h * 0.7, 0.0))
    height = h * 0.7 * math.sqrt(rng.uniform(0.07, 0.10) / probe.mean())
    speed, phase = rng.uniform(0.3, 0.5), rng.uniform(0, 2 * math.pi)
    for i in range(num_frames):
        share = i / max(num_frames - 1, 1)
        x, y = start + share * (end - start)
        yield shape(size, Pose((x * w, y * h), height, phase + speed * i))


def _wander(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """A slow wave within [-1, 1]."""
    frequency, phase = rng.uniform(0.3, 0.6), rng.uniform(0, 2 * math.pi)
    return np.sin(2 * math.pi * frequency * np.linspace(0, 1, num_frames) + phase)


def _size(height: int) -> Size:
    return height, round(height * _ASPECT)


def _make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _write_list(path: Path, names: tuple[str, ...] | list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}\n" for name in names))
