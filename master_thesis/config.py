"""Every option of the command line: frozen dataclasses with the help beside the default, and cross-checks.

Nothing here imports torch or Lightning, so that a wrong value is told at once.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypeVar, get_args, get_type_hints

T = TypeVar("T")

MAX_WIDENING = 1000
"""Pixels by which masks are widened at most; work grows with it."""


class UserError(Exception):
    """A mistake the user can mend: told in one line, without a traceback, with exit code 2."""


def option(default: Any, help: str, **metadata: Any) -> Any:
    """A dataclass field with its help text.

    Args:
        default: its value where nothing is said.
        help: what ``--help`` says of it.
        metadata: ``within``, its bounds (every whole number has them), or ``said_by``, the other option that sets it;
            all else (``choices``, ``metavar`` ...) goes on to argparse.
    """
    return field(default=default, metadata={"help": help, **metadata})


def check_bounds(config: Any) -> None:
    """Raises :class:`UserError` where an option does not lie ``within`` its bounds."""
    for f in fields(config):
        value = getattr(config, f.name)
        if "within" not in f.metadata or value is None:
            continue
        (low, high), values = f.metadata["within"], value if isinstance(value, tuple) else (value,)
        sides = (("least", low, all(v >= low for v in values)), ("most", high, all(v <= high for v in values)))
        for side, bound, is_fine in sides:
            shown, given = " ".join([str(bound)] * len(values)), " ".join(map(str, values))
            require(is_fine, f"--{f.name} should be at {side} {shown}, got {given}")


class SizeAction(argparse.Action):
    """Height and width, or the word ``native``, which sets ``native_size``."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Called by argparse with what stands behind the option."""
        if list(values) == ["native"]:
            namespace.native_size = True
            return
        try:
            height, width = map(int, values)
        except ValueError:
            parser.error(f"{option_string} should be a height and a width, or native; got {' '.join(values)}")
        setattr(namespace, self.dest, (height, width))


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
class DataConfig:
    """Where the data lies and how a clip is made of it."""

    data_path: str = option("./data", "folder that holds GOT10k, YouTubeVOS and DAVIS-2017")
    data_ckpt_path: str = option("./lightning_logs/data.ckpt", "cache of what was found in --data_path (JSON)")
    image_resize: bool = option(True, "resize frames to --train_size; false: crop at random")
    min_mask_size: float = option(0.05, "smallest mean share of a mask sequence, exclusive")
    max_mask_size: float = option(0.15, "largest mean share of a mask sequence, exclusive")
    train_size: tuple[int, int] = option(
        (256, 256), "height and width of training clips", metavar=("H", "W"), within=(16, 8192)
    )
    test_size: tuple[int, int] = option(
        (240, 480),
        "height and width of test sequences; native with --video: the hole is filled at the video's own resolution",
        metavar=("H", "W"),
        action=SizeAction,
        nargs="+",
        within=(16, 8192),
    )
    frames_n: int = option(
        2, "frames of a clip, the target included: 2 or an odd number; -1: whole sequence", within=(-1, 1001)
    )
    frames_spacing: int = option(10, "frames between neighbours of a clip", within=(1, 10**6))
    frames_randomize: bool = option(True, "take references at random within reach instead of at --frames_spacing")
    dilatation_filter_size: tuple[int, int] = option(
        (3, 3), "size of the cross that widens masks", metavar=("H", "W"), within=(1, 1001)
    )
    dilatation_iterations: int = option(4, "how often masks are widened", within=(0, 1000))
    p_simulator_bgs: float = option(0.5, "share of training clips whose movement is simulated")
    p_simulator_masks: float = option(0.0, "share of training clips whose mask movement is simulated")
    bgs_movement_params: tuple[float, float, float] = option(
        (50.0, 0.10, 0.20),
        "largest translation (px), scale change and rotation (rad) of a simulated step",
        metavar=("PX", "SCALE", "RAD"),
    )
    masks_movement_params: tuple[float, float, float] = option(
        (50.0, 0.10, 0.20),
        "the same for simulated movements of masks",
        metavar=("PX", "SCALE", "RAD"),
    )
    batch_size: int = option(8, "clips of a batch", within=(1, 4096))
    num_workers: int = option(0, "processes that prepare clips", within=(0, 256))
    train_max_iterations: int = option(2000, "batches of a training epoch", within=(1, 10**9))
    validation_max_iterations: int = option(200, "batches of a validation", within=(1, 10**9))
    seed: int = option(0, "seed of weights, clips and split: the same seed gives the same run", within=(0, 2**32 - 1))

    def __post_init__(self) -> None:
        n = self.frames_n
        require(n == -1 or n == 2 or (n > 2 and n % 2 == 1), f"--frames_n should be 2 or an odd number, got {n}")
        check_bounds(self)
        for name in ("p_simulator_bgs", "p_simulator_masks"):
            require(0 <= getattr(self, name) <= 1, f"--{name} should lie in [0, 1], got {getattr(self, name)}")
        size, times = self.dilatation_filter_size, self.dilatation_iterations
        widening = max(size) // 2 * times
        is_sane = widening <= MAX_WIDENING
        told = f"--dilatation_filter_size {size[0]} {size[1]} --dilatation_iterations {times}"
        require(is_sane, f"{told} should widen masks by at most {MAX_WIDENING} pixels, not by {widening}")
        require(
            0 <= self.min_mask_size < self.max_mask_size <= 1,
            "--min_mask_size should be at least 0 and below --max_mask_size, which is at most 1; "
            f"got {self.min_mask_size} and {self.max_mask_size}",
        )
        for name in ("bgs_movement_params", "masks_movement_params"):
            shift, scale, angle = getattr(self, name)
            ok = 0 <= shift <= 10_000 and 0 <= scale < 1 and angle >= 0
            require(
                ok,
                f"--{name} should be a shift in [0, 10000], a scale change in [0, 1) and an angle >= 0, "
                f"got {shift:g} {scale:g} {angle:g}",
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
class VGGConfig:
    """The frozen VGG16 whose features DFPN matches and CHN's perceptual loss compares."""

    vgg_weights: str = option("imagenet", "VGG16 weights: imagenet (torchvision's download), random, or a file")
    vgg_width: int = option(64, "width of the first VGG16 block (64: the real one)", within=(1, 256))

    def __post_init__(self) -> None:
        check_bounds(self)
        ok = self.vgg_weights == "random" or self.vgg_width == 64
        require(ok, f"--vgg_width {self.vgg_width} has no trained weights: use --vgg_weights random with it")


@dataclass(frozen=True)
class DFPNConfig:
    """Sizes of DFPN; the defaults are the thesis'. A checkpoint carries them."""

    dfpn_size: int = option(256, "working height and width of DFPN, a multiple of 32", within=(32, 1024))
    dfpn_corr_widths: tuple[int, int] = option(
        (128, 256), "widths of DFPN's 4D convolution", metavar=("A", "B"), within=(1, 4096)
    )
    dfpn_width: int = option(128, "width of DFPN's flow estimators", within=(1, 4096))

    def __post_init__(self) -> None:
        ok = self.dfpn_size >= 32 and self.dfpn_size % 32 == 0
        require(ok, f"--dfpn_size should be a positive multiple of 32, got {self.dfpn_size}")
        check_bounds(self)


@dataclass(frozen=True)
class CHNConfig:
    """Sizes of CHN; the defaults are the thesis'. A checkpoint carries them."""

    chn_width: int = option(64, "width of CHN", within=(1, 4096))
    chn_growth: int = option(32, "growth of CHN's residual dense blocks", within=(1, 4096))
    chn_num_blocks: int = option(20, "RRDB blocks of CHN", within=(1, 1000))

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class EvaluationConfig:
    """What ``--evaluate`` measures (docs/evaluation.md)."""

    protocols: tuple[str, ...] = option(
        ("hole", "completion-432x240"), "how to measure", choices=("hole", "completion-432x240")
    )
    masks: tuple[str, ...] = option(
        ("swapped", "still"),
        "what to cut out: the masks of another sequence (swapped), a blob that does not move (still), the object "
        "itself (own: no truth lies behind it), or the path of a mask or of a folder with a folder of masks each",
        metavar="swapped|still|own|PATH",
    )
    baselines: tuple[str, ...] = option(
        ("telea", "median", "homography"),
        "methods from OpenCV to compare with",
        choices=("telea", "median", "homography", "opencv"),
    )
    predictions: tuple[str, ...] = option(
        (), "frames that another method has filled, as FOLDER/<sequence>/*.png", metavar="NAME=FOLDER"
    )
    sequences: tuple[str, ...] = option((), "only these test sequences (default: all)", metavar="NAME")
    max_frames: int | None = option(None, "only the first frames of each sequence", within=(2, 10**6))
    evaluation_flow: str = option("dis", "motion for the temporal figures", choices=("dis", "raft"))
    export_inputs: str | None = option(None, "instead of measuring, write what a method gets to see to this folder")

    def __post_init__(self) -> None:
        require(len(self.protocols) > 0, "--protocols should name at least one protocol, got none")
        require(len(self.masks) > 0, "--masks should name at least one source of masks, got none")
        for name in ("protocols", "masks", "baselines", "sequences"):
            values = getattr(self, name)
            require(len(set(values)) == len(values), f"--{name} should name each once, got {' '.join(values)}")
        n = self.max_frames
        require(n is None or n >= 2, f"--max_frames should be at least 2, as motion needs two frames, got {n}")
        check_bounds(self)
        for text in self.predictions:
            name, _, folder = text.partition("=")
            require(bool(name and folder), f"--predictions should be NAME=FOLDER, got {text}")
        is_one_task = len(self.masks) == len(self.protocols) == 1
        require(
            is_one_task or not self.predictions,
            "--predictions were made for one --masks and one --protocols: name one of each, "
            f"got {' '.join(self.masks)} and {' '.join(self.protocols)}",
        )


@dataclass(frozen=True)
class CHNLossConfig:
    """CHN's training loss."""

    perceptual_weight: float = option(0.5, "weight of CHN's perceptual loss; 0: VGG16 is not loaded at all")

    def __post_init__(self) -> None:
        weight = self.perceptual_weight
        require(weight >= 0, f"--perceptual_weight should be at least 0, got {weight}")


@dataclass(frozen=True)
class VideoConfig:
    """Removing an object from somebody's video."""

    video: str | None = option(None, "video to fill: a file, a folder of frames, or a folder of videos")
    mask: str | None = option(None, "what to remove: an image, a folder of images, a video, or alpha (transparency)")
    output: str | None = option(
        None,
        "result: .mp4, .mov or .mkv, or a folder for PNG frames; for a folder of videos the folder of the results "
        "(without it: beside the input, _inpainted in its name)",
    )
    object_ids: tuple[int, ...] = option(
        (), "which values of indexed masks to remove; without it: all", metavar="ID", within=(1, 65535)
    )
    mask_dilation: int = option(4, "pixels by which masks are widened", within=(0, 1000))
    invert_mask: bool = option(False, "masks are 0 where the hole is")
    window: int = option(100, "frames worked on at a time in longer videos: more takes more memory", within=(1, 10**6))
    leaps: bool = option(
        True,
        "leave references out while they show nothing new (ff, ip), which is quicker; false: take all, as the thesis "
        "does, and as --evaluate does unless told otherwise",
    )
    frame_rate: float = option(25.0, "frames per second of a folder of frames")
    native_size: bool = option(False, "fill the hole at the video's own resolution", said_by="--test_size native")
    lossless: bool = option(False, "FFV1 (.mkv) instead of H.264: known pixels stay bit-exact")
    feather: int = option(0, "width in pixels of a soft seam inside the hole", within=(0, 1000))
    overlay: bool = option(False, "also write a video that shows where each pixel came from")
    report: bool = option(False, "also write a page to look at (HTML)")
    check: bool = option(False, "only examine video and masks, and say how long it will take")
    overwrite: bool = option(False, "replace results that exist, whatever writes them")

    def __post_init__(self) -> None:
        require((self.video is None) == (self.mask is None), "--video and --mask go together")
        is_named = self.video != "" and self.mask != ""
        require(is_named, "--video and --mask should be a file or a folder each, got an empty name")
        require(0.01 <= self.frame_rate <= 1000, f"--frame_rate should lie in [0.01, 1000], got {self.frame_rate:g}")
        require(min(self.object_ids, default=1) >= 1, "--object_ids should be at least 1 (0 is the background)")
        check_bounds(self)
        is_soft = self.feather <= self.mask_dilation
        require(
            is_soft,
            f"--feather should be at most --mask_dilation ({self.mask_dilation}), got {self.feather}: "
            "a wider seam would show the object",
        )


def require(condition: bool, message: str) -> None:
    """Raises :class:`UserError` with ``message`` unless ``condition`` holds."""
    if not condition:
        raise UserError(message)


def parse_bool(text: str) -> bool:
    """``true`` or ``false`` (also yes/no, on/off, 1/0), in any case."""
    values = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"should be true or false, got {text!r}")
    return values[text.lower()]


def add_options(parser: argparse.ArgumentParser, config: type, title: str) -> None:
    """Adds one ``--name`` per field of a dataclass made of :func:`option` fields."""
    group = parser.add_argument_group(title)
    hints = get_type_hints(config)
    for f in fields(config):
        if "said_by" in f.metadata:  # another option sets it
            continue
        group.add_argument(f"--{f.name}", **_argument(f, hints[f.name]))


def _argument(f: Field[Any], hint: Any) -> dict[str, Any]:
    """Argparse keywords of one field."""
    args = get_args(hint)
    keywords = {k: v for k, v in f.metadata.items() if k not in ("help", "within")}
    keywords |= {"default": None if f.default is MISSING else f.default, "help": _help(f)}
    if hint is bool:
        return keywords | {"type": parse_bool, "nargs": "?", "const": True, "metavar": "true|false"}
    if args and type(None) in args:
        return keywords | {"type": _reader(next(a for a in args if a is not type(None)))}
    if "action" in keywords:
        return keywords
    if args:
        is_open = len(args) == 2 and args[1] is Ellipsis
        return keywords | {"type": _reader(args[0]), "nargs": "+" if is_open else len(args)}
    return keywords | {"type": _reader(hint)}


def _reader(hint: type) -> Callable[[str], Any]:
    return finite if hint is float else hint


def _help(f: Field[Any]) -> str:
    text = str(f.metadata["help"]).replace("%", "%%")
    if f.default is None or f.default is False or f.default == ():
        return text
    values = f.default if isinstance(f.default, tuple) else (f.default,)
    return f"{text} (default: {' '.join(map(_shown, values))})"


def _shown(value: Any) -> str:
    """A value as one would type it."""
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if value is True else str(value)


def finite(text: str) -> float:
    """A number that is one: neither infinite nor nan."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"should be a number, got {text!r}")
    return value


def from_namespace(config: type[T], namespace: argparse.Namespace, **overrides: Any) -> T:
    """Builds a config from parsed arguments; ``overrides`` win."""
    values: dict[str, Any] = {}
    for f in fields(config):  # type: ignore[arg-type]
        value = getattr(namespace, f.name, f.default)
        values[f.name] = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
    return config(**(values | overrides))
