"""Writes the built-in data: a small tree of all three data sets, made from photographs that scikit-image ships.

A camera moves smoothly over the photographs, and moving silhouettes serve as masks. The DAVIS part has a silhouette
painted over its frames, with the true background in ``DAVIS-2017/TrueBackground``. The same call writes the same bytes.
"""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from jaxtyping import Float64, UInt8

from master_thesis.data.builtin import silhouettes
from master_thesis.data.builtin.silhouettes import Pose
from master_thesis.data.warping import resize_frame
from master_thesis.errors import UserError, require
from master_thesis.images.codec import write_jpeg, write_png

Size = tuple[int, int]
Points = Float64[np.ndarray, "F 2"]
Shape = Callable[[Size, Pose], np.ndarray]

# scikit-image's wheel contains these; it would download its other images.
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
MARKER = "sample_data.json"
"""The file that marks a folder as written by this module."""
_SHAPES: tuple[Shape, ...] = (silhouettes.walker, silhouettes.blob)


def write_sample_data(path: str | Path, seed: int = 0, height: int = 360, num_frames: int = 24) -> None:
    """Writes the built-in data, replacing what an earlier call wrote to the folder.

    Args:
        path: the folder to fill; created if it does not exist.
        seed: seed of cameras and silhouettes.
        height: rows of the test frames, whose aspect is 16 : 9; the other parts are somewhat smaller.
        num_frames: number of frames in each sequence.

    Raises:
        UserError: the folder holds files that were not written here, or cannot be written.
    """
    root = Path(path)
    try:
        root.mkdir(parents=True, exist_ok=True)
        is_ours = (root / MARKER).is_file()
        is_empty = all(entry.name.startswith(".") for entry in root.iterdir())
        require(is_ours or is_empty, f"{root} should be a new or empty folder for the built-in data")
        with _work_folder(root) as work:
            _write_backgrounds(work / "GOT10k", seed, height * 4 // 5, num_frames)
            _write_masks(work / "YouTubeVOS", seed, height * 2 // 3, num_frames)
            _write_test(work / "DAVIS-2017", seed, height, num_frames)
            (root / MARKER).write_text(json.dumps({"seed": seed, "height": height, "num_frames": num_frames}) + "\n")
            for name in _SETS:
                shutil.rmtree(root / name, ignore_errors=True)
                (work / name).rename(root / name)
    except OSError as error:
        raise UserError(f"{root} should be a writable folder for the built-in data ({error.strerror})") from error


@contextlib.contextmanager
def _work_folder(root: Path) -> Iterator[Path]:
    """Yields a new folder inside ``root`` and removes it when the block ends."""
    with tempfile.TemporaryDirectory(prefix=f".{MARKER}.", dir=root) as work:
        yield Path(work)


def _write_backgrounds(root: Path, seed: int, height: int, num_frames: int) -> None:
    for part, names in (("train", TRAIN_PHOTOS), ("val", VAL_PHOTOS)):
        for number, name in enumerate(names):
            rng = np.random.default_rng((seed, len(part), number))
            folder = _make(root / part / name)
            photo = _photo(name, _size(height))
            for i, view in enumerate(_camera(rng, photo.shape[:2], _size(height), num_frames), start=1):
                write_jpeg(folder / f"{i:08}.jpg", _seen(photo, view, _size(height)))
        _write_list(root / part / "list.txt", names)


def _write_masks(root: Path, seed: int, height: int, num_frames: int) -> None:
    size = _size(height)
    for number in range(NUM_MASKS):
        rng = np.random.default_rng((seed, 100, number))
        folder = _make(root / "train" / "Annotations" / f"silhouette-{number:02}")
        start, end = rng.uniform(0.25, 0.75, size=(2, 2))
        centres = np.linspace(start, end, num_frames) * size[::-1]
        for i, coverage in enumerate(_moving_shape(rng, _SHAPES[number % len(_SHAPES)], size, centres)):
            write_png(folder / f"{i * 5:05}.png", coverage > 0.5)


def _write_test(root: Path, seed: int, height: int, num_frames: int) -> None:
    size = _size(height)
    for number, ((name, scene, texture), shape) in enumerate(zip(TEST_SCENES, _SHAPES, strict=True)):
        rng = np.random.default_rng((seed, 200, number))
        frames, backgrounds, masks = (
            _make(root / kind / "480p" / name) for kind in ("JPEGImages", "TrueBackground", "Annotations_Dense")
        )
        photo, surface = _photo(scene, size), resize_frame(_photo(texture, size), size)
        views = _camera(rng, photo.shape[:2], size, num_frames)
        centres = _crossing(size, num_frames) if shape is silhouettes.walker else _lingering(photo.shape[:2], views)
        for i, coverage in enumerate(_moving_shape(rng, shape, size, centres)):
            background = _seen(photo, views[i], size)
            alpha = cv2.GaussianBlur(coverage, (0, 0), height / 400)[..., None]
            write_jpeg(frames / f"{i:05}.jpg", np.round(alpha * surface + (1 - alpha) * background).astype(np.uint8))
            write_jpeg(backgrounds / f"{i:05}.jpg", background)
            write_png(masks / f"{i:05}.png", alpha[..., 0] > 0.5 / 255)
    _write_list(root / "ImageSets" / "custom.txt", [name for name, _, _ in TEST_SCENES])


def _crossing(size: Size, num_frames: int) -> Points:
    """Centres of a silhouette that crosses the frame, so that everything it hides is visible at another time."""
    return np.linspace((0.2, 0.5), (0.8, 0.5), num_frames) * size[::-1]


def _lingering(photo: Size, views: Float64[np.ndarray, "F 2 3"]) -> Points:
    """Centres of a silhouette that lingers at one place of the scene, part of which therefore stays hidden."""
    places = np.linspace((0.42, 0.5), (0.58, 0.5), len(views)) * photo[::-1]
    return np.stack(
        [np.linalg.solve(view[:, :2], place - view[:, 2]) for view, place in zip(views, places, strict=True)]
    )


def _photo(name: str, size: Size) -> UInt8[np.ndarray, "H W 3"]:
    """Loads a photograph, shrunk if a view of ``size`` would alias otherwise."""
    loaded = getattr(skimage.data, name)()
    image = loaded[0] if isinstance(loaded, tuple) else loaded  # a stereo pair with its disparity
    image = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else np.ascontiguousarray(image[..., :3])
    h, w = image.shape[:2]
    scale = max(1.0, _ZOOM * min(h / size[0], w / size[1]))
    return resize_frame(image, (round(h / scale), round(w / scale)))


def _camera(rng: np.random.Generator, photo: Size, size: Size, num_frames: int) -> Float64[np.ndarray, "F 2 3"]:
    """Draws the views of a camera that pans, turns and zooms smoothly within a photograph.

    Convention:
        Affine maps from pixels of the view to pixels of the photograph.
    """
    h, w = size
    limits = np.array([photo[1] - 1, photo[0] - 1])
    views = []
    for zoom, turn, across, down in zip(*(_wander(rng, num_frames) for _ in range(4)), strict=True):
        cos, sin = math.cos(_MAX_ANGLE * turn), math.sin(_MAX_ANGLE * turn)
        extent = np.array([w * cos + h * abs(sin), w * abs(sin) + h * cos])
        scale = (_ZOOM + _ZOOM_CHANGE * zoom) * (limits / extent).min()
        centre = limits / 2 + (limits - extent * scale) / 2 * (across, down)
        matrix = scale * np.array([[cos, -sin], [sin, cos]])
        views.append(np.column_stack((matrix, centre - matrix @ ((w - 1) / 2, (h - 1) / 2))))
    return np.stack(views)


def _seen(
    photo: UInt8[np.ndarray, "H W 3"], view: Float64[np.ndarray, "2 3"], size: Size
) -> UInt8[np.ndarray, "h w 3"]:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(photo, view, size[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT_101)


def _moving_shape(rng: np.random.Generator, shape: Shape, size: Size, centres: Points) -> Iterator[np.ndarray]:
    """Draws the coverage of a silhouette at each of its ``centres`` (px, x first), about a twelfth of the frame."""
    h, w = size
    probe = shape(size, Pose((w / 2, h / 2), h * 0.7, 0.0))
    height = h * 0.7 * math.sqrt(rng.uniform(0.07, 0.10) / probe.mean())
    speed, phase = rng.uniform(0.3, 0.5), rng.uniform(0, 2 * math.pi)
    for i, (x, y) in enumerate(centres):
        yield shape(size, Pose((float(x), float(y)), float(height), phase + speed * i))


def _wander(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """Draws a slow wave within [-1, 1]."""
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
