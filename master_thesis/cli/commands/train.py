"""``train dfpn`` and ``train chn``: from the start, from other weights, or from where a training was interrupted."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from master_thesis.cli.flags import part
from master_thesis.cli.options import AlignerChoice, NetworkCommandOptions
from master_thesis.configs.data import DataConfig
from master_thesis.configs.fields import check_bounds, option, resolved
from master_thesis.configs.networks import CHNConfig, DFPNConfig, SmallConfig, TextureConfig, VGGConfig
from master_thesis.configs.training import CHNLossConfig, OptimConfig, TrainingConfig
from master_thesis.errors import require
from master_thesis.models.registry import NetworkSpec, find_network

if TYPE_CHECKING:
    import pytorch_lightning as pl

    from master_thesis.training.base import NetworkTraining
    from master_thesis.training.resume_point import ResumePoint

log = logging.getLogger(__name__)

COMMON = (
    *("data_path", "preset", "batch_size", "train_size", "frames_n", "frames_spacing", "num_workers", "lr"),
    *("max_epochs", "train_max_iterations", "gpus", "precision", "ckpt_path", "init_from", "seed", "config"),
)


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(NetworkCommandOptions):
    """Options of every training."""

    data: DataConfig = part(DataConfig(), without=("test_size",))
    training: TrainingConfig = part(TrainingConfig())
    optim: OptimConfig = part(OptimConfig())
    vgg: VGGConfig = part(VGGConfig())
    early_stopping: int | None = option(
        None, "end the training after N validations without a better --monitor", metavar="N", within=(1, 10**6)
    )

    validation_film: int | None = option(
        None, "log a film of N validation frames, filled by ip, after each validation", metavar="N", within=(2, 1000)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bounds(self)
        self.data.require_clips()

    def callbacks(self, monitor: str) -> list[pl.Callback]:
        """The callbacks that the options ask for."""
        from master_thesis.training.early_stopping import make_early_stopping
        from master_thesis.training.film import ValidationFilm

        stopping = [] if self.early_stopping is None else [make_early_stopping(monitor, self.early_stopping)]
        return [*stopping, *([] if self.validation_film is None else [ValidationFilm(self.validation_film)])]


@dataclass(frozen=True, kw_only=True)
class DFPNTrainingOptions(TrainingOptions):
    """Train DFPN, the network that aligns frames."""

    NAME = "train dfpn"
    COMMON = COMMON

    sizes: DFPNConfig = part(DFPNConfig())
    small: SmallConfig = part(SmallConfig())

    def __post_init__(self) -> None:
        super().__post_init__()
        is_fit = self.training.preset != "thesis" or self.small == SmallConfig()
        require(is_fit, "--small_start and --small_size are for the small preset: add --preset small")


@dataclass(frozen=True, kw_only=True)
class CHNTrainingOptions(TrainingOptions):
    """Train CHN, the network that paints, on top of an aligner."""

    NAME = "train chn"
    COMMON = ("chn_aligner", "chn_aligner_checkpoint", *COMMON)

    aligner: AlignerChoice = part(AlignerChoice())
    loss: CHNLossConfig = part(CHNLossConfig())
    sizes: CHNConfig = part(CHNConfig())
    texture_sizes: TextureConfig = part(TextureConfig())

    def __post_init__(self) -> None:
        super().__post_init__()
        self.aligner.require_named()
        self.aligner.require_weights()


def train_dfpn(options: DFPNTrainingOptions) -> None:
    """Trains DFPN."""
    from master_thesis.checkpoints.loading import fill_vgg
    from master_thesis.cli.build import sizes_for

    spec = find_network("dfpn", options.training.preset)
    trainer = _start(options, spec)
    _require_paths(options, options.vgg.vgg_weights)
    resumed = _find_resumed(options, trainer, spec, options.vgg, options.sizes, options.small)
    sizes = resumed.entry["sizes"] if resumed else sizes_for(spec, options.vgg, options.sizes, options.small)
    module = spec.trainer_cls(sizes, options.optim)
    if resumed is None and "vgg_width" in spec.sizes:  # a checkpoint contains VGG16
        fill_vgg(module.network.vgg, options.vgg.vgg_weights)
    _fit(options, trainer, module, resumed)


def train_chn(options: CHNTrainingOptions) -> None:
    """Trains CHN on top of a frozen aligner."""
    from master_thesis.checkpoints.loading import fill_vgg
    from master_thesis.cli.build import load_aligner, report_other_aligner, sizes_for
    from master_thesis.models.vgg import VGG16

    spec = find_network("chn", options.training.preset)
    trainer = _start(options, spec)
    _require_paths(options, options.vgg.vgg_weights, options.aligner.chn_aligner_checkpoint)
    resumed = _find_resumed(options, trainer, spec, options.sizes, options.texture_sizes)
    sizes = resumed.entry["sizes"] if resumed else sizes_for(spec, options.sizes, options.texture_sizes)
    width = resolved(options.vgg)["vgg_width"]
    vgg = fill_vgg(VGG16(width=width), options.vgg.vgg_weights) if options.loss.needs_vgg else None
    aligner = load_aligner(options.aligner)
    if resumed:
        report_other_aligner(resumed.path, resumed.entry, aligner)
    module = spec.trainer_cls(sizes, options.optim, aligner, vgg, options.loss, spec.kind)
    _fit(options, trainer, module, resumed)


def _require_paths(options: TrainingOptions, *files: str | None) -> None:
    """Looks for the data and for files before VGG16 is downloaded and masks are measured.

    Args:
        options: of the training.
        files: that it will read: checkpoints, or words for weights.

    Raises:
        UserError: something is not there.
    """
    from master_thesis.checkpoints.reading import require_checkpoint
    from master_thesis.checkpoints.vgg import IMAGENET, RANDOM
    from master_thesis.data.index import check_paths

    check_paths(options.data)
    for file in (options.training.init_from, *files):
        if file and file not in (IMAGENET, RANDOM):
            require_checkpoint(Path(file))


def _start(options: TrainingOptions, spec: NetworkSpec) -> pl.Trainer:
    """The Trainer of a run whose seed is set."""
    from master_thesis.cli.build import seed_run
    from master_thesis.cli.trainer import make_training_trainer

    seed_run(options.data.seed)
    monitor = f"validation/{(options.training.monitor or spec.trainer_cls.monitor).removeprefix('validation/')}"
    every, steps = options.training.checkpoint_every, options.data.train_max_iterations
    more = options.callbacks(monitor)
    return make_training_trainer(options, every, steps, monitor, options.training.ema_decay, more)


def _find_resumed(options: TrainingOptions, trainer: pl.Trainer, spec: NetworkSpec, *sizes: Any) -> ResumePoint | None:
    """The checkpoint that a training is resumed from; given sizes and options of the optimiser must be those of it."""
    from master_thesis.cli.build import check_kept, check_sizes
    from master_thesis.cli.trainer import logs_folder
    from master_thesis.training.resume_point import newest_checkpoint, resumable
    from master_thesis.training.resuming import choose_together

    path = options.training.ckpt_path
    if not path:
        return None
    if path == "last":
        logs = logs_folder(options.trainer)
        path = str(choose_together(trainer, lambda: newest_checkpoint(logs, spec.kind).path))
    resumed = resumable(Path(path), spec.kind)
    check_sizes(resumed.path, resumed.entry, *sizes)
    check_kept(resumed.path, resumed.optim, vars(options.optim))
    log.info("resuming from %s", resumed.path)
    return resumed


def _fit(options: TrainingOptions, trainer: pl.Trainer, module: NetworkTraining, resumed: ResumePoint | None) -> None:
    from pytorch_lightning.utilities.exceptions import MisconfigurationException

    from master_thesis.checkpoints.loading import init_network
    from master_thesis.cli.trainer import as_user_error, describe_run
    from master_thesis.data.datamodule import DataModule
    from master_thesis.runtime.distributed import SharedError
    from master_thesis.training.recompute import recompute_activations

    if options.training.init_from:
        init_network(module.network, options.training.init_from)
    if options.training.recompute:
        recompute_activations(module.network)
    data = DataModule(options.data)
    data.setup("fit")
    try:
        with as_user_error(MisconfigurationException):
            trainer.fit(module, datamodule=data, ckpt_path=resumed.path if resumed else None, weights_only=True)
    except SharedError:
        if trainer.is_global_zero:
            raise
        return  # Lightning ends the first process, which reports it, if another one fails
    if trainer.log_dir:
        print(f"run: {describe_run(trainer)}")
