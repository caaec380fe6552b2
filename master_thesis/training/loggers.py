"""Where a run is logged: its folder, and TensorBoard, a CSV file, Weights & Biases, MLflow or nothing in it."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torchvision.utils
from jaxtyping import Float, UInt8
from PIL import Image
from pytorch_lightning.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import Tensor

from master_thesis.errors import UserError, require

LOGS = "lightning_logs"
PROJECT = "master_thesis"
"""Name of the runs in Weights & Biases and MLflow."""
LOADED_BY = {"tensorboard": "torch.utils.tensorboard", "wandb": "wandb", "mlflow": "mlflow"}
"""The module that shows whether the package of a logger works."""
MLFLOW_SERVER = "MLFLOW_TRACKING_URI"
"""Environment variable of MLflow: where to log instead of to a local database."""
FRAME_MS = 120
"""Time that a film shows each frame, in ms."""


class UniqueVersion:
    """Gives a logger a ``version_N`` that no other run uses, even one that starts at the same moment."""

    root_dir: str

    def _get_next_version(self) -> int:
        version: int = super()._get_next_version()  # type: ignore[misc]
        while getattr(rank_zero_only, "rank", 0) == 0:  # which sends the folder to the other processes
            try:
                (Path(self.root_dir) / f"version_{version}").mkdir(parents=True)
                break
            except FileExistsError:
                version += 1
        return version


class TensorBoardRun(UniqueVersion, TensorBoardLogger):
    """Logs to TensorBoard."""


class CSVRun(UniqueVersion, CSVLogger):
    """Logs to ``metrics.csv``, and pictures as files."""


class SilentRun(UniqueVersion, CSVLogger):
    """Logs nothing: names the folder of checkpoints and options alone."""

    def log_metrics(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing."""

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing."""

    def save(self) -> None:
        """Does nothing."""

    def finalize(self, status: str) -> None:
        """Does nothing."""


def make_loggers(name: str, root: Path) -> list[Logger]:
    """Makes the loggers of a run; the first one names its folder, ``lightning_logs/version_N``.

    Args:
        name: ``tensorboard``, ``csv``, ``wandb``, ``mlflow`` or ``false``.
        root: where ``lightning_logs`` is.

    Raises:
        UserError: the package of the logger is not installed, or cannot be loaded.
    """
    if name in LOADED_BY:
        _require_package(name)
    if name == "tensorboard":
        return [TensorBoardRun(root, name=LOGS, default_hp_metric=False)]
    if name == "csv":
        return [CSVRun(root, name=LOGS)]
    folder = SilentRun(root, name=LOGS)
    if name == "wandb":
        return [folder, WandbLogger(project=PROJECT, save_dir=root)]
    if name == "mlflow":
        return [folder, _mlflow_logger(root)]
    return [folder]


def _mlflow_logger(root: Path) -> MLFlowLogger:
    """Logs to the server that the environment names, otherwise to a database, with files in a folder beside it."""
    server = os.environ.get(MLFLOW_SERVER)
    if server:
        return MLFlowLogger(PROJECT, tracking_uri=server)
    place = root.absolute()
    place.mkdir(parents=True, exist_ok=True)
    return MLFlowLogger(
        PROJECT, tracking_uri=f"sqlite:///{place / 'mlflow.db'}", artifact_location=(place / "mlruns").as_uri()
    )


def _require_package(name: str) -> None:
    """Refuses a logger that is not there or cannot be loaded, for example because protobuf does not suit it."""
    is_installed = find_spec(name) is not None
    require(is_installed, f"--logger {name} needs the package {name}: pip install {name}, or use --logger csv")
    try:
        import_module(LOADED_BY[name])
    except Exception as error:  # TypeError, ImportError, AttributeError, whatever protobuf raises
        reason = str(error).partition("\n")[0]
        raise UserError(
            f"{name} cannot be loaded ({reason}): pip install --upgrade {name} protobuf, or use --logger csv"
        ) from error


def log_picture(loggers: Iterable[Any], name: str, picture: Float[Tensor, "3 H W"], step: int) -> None:
    """Shows an image, RGB in [0, 1], in every logger that takes pictures.

    Args:
        loggers: of the run.
        name: of the image, like ``validation/clips``.
        picture: the image.
        step: the training step that it belongs to.
    """
    shown = picture.detach().float().clamp(0, 1).cpu()
    for logger in loggers if getattr(rank_zero_only, "rank", 0) == 0 else ():
        for kind, write in _WRITERS.items():
            if isinstance(logger, kind):
                write(logger, name, shown, step)


def log_film(loggers: Iterable[Any], name: str, frames: UInt8[np.ndarray, "F H W 3"], step: int) -> None:
    """Shows moving pictures, as a GIF, in every logger that takes pictures.

    Args:
        loggers: of the run.
        name: of the film, like ``validation/film``.
        frames: its pictures.
        step: the training step that it belongs to.
    """
    for logger in loggers if getattr(rank_zero_only, "rank", 0) == 0 else ():
        for kind, write in _FILM_WRITERS.items():
            if isinstance(logger, kind):
                write(logger, name, frames, step)


def gif_bytes(frames: UInt8[np.ndarray, "F H W 3"]) -> bytes:
    """Frames as the content of a GIF file that repeats for ever."""
    first, *others = (Image.fromarray(frame) for frame in frames)
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=FRAME_MS, loop=0)
    return buffer.getvalue()


def _to_tensorboard(logger: TensorBoardLogger, name: str, picture: Tensor, step: int) -> None:
    logger.experiment.add_image(name, picture, step)


def _to_files(logger: CSVLogger, name: str, picture: Tensor, step: int) -> None:
    path = Path(logger.log_dir) / "pictures" / f"{name}_{step:07d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    torchvision.utils.save_image(picture, path)


def _to_wandb(logger: WandbLogger, name: str, picture: Tensor, step: int) -> None:
    logger.log_image(name, [picture], step)


def _to_mlflow(logger: MLFlowLogger, name: str, picture: Tensor, step: int) -> None:
    pixels = (picture * 255).round().byte().permute(1, 2, 0).numpy()
    logger.experiment.log_image(logger.run_id, pixels, f"{name}_{step:07d}.png")


_WRITERS: dict[type[Logger], Callable[..., None]] = {
    TensorBoardLogger: _to_tensorboard,
    CSVRun: _to_files,
    WandbLogger: _to_wandb,
    MLFlowLogger: _to_mlflow,
}


def _film_to_tensorboard(logger: TensorBoardLogger, name: str, frames: np.ndarray, step: int) -> None:
    from tensorboard.compat.proto.summary_pb2 import Summary

    height, width = frames.shape[1:3]
    shown = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=gif_bytes(frames))
    logger.experiment._get_file_writer().add_summary(Summary(value=[Summary.Value(tag=name, image=shown)]), step)


def _film_to_files(logger: CSVLogger, name: str, frames: np.ndarray, step: int) -> None:
    path = Path(logger.log_dir) / "pictures" / f"{name}_{step:07d}.gif"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gif_bytes(frames))


def _film_to_wandb(logger: WandbLogger, name: str, frames: np.ndarray, step: int) -> None:
    logger.log_video(name, [io.BytesIO(gif_bytes(frames))], step, format=["gif"])


def _film_to_mlflow(logger: MLFlowLogger, name: str, frames: np.ndarray, step: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name.rpartition('/')[2]}_{step:07d}.gif"
        path.write_bytes(gif_bytes(frames))
        logger.experiment.log_artifact(logger.run_id, str(path), name.rpartition("/")[0])


_FILM_WRITERS: dict[type[Logger], Callable[..., None]] = {
    TensorBoardLogger: _film_to_tensorboard,
    CSVRun: _film_to_files,
    WandbLogger: _film_to_wandb,
    MLFlowLogger: _film_to_mlflow,
}
