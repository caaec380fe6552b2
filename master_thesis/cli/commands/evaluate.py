"""``evaluate``: measuring methods on test sequences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from master_thesis.cli.flags import part, trainer_part
from master_thesis.cli.options import AlgorithmChoice, NetworkChoice, NetworkCommandOptions
from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.configs.fields import option
from master_thesis.configs.inpainting import InpaintOptions

MEASURED = ("data_path", "follow_links", "test_size", "dilatation_filter_size", "dilatation_iterations", "seed")


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(NetworkCommandOptions):
    """Measure how networks, baselines and other methods fill sequences."""

    NAME = "evaluate"
    COMMON = (
        *("data_path", "masks", "protocols", "algorithms", "baselines", "sequences", "max_frames", "test_size"),
        *("test_checkpoint", "chn_aligner", "chn_aligner_checkpoint", "output_path", "overwrite", "gpus", "config"),
    )

    evaluation: EvaluationConfig = part(EvaluationConfig())
    inpainting: AlgorithmChoice = part(AlgorithmChoice())
    leaps: bool = option(False, "skip references while they show nothing new (ff, ip): faster, not in the thesis")
    exhaustive: bool = option(False, "copy everything that any frame shows, as remove does; not in the thesis")
    output_path: str = option("evaluation", "folder for tables and pictures", metavar="FOLDER")
    overwrite: bool = option(False, "replace existing results")
    data: DataConfig = part(DataConfig(), only=MEASURED)
    networks: NetworkChoice = part(NetworkChoice())
    trainer: Mapping[str, Any] = trainer_part("accelerator", "precision")


def evaluate(options: EvaluateOptions) -> None:
    """Measures CHN with every algorithm, the baselines and the frames of other methods."""
    from master_thesis.checkpoints.origin import describe, kind_of
    from master_thesis.cli.build import (
        device_name,
        inference_precision,
        load_networks,
        make_inpainters,
        running_networks,
    )
    from master_thesis.cli.config_file import CONFIG, write_config
    from master_thesis.evaluation.evaluate import run_evaluation
    from master_thesis.evaluation.methods import Method, SomeProtocols, network_method
    from master_thesis.evaluation.protocols import NATIVE
    from master_thesis.evaluation.removal import Removal  # with PyAV, as in removals

    with running_networks(options, options.data.seed) as device:
        algorithms = [
            InpaintOptions(name, skip_idle=options.leaps, exhaustive=options.exhaustive)
            for name in options.inpainting.algorithms
        ]
        choice = replace(options.networks, hallucinate=options.networks.hallucinate or "chn")
        aligner, chn = networks = load_networks(choice)
        label = f"{kind_of(chn)}+{kind_of(aligner)}"
        inpainters = make_inpainters(networks, algorithms, device)
        others = tuple(name for name in options.evaluation.protocols if name != NATIVE)
        methods: dict[str, Method] = {
            f"{label} {i.options.algorithm}": SomeProtocols(network_method(i), others) for i in inpainters
        }
        for name in options.inpainting.algorithms:
            words = ["--algorithms", name, *words_for_remove(options)]
            methods[f"remove {name}"] = SomeProtocols(Removal(words), (NATIVE,))
        setting = {
            "networks": {"hallucinator": describe(chn), "aligner": describe(aligner)},
            "precision": inference_precision(options.trainer),
            "device": device_name(device),
        }
        folder = Path(options.output_path)
        run_evaluation(options.data, options.evaluation, folder, methods, options.overwrite, setting)
    if options.evaluation.export_inputs is None:
        write_config(folder / CONFIG, options, options.overwrite)


def words_for_remove(options: EvaluateOptions) -> list[str]:
    """The options of networks, device and precision that were given, as words for ``remove``."""
    default = NetworkChoice()
    given = {name: value for name, value in vars(options.networks).items() if value != getattr(default, name)}
    given |= {"seed": options.data.seed} | ({"gpus": options.gpus} if options.gpus is not None else {})
    return [word for name, value in {**given, **options.trainer}.items() for word in (f"--{name}", str(value))]
