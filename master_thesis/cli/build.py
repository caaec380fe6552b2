"""From option records to networks and inpainters, and where they run."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from master_thesis.checkpoints.loading import load_coarse, load_network, load_shipped
from master_thesis.checkpoints.origin import identify
from master_thesis.checkpoints.own import load_own_aligner, load_own_hallucinator
from master_thesis.checkpoints.reading import Checkpoint
from master_thesis.cli.options import PRECISION_ALIASES, AlignerChoice, NetworkChoice, NetworkCommandOptions, is_class
from master_thesis.configs.fields import resolved
from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.errors import UserError, require
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.models.registry import NETWORKS, NetworkSpec, find_network
from master_thesis.ops.precision import autocast, best_precision
from master_thesis.runtime.distributed import launched_local_rank, launched_world
from master_thesis.runtime.installs import find_patchmatch
from master_thesis.runtime.malloc import keep_freed_memory

log = logging.getLogger(__name__)

GPU_WORDS = "auto", "gpu", "cuda"
"""Values of ``--accelerator`` that choose a GPU where PyTorch sees one."""


def prepare_run(seed: int) -> None:
    """Prepares the process for a run in which networks are not trained."""
    keep_freed_memory()
    torch.manual_seed(seed)


def seed_run(seed: int) -> None:
    """Prepares the process for a run that depends on its seed alone."""
    import pytorch_lightning as pl  # takes seconds, and removals and masks do without

    keep_freed_memory()
    pl.seed_everything(seed, workers=True, verbose=False)


@contextmanager
def running_networks(options: NetworkCommandOptions, seed: int) -> Iterator[torch.device]:
    """Yields the device on which networks run in this block, in the precision of the options."""
    prepare_run(seed)
    check_device(options)
    device = inference_device(options.trainer)
    with autocast(device, inference_precision(options.trainer)):
        yield device


def check_device(options: NetworkCommandOptions) -> None:
    """Raises :class:`UserError` if the device of the options is unknown, or not there."""
    check_gpus(options.gpus)
    place = options.trainer.get("accelerator", "auto")
    require(place in ("cpu", *GPU_WORDS), f"--accelerator should be one of cpu, {', '.join(GPU_WORDS)}, got {place}")


def inference_device(trainer: Mapping[str, Any]) -> torch.device:
    """The GPU if there is one, unless ``--accelerator cpu`` is given; each process that was launched has its own.

    Args:
        trainer: the given arguments of Lightning's Trainer.
    """
    is_cpu = trainer.get("accelerator") == "cpu" or not torch.cuda.is_available() or not gpu_works()
    if is_cpu or launched_world() == 1:
        return torch.device("cpu" if is_cpu else "cuda")
    return torch.device("cuda", launched_local_rank() % torch.cuda.device_count())


NO_KERNELS = "no kernel image is available"
"""What CUDA says of a GPU that PyTorch was not built for."""


@functools.cache
def gpu_works() -> bool:
    """Whether this PyTorch can compute on the GPU that it sees; logs a warning once if not."""
    try:
        torch.ones(2, device="cuda").sum().item()
    except Exception as error:  # what else is wrong with it, the first network says
        if NO_KERNELS not in str(error):
            return True
        log.warning("this PyTorch was not built for the GPU of this machine (%s): the CPU is used", NO_KERNELS)
        return False
    return True


def device_name(device: torch.device) -> str:
    """The name of a GPU, or ``cpu``."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def inference_precision(trainer: Mapping[str, Any]) -> str:
    """The given ``--precision``, or else the fastest one of the hardware."""
    given = trainer.get("precision")
    return best_precision(inference_device(trainer)) if given is None else PRECISION_ALIASES.get(str(given), str(given))


def check_gpus(gpus: int | None) -> None:
    """Raises :class:`UserError` if the machine has fewer GPUs that work than given by ``--gpus``."""
    if gpus is None:
        return
    there = torch.cuda.device_count()
    if there and not gpu_works():
        there = 0
    hint = "leave out --gpus to run on the CPU" if there == 0 else f"give at most --gpus {there}"
    require(gpus <= there, f"--gpus {gpus}: this machine has {there} usable GPUs; {hint}")


def load_networks(choice: NetworkChoice, *sizes: Any) -> tuple[Any, Any]:
    """Loads the aligner and the CHN that fill sequences.

    Args:
        choice: names them.
        sizes: records with size options, which must be those of the checkpoint of CHN where they are given.
    """
    if choice.hallucinator:
        own = load_own_hallucinator(choice.hallucinator, choice.test_checkpoint)
        return load_aligner(choice, is_small=True), own
    if not choice.test_checkpoint:
        return load_aligner(choice, is_small=True), load_hallucinator(choice.hallucinate)
    checkpoint = Checkpoint.read(choice.test_checkpoint)
    check_sizes(checkpoint.path, checkpoint.entry, *sizes)
    chn = load_network(checkpoint, "chn")
    aligner = load_aligner(choice, choice.is_small, checkpoint)
    report_other_aligner(checkpoint.path, checkpoint.entry, aligner)
    return aligner, chn


HALLUCINATED_BY = {
    "chn": "what no frame shows is hallucinated by chn, without texture: `pip install pypatchmatch` continues textures",
    "exemplar": "what no frame shows is hallucinated from patches of its surroundings (--hallucinate exemplar)",
}
"""What the log says if no hallucinator was chosen."""


def load_hallucinator(family: str | None) -> Any:
    """Loads the hallucinator that is used where no checkpoint is named.

    Args:
        family: ``chn``, or a painter; None: the exemplar painter where it is installed, else the shipped CHN.

    Raises:
        UserError: the package of the painter is missing.
    """
    if family is None:
        family = "chn" if find_patchmatch() is None else "exemplar"
        log.info(HALLUCINATED_BY[family])
    spec = find_network(family)
    if spec.has_weights:
        return load_shipped(family)
    return spec.cls(coarse=load_coarse()) if family == "exemplar" else spec.cls()


def report_other_aligner(path: Path, entry: Mapping[str, Any] | None, aligner: Any) -> None:
    """Logs a warning if a checkpoint of CHN was trained on another aligner.

    Args:
        path: the checkpoint.
        entry: what it says of its network; older ones do not name their aligner.
        aligner: the aligner that it is to be used with.
    """
    trained_on, given = (entry or {}).get("aligner"), identify(aligner)
    if isinstance(trained_on, Mapping) and dict(trained_on) != given:
        names = [" ".join(map(str, each.values()))[:100] for each in (trained_on, given)]
        log.warning("%s was trained on the aligner %s, and is now used with %s: results may differ", path, *names)


def load_aligner(choice: AlignerChoice, is_small: bool = False, brought_by: Checkpoint | None = None) -> Any:
    """Loads the aligner of CHN.

    Args:
        choice: names it, or its class.
        is_small: whether the shipped weights serve where no checkpoint is named.
        brought_by: the checkpoint of CHN; those of the reference implementation contain an aligner.

    Raises:
        UserError: no checkpoint holds it.
    """
    family = choice.chn_aligner or next(spec.family for spec in NETWORKS.values() if spec.shipped and spec.is_aligner)
    if is_class(family):
        return load_own_aligner(family, choice.chn_aligner_checkpoint)
    spec = find_network(family)
    if not spec.has_weights:
        return spec.cls()
    if choice.chn_aligner_checkpoint:
        return load_network(Checkpoint.read(choice.chn_aligner_checkpoint), family)
    if is_small and any(s.family == family and s.shipped for s in NETWORKS.values()):
        return load_shipped(family)
    if brought_by is None or brought_by.entry is not None:
        raise UserError(f"--chn_aligner {family} needs --chn_aligner_checkpoint: which one to use")
    return load_network(brought_by, family)


def make_inpainters(
    networks: tuple[Any, Any], options: Sequence[InpaintOptions], device: torch.device
) -> list[Inpainter]:
    """One inpainter per algorithm, with an aligner and a CHN on a device."""
    aligner: Any
    aligner, chn = (n.to(device) if isinstance(n, nn.Module) else n for n in networks)
    return [Inpainter(aligner, chn, each, device) for each in options]


def sizes_for(spec: NetworkSpec, *records: Any) -> dict[str, Any]:
    """The sizes of a new network: keyword arguments of its class, from the records that hold its size options."""
    values = {name: value for record in records for name, value in resolved(record).items()}
    return {key: values[name] for key, name in spec.sizes.items()}


def check_sizes(path: str | Path, entry: Mapping[str, Any] | None, *records: Any) -> None:
    """Raises :class:`UserError` if a given size is not that of a checkpoint.

    Args:
        path: the checkpoint.
        entry: its network, ``{"kind": ..., "sizes": {...}}``; None: unknown.
        records: hold the size options; None means not given.
    """
    given = {name: value for record in records for name, value in vars(record).items()}
    sizes = NETWORKS[entry["kind"]].sizes if entry and entry["kind"] in NETWORKS else {}
    check_kept(path, {name: entry["sizes"].get(key) for key, name in sizes.items()} if entry else {}, given)


def check_kept(path: str | Path, kept: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raises :class:`UserError` if a given option is not that of a checkpoint, which would ignore it.

    Args:
        path: the checkpoint.
        kept: its options by name.
        given: options by name; None means not given.
    """
    for name, value in kept.items():
        wanted, held = _as_text(given.get(name)), _as_text(value)
        is_fine = given.get(name) is None or wanted == held
        require(is_fine, f"{path} has --{name} {held} and keeps it, got --{name} {wanted}: leave that out")


def _as_text(size: Any) -> str:
    return " ".join(map(str, size)) if isinstance(size, (tuple, list)) else str(size)
