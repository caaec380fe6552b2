"""A small DAVIS tree whose camera pans over a photograph."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from master_thesis.configs.data import DataConfig
from master_thesis.evaluation.protocols import Protocol, Task
from master_thesis.images.codec import write_png

NUM_FRAMES = 4
SIZE = (72, 96)
PAN_PX = 4


def pan(start: int, num_frames: int = NUM_FRAMES, step: int = PAN_PX) -> np.ndarray:
    """Frames of a camera that pans right over a photograph by whole pixels."""
    photo = cv2.resize(skimage.data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    height, width = SIZE
    return np.stack([photo[start : start + height, step * t : step * t + width] for t in range(num_frames)])


def squares(size: int, num_frames: int = NUM_FRAMES, step: int = 10) -> np.ndarray:
    """Masks of a square that moves right relative to the frame."""
    mask = np.zeros((num_frames, *SIZE), bool)
    for t in range(num_frames):
        mask[t, 24 : 24 + size, 10 + step * t : 10 + step * t + size] = True
    return mask


@pytest.fixture
def tree(tmp_path) -> Path:
    """Three sequences, the last one shorter."""
    root = tmp_path / "data" / "DAVIS-2017"
    for i, (name, length) in enumerate({"ant": 4, "bee": 4, "cow": 3}.items()):
        for kind, images in (("JPEGImages", pan(40 * i, length)), ("Annotations", squares(16 + 4 * i, length))):
            folder = root / kind / "480p" / name
            folder.mkdir(parents=True)
            for t, image in enumerate(images):
                write_png(folder / f"{t:05d}.png", image)
    (root / "ImageSets" / "2017").mkdir(parents=True)
    (root / "ImageSets" / "2017" / "val.txt").write_text("ant\nbee\ncow\n")
    return tmp_path / "data"


@pytest.fixture
def data(tree) -> DataConfig:
    return DataConfig(data_path=str(tree), test_size=SIZE, dilatation_iterations=0)


@pytest.fixture
def protocol() -> Protocol:
    return Protocol("hole", *SIZE, (3, 3), 0, ("hole_psnr", "hole_ssim", "hole_lpips"))


@pytest.fixture
def task(protocol) -> Task:
    """A moving hole over a panning camera: every hidden pixel is visible in another frame."""
    return Task(protocol, "still", "pan", pan(60), squares(20))
