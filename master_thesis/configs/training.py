"""What to train or test, and how."""

from __future__ import annotations

from dataclasses import dataclass

from master_thesis.configs.fields import check_bounds, option
from master_thesis.errors import require


@dataclass(frozen=True)
class RunConfig:
    """What to do: without ``chn`` it concerns DFPN, without ``test`` it is a training."""

    test: bool = option(False, "test instead of train")
    test_checkpoint: str | None = option(None, "checkpoint to test", metavar="FILE")
    chn: bool = option(False, "train or test CHN instead of DFPN")
    chn_aligner: str | None = option(
        None, "aligner that CHN stands on; opencv needs no weights", choices=("cpn", "dfpn", "opencv")
    )
    chn_aligner_checkpoint: str | None = option(None, "checkpoint of that aligner", metavar="FILE")
    preset: str = option(
        "thesis",
        "which networks to train; --test --preset small takes the weights that the package ships",
        choices=("thesis", "small"),
    )
    ckpt_path: str | None = option(
        None, "checkpoint to resume training from; last: the newest whole one in lightning_logs", metavar="FILE|last"
    )
    init_from: str | None = option(
        None, "checkpoint whose tensors a new training starts with, as far as names and shapes fit", metavar="FILE"
    )
    recompute: bool = option(
        False, "train in less memory: activations are not kept for the backward pass but computed again (thesis preset)"
    )
    checkpoint_every: int = option(
        500, "steps between two checkpoints of a training (one more ends each epoch)", within=(1, 10**9)
    )
    gpus: int | None = option(
        None, "train or test on so many GPUs (--accelerator gpu --devices N)", metavar="N", within=(1, 1024)
    )
    algorithms: tuple[str, ...] = option(
        ("ff", "ip", "cp"),
        "inpainting algorithms to test: frame by frame, inpaint and propagate, copy and propagate",
        choices=("ff", "ip", "cp"),
    )
    output_path: str = option("generated_sequences", "folder for the videos of a CHN test", metavar="FOLDER")
    export: str | None = option(
        None,
        "write the network of --test_checkpoint to this .safetensors file, in half precision, and stop",
        metavar="FILE",
    )
    evaluate: bool = option(False, "measure methods on the test sequences, the shipped networks by default")
    sample_data: str | None = option(None, "write the built-in data to this folder and stop", metavar="FOLDER")

    def __post_init__(self) -> None:
        is_named = self.export is None or (bool(self.test_checkpoint) and self.export.endswith(".safetensors"))
        require(is_named, "--export should be a .safetensors file, with --test and --test_checkpoint: what to export")
        has_network = bool(self.test_checkpoint) or self.preset == "small"
        require(not self.test or has_network, "--test needs --test_checkpoint: which one to test")
        require(self.test or not self.test_checkpoint, "--test_checkpoint is for testing: add --test, or leave it out")
        require(not (self.test and self.ckpt_path), "--ckpt_path resumes a training: leave out --test or --ckpt_path")
        is_lean = not self.recompute or (self.preset == "thesis" and not self.test)
        require(
            is_lean, "--recompute is for training the thesis' networks: leave it out with --test and --preset small"
        )
        is_new = not (self.init_from and (self.test or self.ckpt_path))
        require(is_new, "--init_from begins a new training: leave out --test and --ckpt_path, or leave out --init_from")
        check_bounds(self)
        if self.chn:
            self._check_aligner()
        else:
            for name in ("chn_aligner", "chn_aligner_checkpoint"):
                require(not getattr(self, name), f"--{name} is for CHN: add --chn, or leave it out")
        require(len(self.algorithms) > 0, "--algorithms should name at least one of ff, ip, cp")
        is_once = len(set(self.algorithms)) == len(self.algorithms)
        require(is_once, f"--algorithms should name each once, got {' '.join(self.algorithms)}")

    def _check_aligner(self) -> None:
        name, path = self.chn_aligner, self.chn_aligner_checkpoint
        is_shipped = self.test and self.preset == "small" and not path
        choice = "add --chn_aligner dfpn, cpn or opencv"
        require(bool(name) or is_shipped, f"--chn needs an aligner: {choice}")
        needs_path = name in ("cpn", "dfpn") and not self.test
        require(bool(path) or not needs_path, f"--chn_aligner {name} needs --chn_aligner_checkpoint: which one to use")
        require(
            not (name == "opencv" and path), "--chn_aligner opencv has no weights: leave out --chn_aligner_checkpoint"
        )


@dataclass(frozen=True)
class OptimConfig:
    """Adam and StepLR."""

    lr: float = option(0.0001, "learning rate of Adam")
    lr_scheduler_step_size: int = option(50, "epochs between two cuts of the learning rate", within=(1, 10**9))
    lr_scheduler_gamma: float = option(0.5, "factor of each cut")

    def __post_init__(self) -> None:
        require(self.lr > 0, f"--lr should be above 0, got {self.lr}")
        check_bounds(self)
        gamma = self.lr_scheduler_gamma
        require(0 < gamma <= 1, f"--lr_scheduler_gamma should lie in (0, 1], got {gamma}")


@dataclass(frozen=True)
class CHNLossConfig:
    """CHN's training loss."""

    perceptual_weight: float = option(0.5, "weight of CHN's perceptual loss; 0: VGG16 is not loaded at all")

    def __post_init__(self) -> None:
        weight = self.perceptual_weight
        require(weight >= 0, f"--perceptual_weight should be at least 0, got {weight}")
