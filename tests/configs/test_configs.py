"""Options: the published defaults, what the command line makes of them, and every cross-check's words."""

import argparse
import math
from dataclasses import dataclass, fields
from typing import get_args, get_type_hints

import pytest

from master_thesis.cli.arguments import add_options, from_namespace
from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.configs.fields import option, parse_bool
from master_thesis.configs.networks import CHNConfig, DFPNConfig, VGGConfig
from master_thesis.configs.training import CHNLossConfig, OptimConfig, RunConfig
from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError, require

CONFIGS = (
    RunConfig,
    DataConfig,
    OptimConfig,
    VGGConfig,
    DFPNConfig,
    CHNConfig,
    CHNLossConfig,
    VideoConfig,
    EvaluationConfig,
)


def parse(config, *words):
    parser = argparse.ArgumentParser()
    add_options(parser, config, "title")
    return from_namespace(config, parser.parse_args(words))


PUBLISHED = {
    RunConfig: {
        "test": False,
        "test_checkpoint": None,
        "chn": False,
        "chn_aligner": None,
        "chn_aligner_checkpoint": None,
    },
    DataConfig: {
        "data_path": "./data",
        "data_ckpt_path": "./lightning_logs/data.ckpt",
        "image_resize": True,
        "min_mask_size": 0.05,
        "max_mask_size": 0.15,
        "train_size": (256, 256),
        "test_size": (240, 480),
        "frames_n": 2,
        "frames_spacing": 10,
        "frames_randomize": True,
        "dilatation_filter_size": (3, 3),
        "dilatation_iterations": 4,
        "p_simulator_bgs": 0.5,
        "p_simulator_masks": 0.0,
        "bgs_movement_params": (50, 0.10, 0.20),
        "masks_movement_params": (50, 0.10, 0.20),
        "batch_size": 8,
        "num_workers": 0,
        "train_max_iterations": 2000,
        "validation_max_iterations": 200,
    },
    OptimConfig: {"lr": 0.0001, "lr_scheduler_step_size": 50, "lr_scheduler_gamma": 0.5},
}


@pytest.mark.parametrize("config", PUBLISHED)
def test_the_defaults_are_the_published_ones(config):
    made = config()
    assert {name: getattr(made, name) for name in PUBLISHED[config]} == PUBLISHED[config]


@pytest.mark.parametrize("config", CONFIGS)
def test_without_words_the_defaults_hold(config):
    assert parse(config) == config()


def words_of(config, name):
    """A field's default as it would be typed."""
    value = getattr(config, name)
    values = value if isinstance(value, tuple) else (value,)
    return [f"--{name}", *map(str, values)]


@pytest.mark.parametrize("config", CONFIGS)
def test_every_option_reads_what_it_shows(config):
    made = config()
    typed = [
        word
        for f in fields(config)
        if "said_by" not in f.metadata and getattr(made, f.name) not in (None, ())
        for word in words_of(made, f.name)
    ]
    assert parse(config, *typed) == made


@pytest.mark.parametrize("config", CONFIGS)
def test_every_option_has_its_help(config, capsys):
    with pytest.raises(SystemExit):
        parse(config, "--help")
    shown = " ".join(capsys.readouterr().out.split())
    for f in fields(config):
        if "said_by" not in f.metadata:
            assert f"--{f.name}" in shown
        assert len(f.metadata["help"]) > 5


def test_types_are_those_of_the_fields():
    data = parse(
        DataConfig,
        *("--train_size", "64", "96"),
        *("--bgs_movement_params", "10", "0.2", "0.3"),
        *("--image_resize", "False"),
        *("--frames_n", "-1"),
        *("--p_simulator_bgs", "1"),
    )
    assert data.train_size == (64, 96)
    assert data.bgs_movement_params == (10.0, 0.2, 0.3)
    assert data.image_resize is False
    assert data.frames_n == -1
    assert isinstance(data.p_simulator_bgs, float)
    assert parse(OptimConfig, "--lr_scheduler_gamma", "0.3").lr_scheduler_gamma == 0.3
    assert parse(RunConfig, "--test", "--test_checkpoint", "a.ckpt").test is True
    assert parse(VideoConfig, "--object_ids", "1", "3").object_ids == (1, 3)


def test_a_size_may_be_native(capsys):
    parser = argparse.ArgumentParser()
    add_options(parser, DataConfig, "data")
    add_options(parser, VideoConfig, "video")
    namespace = parser.parse_args(["--test_size", "native"])
    assert from_namespace(VideoConfig, namespace).native_size
    assert from_namespace(DataConfig, namespace).test_size == DataConfig().test_size
    assert parse(DataConfig, "--test_size", "32", "48").test_size == (32, 48)
    for words in (("large",), ("32",), ("32", "48", "3"), ("32", "x")):
        with pytest.raises(SystemExit):
            parse(DataConfig, "--test_size", *words)
        expected = f"--test_size should be a height and a width, or native; got {' '.join(words)}"
        assert expected in capsys.readouterr().err


def test_overrides_win():
    parser = argparse.ArgumentParser()
    add_options(parser, DataConfig, "data")
    assert from_namespace(DataConfig, parser.parse_args(["--batch_size", "3"]), batch_size=1).batch_size == 1


def test_help_shows_percent_signs_and_defaults_as_one_would_type_them(capsys):
    @dataclass(frozen=True)
    class Config:
        share: float = option(50.0, "how much, in %")
        steps: tuple[float, float] = option((1.0, 0.25), "how far")
        is_on: bool = option(True, "whether")
        workers: int = option(0, "how many")
        is_off: bool = option(False, "whether not")
        path: str | None = option(None, "where")

    with pytest.raises(SystemExit):
        parse(Config, "--help")
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("how much, in % (default: 50)", "how far (default: 1 0.25)", "whether (default: true)"):
        assert words in shown
    assert "how many (default: 0)" in shown
    assert shown.endswith("whether not --path PATH where")


@pytest.mark.parametrize("text", ["true", "True", "YES", "on", "1"])
def test_what_means_true(text):
    assert parse_bool(text) is True


@pytest.mark.parametrize("text", ["false", "False", "NO", "off", "0"])
def test_what_means_false(text):
    assert parse_bool(text) is False


@pytest.mark.parametrize("text", ["", "maybe", "2"])
def test_what_means_neither(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"should be true or false, got '{text}'"):
        parse_bool(text)


def test_require_speaks_only_when_it_must():
    require(True, "never said")
    with pytest.raises(UserError, match=r"^what should be$"):
        require(False, "what should be")


MISTAKES = [
    # DataConfig
    (DataConfig, {"frames_n": 4}, "--frames_n should be 2 or an odd number, got 4"),
    (DataConfig, {"frames_n": 1}, "--frames_n should be 2 or an odd number, got 1"),
    (DataConfig, {"frames_n": -3}, "--frames_n should be 2 or an odd number, got -3"),
    (DataConfig, {"frames_spacing": 0}, "--frames_spacing should be at least 1, got 0"),
    (DataConfig, {"batch_size": 0}, "--batch_size should be at least 1, got 0"),
    (DataConfig, {"train_max_iterations": 0}, "--train_max_iterations should be at least 1, got 0"),
    (DataConfig, {"validation_max_iterations": -1}, "--validation_max_iterations should be at least 1, got -1"),
    (DataConfig, {"num_workers": -1}, "--num_workers should be at least 0, got -1"),
    (DataConfig, {"dilatation_iterations": -1}, "--dilatation_iterations should be at least 0, got -1"),
    (DataConfig, {"seed": -1}, "--seed should be at least 0, got -1"),
    (DataConfig, {"p_simulator_bgs": 1.5}, "--p_simulator_bgs should lie in [0, 1], got 1.5"),
    (DataConfig, {"p_simulator_bgs": math.nan}, "--p_simulator_bgs should lie in [0, 1], got nan"),
    (DataConfig, {"p_simulator_masks": -0.1}, "--p_simulator_masks should lie in [0, 1], got -0.1"),
    (DataConfig, {"train_size": (256, 8)}, "--train_size should be at least 16 16, got 256 8"),
    (DataConfig, {"test_size": (0, 480)}, "--test_size should be at least 16 16, got 0 480"),
    (DataConfig, {"dilatation_filter_size": (3, 0)}, "--dilatation_filter_size should be at least 1 1, got 3 0"),
    (
        DataConfig,
        {"min_mask_size": 0.5},
        "--min_mask_size should be at least 0 and below --max_mask_size, which is at most 1; got 0.5 and 0.15",
    ),
    (
        DataConfig,
        {"max_mask_size": 1.5},
        "--min_mask_size should be at least 0 and below --max_mask_size, which is at most 1; got 0.05 and 1.5",
    ),
    (
        DataConfig,
        {"bgs_movement_params": (-1.0, 0.1, 0.2)},
        "--bgs_movement_params should be a shift in [0, 10000], a scale change in [0, 1) and an angle >= 0, "
        "got -1 0.1 0.2",
    ),
    (
        DataConfig,
        {"masks_movement_params": (50.0, 1.0, 0.2)},
        "--masks_movement_params should be a shift in [0, 10000], a scale change in [0, 1) and an angle >= 0, "
        "got 50 1 0.2",
    ),
    # OptimConfig
    (
        DataConfig,
        {"bgs_movement_params": (1e9, 0.1, 0.2)},
        "--bgs_movement_params should be a shift in [0, 10000], a scale change in [0, 1) and an angle >= 0, "
        "got 1e+09 0.1 0.2",
    ),
    (
        DataConfig,
        {"dilatation_filter_size": (3, 201), "dilatation_iterations": 11},
        "--dilatation_filter_size 3 201 --dilatation_iterations 11 should widen masks by at most 1000 pixels, "
        "not by 1100",
    ),
    (OptimConfig, {"lr": 0.0}, "--lr should be above 0, got 0.0"),
    (OptimConfig, {"lr": math.nan}, "--lr should be above 0, got nan"),
    (OptimConfig, {"lr_scheduler_step_size": 0}, "--lr_scheduler_step_size should be at least 1, got 0"),
    (OptimConfig, {"lr_scheduler_gamma": 0.0}, "--lr_scheduler_gamma should lie in (0, 1], got 0.0"),
    (OptimConfig, {"lr_scheduler_gamma": 1.1}, "--lr_scheduler_gamma should lie in (0, 1], got 1.1"),
    # VGGConfig
    (VGGConfig, {"vgg_width": 0}, "--vgg_width should be at least 1, got 0"),
    (VGGConfig, {"vgg_width": 4}, "--vgg_width 4 has no trained weights: use --vgg_weights random with it"),
    # DFPNConfig, CHNConfig, CHNLossConfig
    (DFPNConfig, {"dfpn_size": 48}, "--dfpn_size should be a positive multiple of 32, got 48"),
    (DFPNConfig, {"dfpn_size": 0}, "--dfpn_size should be a positive multiple of 32, got 0"),
    (DFPNConfig, {"dfpn_corr_widths": (0, 4)}, "--dfpn_corr_widths should be at least 1 1, got 0 4"),
    (DFPNConfig, {"dfpn_width": -4}, "--dfpn_width should be at least 1, got -4"),
    (CHNConfig, {"chn_width": 0}, "--chn_width should be at least 1, got 0"),
    (CHNConfig, {"chn_growth": 0}, "--chn_growth should be at least 1, got 0"),
    (CHNConfig, {"chn_num_blocks": 0}, "--chn_num_blocks should be at least 1, got 0"),
    (CHNLossConfig, {"perceptual_weight": -0.5}, "--perceptual_weight should be at least 0, got -0.5"),
    # RunConfig
    (RunConfig, {"test": True}, "--test needs --test_checkpoint: which one to test"),
    (
        RunConfig,
        {"test_checkpoint": "a.ckpt"},
        "--test_checkpoint is for testing: add --test, or leave it out",
    ),
    (
        RunConfig,
        {"test": True, "test_checkpoint": "a.ckpt", "ckpt_path": "last"},
        "--ckpt_path resumes a training: leave out --test or --ckpt_path",
    ),
    (
        RunConfig,
        {"recompute": True, "preset": "small"},
        "--recompute is for training the thesis' networks: leave it out with --test and --preset small",
    ),
    (RunConfig, {"checkpoint_every": 0}, "--checkpoint_every should be at least 1, got 0"),
    (RunConfig, {"gpus": 0}, "--gpus should be at least 1, got 0"),
    (RunConfig, {"chn": True}, "--chn needs an aligner: add --chn_aligner dfpn, cpn or opencv"),
    (
        RunConfig,
        {"chn": True, "chn_aligner": "dfpn"},
        "--chn_aligner dfpn needs --chn_aligner_checkpoint: which one to use",
    ),
    (
        RunConfig,
        {"chn": True, "chn_aligner": "opencv", "chn_aligner_checkpoint": "a.ckpt"},
        "--chn_aligner opencv has no weights: leave out --chn_aligner_checkpoint",
    ),
    (RunConfig, {"chn_aligner": "cpn"}, "--chn_aligner is for CHN: add --chn, or leave it out"),
    (RunConfig, {"chn_aligner_checkpoint": "a"}, "--chn_aligner_checkpoint is for CHN: add --chn, or leave it out"),
    (RunConfig, {"algorithms": ()}, "--algorithms should name at least one of ff, ip, cp"),
    (
        RunConfig,
        {"export": "small.safetensors"},
        "--export should be a .safetensors file, with --test and --test_checkpoint: what to export",
    ),
    # VideoConfig
    (RunConfig, {"algorithms": ("ip", "ip")}, "--algorithms should name each once, got ip ip"),
    (VideoConfig, {"video": "a.mp4"}, "--video and --mask go together"),
    (
        VideoConfig,
        {"video": "a.mp4", "mask": ""},
        "--video and --mask should be a file or a folder each, got an empty name",
    ),
    (VideoConfig, {"mask": "a.png"}, "--video and --mask go together"),
    (VideoConfig, {"mask_dilation": -1}, "--mask_dilation should be at least 0, got -1"),
    (VideoConfig, {"feather": -1}, "--feather should be at least 0, got -1"),
    (
        VideoConfig,
        {"feather": 9},
        "--feather should be at most --mask_dilation (4), got 9: a wider seam would show the object",
    ),
    (VideoConfig, {"window": 0}, "--window should be at least 1, got 0"),
    (VideoConfig, {"frame_rate": 0.0}, "--frame_rate should lie in [0.01, 1000], got 0"),
    (VideoConfig, {"object_ids": (1, 0)}, "--object_ids should be at least 1 (0 is the background)"),
    # EvaluationConfig
    (EvaluationConfig, {"protocols": ()}, "--protocols should name at least one protocol, got none"),
    (EvaluationConfig, {"masks": ()}, "--masks should name at least one source of masks, got none"),
    (EvaluationConfig, {"baselines": ("telea", "telea")}, "--baselines should name each once, got telea telea"),
    (EvaluationConfig, {"max_frames": 1}, "--max_frames should be at least 2, as motion needs two frames, got 1"),
    (
        EvaluationConfig,
        {"predictions": ("folder",), "masks": ("own",), "protocols": ("hole",)},
        "--predictions should be NAME=FOLDER, got folder",
    ),
    (
        EvaluationConfig,
        {"predictions": ("mine=folder",)},
        "--predictions were made for one --masks and one --protocols: name one of each, "
        "got swapped still and hole completion-432x240",
    ),
]


@pytest.mark.parametrize(("config", "values", "message"), MISTAKES)
def test_a_mistake_is_told_in_the_users_words(config, values, message):
    with pytest.raises(UserError) as error:
        config(**values)
    assert str(error.value) == message


def is_whole(hint):
    return hint is int or int in get_args(hint)


WHOLE = [(config, f) for config in CONFIGS for f in fields(config) if is_whole(get_type_hints(config)[f.name])]
EXPLAINED = {"max_frames", "object_ids", "dfpn_size", "frames_n"}
"""Options that say more than their bound when they are too small: see above."""
FITTING = {"dfpn_size": 32, "frames_n": 2}
"""The next value beyond the bounds that is wrong for no other reason."""


@pytest.mark.parametrize(("config", "f"), WHOLE, ids=[f.name for _, f in WHOLE])
@pytest.mark.parametrize("side", [-1, 1])
def test_every_whole_number_has_bounds(config, f, side):
    """A slip of the hand (a billion dilations) is told at once, not after a night."""
    low, high = f.metadata["within"]
    value = low - 1 if side < 0 else high + FITTING.get(f.name, 1)
    is_many = isinstance(f.default, tuple)
    values = (value, value) if is_many else value
    word, bound = ("least", low) if side < 0 else ("most", high)
    with pytest.raises(UserError, match=rf"--{f.name} should be ") as error:
        config(**{f.name: values})
    if side > 0 or f.name not in EXPLAINED:
        shown = (f"{bound} {bound}", f"{value} {value}") if is_many else (bound, value)
        assert str(error.value) == f"--{f.name} should be at {word} {shown[0]}, got {shown[1]}"


@pytest.mark.parametrize(
    ("config", "values"),
    [
        (DataConfig, {"frames_n": -1}),
        (DataConfig, {"frames_n": 3, "p_simulator_bgs": 1.0, "p_simulator_masks": 0.0}),
        (DataConfig, {"min_mask_size": 0.0, "max_mask_size": 1.0}),
        (DataConfig, {"bgs_movement_params": (0.0, 0.0, 0.0), "dilatation_iterations": 0}),
        (OptimConfig, {"lr_scheduler_gamma": 1.0}),
        (VGGConfig, {"vgg_width": 4, "vgg_weights": "random"}),
        (DFPNConfig, {"dfpn_size": 32, "dfpn_corr_widths": (1, 1), "dfpn_width": 1}),
        (RunConfig, {"test": True, "chn": True, "preset": "small"}),
        (VideoConfig, {"feather": 4, "mask_dilation": 4}),
    ],
)
def test_limits_belong_to_what_is_allowed(config, values):
    assert all(getattr(config(**values), name) == value for name, value in values.items())
