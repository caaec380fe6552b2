"""``test dfpn`` and ``test chn``: an aligner shown clip by clip in TensorBoard, CHN by filling test sequences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from master_thesis.cli.flags import part
from master_thesis.cli.options import AlgorithmChoice, NetworkChoice, NetworkCommandOptions
from master_thesis.configs.data import DataConfig
from master_thesis.configs.fields import option
from master_thesis.configs.networks import CHNConfig, DFPNConfig, VGGConfig
from master_thesis.configs.training import PRESETS
from master_thesis.errors import require
from master_thesis.runtime.atomic import refuse_overwrite

if TYPE_CHECKING:
    import pytorch_lightning as pl

    from master_thesis.data.datamodule import DataModule

SEQUENCES = (
    "data_path",
    "follow_links",
    "test_size",
    "dilatation_filter_size",
    "dilatation_iterations",
    "num_workers",
    "seed",
)
CLIPS = (*SEQUENCES, "frames_n", "frames_spacing", "batch_size")
NEEDS_CHECKPOINT = "--test_checkpoint should name the network to test (or take the shipped one: --preset small)"


@dataclass(frozen=True, kw_only=True)
class DFPNTestOptions(NetworkCommandOptions):
    """Show how DFPN aligns clips of the test sequences (TensorBoard)."""

    NAME = "test dfpn"
    COMMON = (
        *("test_checkpoint", "preset", "data_path", "test_size", "frames_n", "frames_spacing", "batch_size"),
        *("num_workers", "limit_test_batches", "gpus", "precision", "seed", "config"),
    )

    test_checkpoint: str | None = option(None, "checkpoint to test", metavar="FILE")
    preset: str = option("thesis", "small: test the shipped aligner", choices=PRESETS)
    data: DataConfig = part(DataConfig(), only=CLIPS)
    vgg: VGGConfig = part(VGGConfig(vgg_weights="random"), only=("vgg_width",))
    sizes: DFPNConfig = part(DFPNConfig())

    def __post_init__(self) -> None:
        super().__post_init__()
        self.data.require_clips()
        require(bool(self.test_checkpoint) or self.preset == "small", NEEDS_CHECKPOINT)


@dataclass(frozen=True, kw_only=True)
class CHNTestOptions(NetworkCommandOptions):
    """Fill the test sequences with CHN and write a video of each."""

    NAME = "test chn"
    COMMON = (
        *("test_checkpoint", "preset", "chn_aligner", "chn_aligner_checkpoint", "data_path", "test_size"),
        *("algorithms", "output_path", "overwrite", "num_workers", "gpus", "precision", "seed", "config"),
    )

    networks: NetworkChoice = part(NetworkChoice(hallucinate="chn"), without=("hallucinate",))
    inpainting: AlgorithmChoice = part(AlgorithmChoice())
    output_path: str = option("generated_sequences", "folder for the videos", metavar="FOLDER")
    overwrite: bool = option(False, "replace existing videos")
    data: DataConfig = part(DataConfig(frames_n=-1, batch_size=1), only=SEQUENCES)
    sizes: CHNConfig = part(CHNConfig())

    def __post_init__(self) -> None:
        super().__post_init__()
        networks = self.networks
        is_named = bool(networks.test_checkpoint or networks.hallucinator) or networks.preset == "small"
        require(is_named, NEEDS_CHECKPOINT)


def test_dfpn(options: DFPNTestOptions) -> None:
    """Shows what DFPN makes of clips."""
    from master_thesis.checkpoints.loading import load_network, load_shipped
    from master_thesis.checkpoints.reading import Checkpoint
    from master_thesis.cli.build import check_sizes, seed_run
    from master_thesis.cli.trainer import describe_run, make_testing_trainer
    from master_thesis.training.testing import ClipFigures  # with PyAV, which training does without

    seed_run(options.data.seed)
    trainer = make_testing_trainer(options)
    if options.test_checkpoint:
        checkpoint = Checkpoint.read(options.test_checkpoint)
        check_sizes(checkpoint.path, checkpoint.entry, options.vgg, options.sizes)
        aligner = load_network(checkpoint, "dfpn")
    else:
        aligner = load_shipped("dfpn")
    if _test(trainer, ClipFigures(aligner), _read_data(options.data)):
        print(f"run: {describe_run(trainer)}")


def test_chn(options: CHNTestOptions) -> None:
    """Fills test sequences with CHN."""
    from master_thesis.cli.build import load_networks, seed_run
    from master_thesis.cli.config_file import CONFIG, write_config
    from master_thesis.cli.trainer import make_testing_trainer
    from master_thesis.training.testing import SequenceFilling, video_path  # with PyAV, as above

    seed_run(options.data.seed)
    trainer = make_testing_trainer(options)
    folder, algorithms = Path(options.output_path), options.inpainting.algorithms
    module = SequenceFilling(*load_networks(options.networks, options.sizes), folder, algorithms)
    data = _read_data(options.data)
    assert data.test_clips is not None
    names = dict.fromkeys(sequence.name for sequence, _ in data.test_clips.items)
    places = [video_path(folder, name, algorithm) for name in names for algorithm in algorithms]
    refuse_overwrite("output_path", places, options.overwrite)
    if _test(trainer, module, data):
        if folder.is_dir():
            write_config(folder / CONFIG, options, options.overwrite)
        print(f"videos: {options.output_path}")


def _read_data(config: DataConfig) -> DataModule:
    from master_thesis.data.datamodule import DataModule

    data = DataModule(config)
    data.setup("test")
    return data


def _test(trainer: pl.Trainer, module: pl.LightningModule, data: DataModule) -> bool:
    """Tests, and returns whether this is the process that reports it.

    Raises:
        UserError: some files cannot be used; the others are done.
    """
    from pytorch_lightning.utilities.exceptions import MisconfigurationException

    from master_thesis.cli.trainer import as_user_error

    with as_user_error(MisconfigurationException):
        trainer.test(module, datamodule=data)
    if not trainer.is_global_zero:  # Lightning ends the first process, which reports it, if another one fails
        return False
    bad = data.bad_test_files
    require(bad.num_bad == 0, f"{bad.num_bad} test files cannot be used, the rest is done: {bad.listed()}")
    return True
