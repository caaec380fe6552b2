"""The world of the tests: a tiny data tree on disk, written once per session."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tensors of the tests are too small to be worth a second thread
import pytorch_lightning  # noqa: F401 (before the hook of jaxtyping, under which Python finds no compiled modules)

from master_thesis.configs.data import DataConfig


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the tests that need a GPU where there is none."""
    gpu_items = [item for item in items if item.get_closest_marker("gpu")]
    if not gpu_items:
        return
    import torch

    for item in gpu_items if not torch.cuda.is_available() else []:
        item.add_marker(pytest.mark.skip(reason="no CUDA device"))


@pytest.fixture(autouse=True, scope="session")
def _no_waiting_for_disks() -> Iterator[None]:
    """Does not wait until files are on the disk, which matters only when the machine itself stops."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _messages_of_lightning_are_captured() -> None:
    """Lets Lightning's logger follow the capture of each test; it keeps the stream that it was imported with."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).handlers = [logging.lastResort] if logging.lastResort else []


@pytest.fixture(scope="session")
def sample_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in data at a small size; tests only read it."""
    from master_thesis.data.builtin.sample import write_sample_data

    path = tmp_path_factory.mktemp("sample") / "data"
    write_sample_data(path, height=80, num_frames=8)
    return path


@pytest.fixture
def data_config(sample_tree: Path, tmp_path: Path) -> Callable[..., DataConfig]:
    """Makes options for the small tree, with a cache in the folder of the test."""

    def make(**changes: Any) -> DataConfig:
        small = {
            "data_path": str(sample_tree),
            "data_ckpt_path": str(tmp_path / "cache" / "data.ckpt"),
            "frames_spacing": 2,
            "train_size": (32, 32),
            "test_size": (32, 48),
            "batch_size": 2,
            "train_max_iterations": 4,
            "validation_max_iterations": 2,
            "dilatation_iterations": 1,
        }
        return DataConfig(**(small | changes))

    return make
