"""What the command does: train, test, measure, fill a video, write the built-in data."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from master_thesis.checkpoints.loading import export_network, init_network, load_dfpn
from master_thesis.checkpoints.reading import network_entry, read_checkpoint
from master_thesis.cli.build import (
    check_gpus,
    check_sizes,
    kind_of,
    load_networks,
    logs_folder,
    make_trainer,
    make_training,
    test_device,
    test_precision,
    told_in_one_line,
)
from master_thesis.cli.options import Options
from master_thesis.data.builtin.sample import MARKER, write_sample_data
from master_thesis.data.datamodule import DataModule
from master_thesis.errors import require
from master_thesis.evaluation.evaluate import run_evaluation
from master_thesis.evaluation.methods import network_method
from master_thesis.models.registry import WEIGHTS
from master_thesis.ops.precision import autocast
from master_thesis.runtime.atomic import refuse_overwrite
from master_thesis.runtime.distributed import SharedError
from master_thesis.runtime.malloc import keep_freed_memory
from master_thesis.training.checkpointing import newest_checkpoint, resumable
from master_thesis.training.recompute import recompute_activations

log = logging.getLogger(__name__)


def run(options: Options) -> None:
    """Does what was asked for.

    Raises:
        UserError: where the user's options, files or data do not allow it; nothing is written then.
    """
    if options.run.sample_data:
        refuse_overwrite("sample_data", [Path(options.run.sample_data) / MARKER], options.video.overwrite)
        write_sample_data(options.run.sample_data, options.data.seed)
        print(f"built-in data: {options.run.sample_data} (use it with --data_path {options.run.sample_data})")
        return
    if options.run.export:
        checkpoint, target = Path(str(options.run.test_checkpoint)), Path(options.run.export)
        is_input = target.exists() and target.samefile(checkpoint)
        require(not is_input, f"--export {target} is an input and is never overwritten")
        refuse_overwrite("export", [target], options.video.overwrite)
        export_network(checkpoint, target)
        print(f"weights: {options.run.export}")
        return
    keep_freed_memory()
    pl.seed_everything(options.data.seed, workers=True, verbose=False)
    if options.run.evaluate or options.video.video:
        check_gpus(options)
        with autocast(test_device(options), test_precision(options)):
            evaluate(options) if options.run.evaluate else fill_video(options)
        return
    trainer = make_trainer(options)
    if options.run.test:
        test(options, trainer)
    else:
        train(options, trainer)


def train(options: Options, trainer: pl.Trainer) -> None:
    """Trains DFPN or CHN, from the start or from a checkpoint."""
    kind = kind_of(options)
    resumed: Path | None = None
    entry: Mapping[str, Any] | None = None
    if options.run.ckpt_path:
        last = options.run.ckpt_path == "last"
        resumed = newest_checkpoint(logs_folder(options), kind) if last else Path(options.run.ckpt_path)
        entry = resumable(resumed, kind)
        check_sizes(options, resumed, entry)
        log.info("resuming from %s", resumed)
    module = make_training(options, entry)
    if options.run.init_from:
        init_network(module.network, options.run.init_from)
    if options.run.recompute:
        recompute_activations(module.network)
    data = DataModule(options.data)
    data.setup("fit")
    try:
        with told_in_one_line(MisconfigurationException):
            trainer.fit(module, datamodule=data, ckpt_path=resumed, weights_only=True)
    except SharedError:
        if trainer.is_global_zero:
            raise
        return  # Lightning ends the first process, which tells it, where another one fails
    if trainer.log_dir:
        print(f"run: {trainer.log_dir} (look at it with: tensorboard --logdir {logs_folder(options)})")


def evaluate(options: Options) -> None:
    """Measures CHN by every algorithm, the baselines and other methods' frames."""
    device = test_device(options)
    aligner, chn = (network.to(device) for network in load_networks(options))
    leaps = options.video.leaps and "leaps" in options.given
    methods = {
        f"{kind_of(options)} {name}": network_method(aligner, chn, name, device, leaps)
        for name in options.run.algorithms
    }
    folder = options.run.output_path if "output_path" in options.given else "evaluation"
    run_evaluation(options.data, options.evaluation, Path(folder), methods, options.video.overwrite)


def fill_video(options: Options) -> None:
    """Removes an object from somebody's video."""
    from master_thesis.video.runs import run_video  # with PyAV, which training does without

    aligner, chn = load_networks(options)
    test_size = None if options.video.native_size else options.data.test_size
    algorithms = options.run.algorithms if "algorithms" in options.given else ("ip",)
    device = test_device(options)
    run_video(options.video, aligner.to(device), chn.to(device), algorithms, test_size, device)


def test(options: Options, trainer: pl.Trainer) -> None:
    """Shows what DFPN makes of test clips, or fills test sequences with CHN."""
    from master_thesis.training.testing import ClipFigures, SequenceFilling  # with PyAV, as above

    run = options.run
    if run.chn:
        networks = load_networks(options)
        module: pl.LightningModule = SequenceFilling(*networks, Path(run.output_path), run.algorithms)
    else:
        path = Path(run.test_checkpoint or WEIGHTS / "small_dfpn.safetensors")
        check_sizes(options, path, network_entry(read_checkpoint(path)))
        module = ClipFigures(load_dfpn(path))
    data = DataModule(options.data)
    data.setup("test")
    if run.chn:
        refuse_existing_videos(options, data)
    with told_in_one_line(MisconfigurationException):
        trainer.test(module, datamodule=data)
    if not trainer.is_global_zero:  # Lightning ends the first process, which tells it, where another one fails
        return
    bad = data.bad_test_files
    require(bad.num_bad == 0, f"{bad.num_bad} test files cannot be used, the rest is done: {bad.listed()}")
    print(f"videos: {run.output_path}" if run.chn else f"figures: tensorboard --logdir {logs_folder(options)}")


def refuse_existing_videos(options: Options, data: DataModule) -> None:
    """Raises :class:`UserError` where a test would replace videos that nobody gave up."""
    from master_thesis.training.testing import video_path

    assert data.test_clips is not None
    names = dict.fromkeys(sequence.name for sequence, _ in data.test_clips.items)
    paths = (video_path(Path(options.run.output_path), n, a) for n in names for a in options.run.algorithms)
    refuse_overwrite("output_path", paths, options.video.overwrite)
