"""Option records: the published defaults, their bounds, and the message of every cross-check."""

import argparse
import math
from dataclasses import fields
from typing import get_args, get_type_hints

import pytest

from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.configs.fields import parse_bool, parse_float, parse_int, resolved
from master_thesis.configs.networks import CHNConfig, DFPNConfig, SmallConfig, TextureConfig, VGGConfig
from master_thesis.configs.training import CHNLossConfig, OptimConfig, TrainingConfig
from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError, require

CONFIGS = (
    TrainingConfig,
    DataConfig,
    OptimConfig,
    VGGConfig,
    DFPNConfig,
    CHNConfig,
    CHNLossConfig,
    VideoConfig,
    EvaluationConfig,
)


NEEDED = {VideoConfig: {"video": "clip.mp4", "mask": "mask.png"}}
"""Values that have no default."""


PUBLISHED = {
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
    values = resolved(config())
    assert {name: values[name] for name in PUBLISHED[config]} == PUBLISHED[config]


def test_sizes_that_are_not_given_are_those_of_the_thesis():
    assert resolved(DFPNConfig()) == {"dfpn_size": 256, "dfpn_corr_widths": (128, 256), "dfpn_width": 128}
    assert resolved(CHNConfig(chn_width=4)) == {"chn_width": 4, "chn_growth": 32, "chn_num_blocks": 20}
    assert resolved(VGGConfig())["vgg_width"] == 64


@pytest.mark.parametrize("config", CONFIGS)
def test_every_option_has_its_help(config):
    assert all(len(f.metadata["help"]) > 5 for f in fields(config))


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


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1,5", ""])
def test_numbers_are_finite(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"should be a number, got '{text}'"):
        parse_float(text)


@pytest.mark.parametrize("text", ["1.5", "many", ""])
def test_what_is_no_whole_number(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"should be a whole number, got '{text}'"):
        parse_int(text)


def test_numbers_are_read():
    assert (parse_int("-3"), parse_float("1e-4")) == (-3, 0.0001)


def test_require_raises_only_if_the_condition_fails():
    require(True, "never raised")
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
    (DataConfig, {"zoom": (0.9, 0.5)}, "--zoom should be the smallest and the largest share, got 0.9 0.5"),
    (DataConfig, {"zoom": (0.0, 0.5)}, "--zoom should be at least 0.01 0.01, got 0.0 0.5"),
    (
        DataConfig,
        {"zoom": (0.5, 0.5), "image_resize": False},
        "--zoom and --image_resize false both choose parts of frames: leave out one of them",
    ),
    (DataConfig, {"mirror": 2.0}, "--mirror should lie in [0, 1], got 2.0"),
    (DataConfig, {"reverse": -0.1}, "--reverse should lie in [0, 1], got -0.1"),
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
    (CHNLossConfig, {"style_weight": -1.0}, "--style_weight should be at least 0, got -1.0"),
    (TextureConfig, {"texture_num_blocks": 0}, "--texture_num_blocks should be at least 1, got 0"),
    (SmallConfig, {"small_size": 100}, "--small_size should be a multiple of 16, got 100"),
    (SmallConfig, {"small_size": 32}, "--small_size should be at least 64, got 32"),
    # TrainingConfig
    (TrainingConfig, {"ema_decay": 1.0}, "--ema_decay should be at least 0 and below 1, got 1.0"),
    (
        TrainingConfig,
        {"recompute": True, "preset": "small"},
        "--recompute is for the thesis' networks: leave it out with --preset small",
    ),
    (
        TrainingConfig,
        {"ckpt_path": "a", "init_from": "b"},
        "--init_from starts a new training, --ckpt_path resumes one: leave out one of them",
    ),
    (TrainingConfig, {"checkpoint_every": 0}, "--checkpoint_every should be at least 1, got 0"),
    # VideoConfig
    (VideoConfig, {"video": ""}, "VIDEO should be a file or a folder, got an empty name"),
    (VideoConfig, {"output": ""}, "--output should name a file or a folder, got an empty name"),
    (VideoConfig, {"mask_dilation": -1}, "--mask_dilation should be at least 0, got -1"),
    (VideoConfig, {"feather": -1}, "--feather should be at least 0, got -1"),
    (
        VideoConfig,
        {"feather": 9, "mask_dilation": 4},
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
def test_mistakes_are_reported_in_the_words_of_the_command_line(config, values, message):
    with pytest.raises(UserError) as error:
        config(**(NEEDED.get(config, {}) | values))
    assert str(error.value) == message


def is_whole(hint):
    return hint is int or any(map(is_whole, get_args(hint)))


WHOLE = [(config, f) for config in CONFIGS for f in fields(config) if is_whole(get_type_hints(config)[f.name])]
EXPLAINED = {"max_frames", "object_ids", "dfpn_size", "frames_n"}
"""Options that say more than their bound when they are too small: see above."""
FITTING = {"dfpn_size": 32, "frames_n": 2}
"""The next value beyond the bounds that is wrong for no other reason."""


@pytest.mark.parametrize(("config", "f"), WHOLE, ids=[f.name for _, f in WHOLE])
@pytest.mark.parametrize("side", [-1, 1])
def test_every_whole_number_has_bounds(config, f, side):
    """A typing error (a billion dilations) is reported at once, not after a night."""
    low, high = f.metadata["within"]
    value = low - 1 if side < 0 else high + FITTING.get(f.name, 1)
    is_many = isinstance(f.metadata.get("otherwise", f.default), tuple)
    values = (value, value) if is_many else value
    word, bound = ("least", low) if side < 0 else ("most", high)
    with pytest.raises(UserError, match=rf"--{f.name} should be ") as error:
        config(**NEEDED.get(config, {}), **{f.name: values})
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
        (VideoConfig, {"feather": 4, "mask_dilation": 4}),
    ],
)
def test_limits_belong_to_what_is_allowed(config, values):
    values = NEEDED.get(config, {}) | values
    assert all(getattr(config(**values), name) == value for name, value in values.items())
