"""From options to objects: networks, trainings, and Lightning's Trainer."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import nn

from master_thesis.checkpoints.loading import fill_vgg, load_chn, load_cpn, load_dfpn
from master_thesis.checkpoints.reading import network_entry, read_checkpoint
from master_thesis.cli.options import Options
from master_thesis.errors import UserError, require
from master_thesis.models.classical.opencv import OpenCVAligner
from master_thesis.models.registry import WEIGHTS
from master_thesis.models.vgg import VGG16
from master_thesis.ops.precision import best_precision
from master_thesis.training.base import NetworkTraining
from master_thesis.training.checkpointing import OptionsFile, OwnFolderLogger, WholeCheckpoints, training_callbacks
from master_thesis.training.chn import CHNTraining
from master_thesis.training.dfpn import DFPNTraining
from master_thesis.training.small import SmallDFPNTraining

LOGS = "lightning_logs"
SIZE_OPTIONS = {
    "dfpn": {"size": "dfpn_size", "corr_widths": "dfpn_corr_widths", "width": "dfpn_width", "vgg_width": "vgg_width"},
    "chn": {"width": "chn_width", "growth": "chn_growth", "num_blocks": "chn_num_blocks"},
}
"""Per kind of network: argument of its class, and the option that says it."""
ALIGNERS = {"dfpn": load_dfpn, "cpn": load_cpn}


def test_device(options: Options) -> torch.device:
    """Where to test: on a GPU where there is one, unless the CPU was asked for."""
    is_cpu = options.trainer.get("accelerator") == "cpu" or not torch.cuda.is_available()
    return torch.device("cpu" if is_cpu else "cuda")


def test_precision(options: Options) -> str:
    """The precision to test with: what was asked for, else the fastest that the hardware has."""
    asked = options.trainer.get("precision")
    return best_precision(test_device(options)) if asked is None else str(asked)


def load_networks(options: Options) -> tuple[nn.Module, nn.Module]:
    """The aligner and the CHN to test."""
    path = Path(options.run.test_checkpoint or WEIGHTS / "small_chn.safetensors")
    entry = network_entry(read_checkpoint(path))
    check_sizes(options, path, entry)
    chn = load_chn(path)
    return load_aligner(options, has_own=entry is None), chn


def make_training(options: Options, entry: Mapping[str, Any] | None) -> NetworkTraining:
    """The Lightning module to train.

    Args:
        options: all of them.
        entry: what a checkpoint says of its network when a training is resumed from it.
    """
    kind = kind_of(options)
    sizes = entry["sizes"] if entry else new_sizes(options, kind)
    if kind == "small_dfpn":
        return SmallDFPNTraining(sizes, options.optim)
    if kind == "dfpn":
        training = DFPNTraining(sizes, options.optim)
        if entry is None:  # else the checkpoint brings VGG16
            fill_vgg(training.network.vgg, options.vgg.vgg_weights)
        return training
    weight = options.chn_loss.perceptual_weight
    vgg = fill_vgg(VGG16(width=options.vgg.vgg_width), options.vgg.vgg_weights) if weight > 0 else None
    return CHNTraining(sizes, options.optim, load_aligner(options, has_own=False), vgg, weight, kind)


def kind_of(options: Options) -> str:
    """Which network it is about, a key of ``registry.NETWORKS``."""
    return ("small_" if options.run.preset == "small" else "") + ("chn" if options.run.chn else "dfpn")


def load_aligner(options: Options, has_own: bool) -> nn.Module:
    """The aligner that CHN stands on.

    Args:
        options: all of them.
        has_own: whether the tested checkpoint may bring it (those of the reference implementation do).
    """
    name, path = options.run.chn_aligner, options.run.chn_aligner_checkpoint
    if name == "opencv":
        return OpenCVAligner()
    if path is None and options.run.test and options.run.preset == "small":
        path = str(WEIGHTS / "small_dfpn.safetensors")
    if path is None:
        path = options.run.test_checkpoint if has_own else None
        require(path is not None, f"--chn_aligner {name} needs --chn_aligner_checkpoint: which one to use")
    return ALIGNERS[name or "dfpn"](str(path))


def new_sizes(options: Options, kind: str) -> dict[str, Any]:
    """Sizes of a new network."""
    values = asdict(options.vgg) | asdict(options.dfpn) | asdict(options.chn)
    return {key: values[option] for key, option in SIZE_OPTIONS.get(kind, {}).items()}


def check_sizes(options: Options, path: Path, entry: Mapping[str, Any] | None) -> None:
    """Raises :class:`UserError` where sizes were given that are not those of a checkpoint."""
    if entry is None or entry["kind"] not in SIZE_OPTIONS:
        return
    for key, name in SIZE_OPTIONS[entry["kind"]].items():
        wanted, held = (_as_text(sizes.get(key)) for sizes in (new_sizes(options, entry["kind"]), entry["sizes"]))
        is_fine = name not in options.given or wanted == held
        require(is_fine, f"{path} has --{name} {held} and keeps it, got --{name} {wanted}: leave that out")


def _as_text(size: Any) -> str:
    return " ".join(map(str, size)) if isinstance(size, Sequence) else str(size)


def check_gpus(options: Options) -> None:
    """Raises :class:`UserError` where more GPUs were asked for than there are."""
    asked, there = options.run.gpus or 0, torch.cuda.device_count()
    hint = "leave out --gpus to run on the CPU" if there == 0 else f"give at most --gpus {there}"
    require(asked <= there, f"--gpus {asked}: this machine has {there} usable GPUs; {hint}")


def make_trainer(options: Options) -> pl.Trainer:
    """Lightning's Trainer; making it writes nothing."""
    given = dict(options.trainer)
    check_gpus(options)
    if options.run.gpus is not None:
        given |= {"accelerator": "gpu", "devices": options.run.gpus}
    is_bare = bool(given.get("barebones"))
    is_logging = given.pop("logger", not is_bare) in (True, None)
    if options.run.test:
        given["precision"] = test_precision(options)
    if not is_bare:
        given.setdefault("log_every_n_steps", min(50, options.data.train_max_iterations))
        given["callbacks"] = make_callbacks(options, is_logging)
        given["plugins"] = [WholeCheckpoints()]
    if is_logging:
        root = given.get("default_root_dir") or "."
        given["logger"] = OwnFolderLogger(root, name=LOGS)
    elif not is_bare:
        given["logger"] = False
    with told_in_one_line(MisconfigurationException, ValueError, TypeError, RuntimeError, ImportError):
        return pl.Trainer(**given)


def make_callbacks(options: Options, is_logging: bool) -> list[pl.Callback]:
    """What watches a run."""
    written = {k: v for k, v in asdict(options).items() if k != "given"}
    if options.run.test:
        return [OptionsFile(written)]
    callbacks = training_callbacks(written, options.run.checkpoint_every, is_logging)
    is_keeping = options.trainer.get("enable_checkpointing") is not False
    return callbacks if is_keeping else [c for c in callbacks if not isinstance(c, pl.callbacks.Checkpoint)]


@contextmanager
def told_in_one_line(*kinds: type[Exception]) -> Iterator[None]:
    """Turns what Lightning has to say about its arguments into a :class:`UserError`.

    Args:
        kinds: errors that are meant for the user wherever they come from. Others are if Lightning itself raised them as
            a ``ValueError``; the rest are faults of this program and keep their traceback.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        is_meant = isinstance(error, kinds) or (isinstance(error, ValueError) and _is_by_lightning(error))
        if not is_meant:
            raise
        raise UserError(" ".join(str(error).split())) from error


def _is_by_lightning(error: Exception) -> bool:
    innermost = list(traceback.walk_tb(error.__traceback__))[-1][0]
    return str(innermost.f_globals.get("__name__", "")).startswith(("pytorch_lightning.", "lightning_fabric."))


def logs_folder(options: Options) -> Path:
    """The folder of all runs."""
    return Path(options.trainer.get("default_root_dir") or ".") / LOGS
