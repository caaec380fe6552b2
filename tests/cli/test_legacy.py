"""The published flat command lines, and the sub-command that each of them is."""

import dataclasses
import re
from pathlib import Path

import pytest

from master_thesis.cli.commands import COMMANDS
from master_thesis.cli.legacy import rewrite_flat
from master_thesis.cli.parsing import parse_command
from master_thesis.configs.fields import resolved
from master_thesis.errors import UserError

DFPN_ALIGNER = "--chn_aligner dfpn --chn_aligner_checkpoint"
STAGE = "--data_path DATA --frames_spacing 5 --min_mask_size 0.03"
OPTIM = "--lr 0.0005 --lr_scheduler_step_size 2 --lr_scheduler_gamma 0.7 --precision bf16-mixed --gradient_clip_val 1"
LENGTH = "--train_max_iterations 150 --validation_max_iterations 20 --max_epochs 14"
TINY = (
    "--data_path demo/data --data_ckpt_path demo/data.ckpt --batch_size 4 --max_epochs 2 --train_max_iterations 60 "
    "--validation_max_iterations 5 --train_size 96 96"
)
TINY_DFPN, TINY_CHN = (
    "--dfpn_size 128 --dfpn_corr_widths 16 32 --dfpn_width 24",
    "--chn_width 24 --chn_growth 12 --chn_num_blocks 3",
)
TINY_END = "--lr 0.001 --log_every_n_steps 5"
CKPT = "demo/dfpn/lightning_logs/version_0/checkpoints/last.ckpt"
WALKER = "demo/data/DAVIS-2017/JPEGImages/480p/walker-crossing"
WALKER_MASKS = "demo/data/DAVIS-2017/Annotations_Dense/480p/walker-crossing"
WALKER_OUTPUT = "--output demo/walker-removed.mp4 --overlay --report"

TABLE = [
    # The training and test commands of the README
    ("", "train dfpn"),
    ("--frames_n 2 --batch_size 8 --gpus 1", "train dfpn --frames_n 2 --batch_size 8 --gpus 1"),
    (f"--chn {DFPN_ALIGNER} DFPN.ckpt", f"train chn {DFPN_ALIGNER} DFPN.ckpt"),
    (
        "--chn --chn_aligner cpn --chn_aligner_checkpoint weight.pth",
        "train chn --chn_aligner cpn --chn_aligner_checkpoint weight.pth",
    ),
    ("--test --test_checkpoint DFPN.ckpt", "test dfpn --test_checkpoint DFPN.ckpt"),
    (
        f"--chn --test --test_checkpoint CHN.ckpt {DFPN_ALIGNER} DFPN.ckpt",
        f"test chn --test_checkpoint CHN.ckpt {DFPN_ALIGNER} DFPN.ckpt",
    ),
    ("--test --preset small", "test dfpn --preset small"),
    ("--chn --test --preset small", "test chn --preset small"),
    ("--sample_data ./data", "sample-data ./data"),
    ("--sample_data PATH --seed 3 --overwrite", "sample-data PATH --seed 3 --overwrite"),
    # Videos
    (
        "--chn --test --video clip.mp4 --mask masks/ --output removed.mp4 --report",
        "remove clip.mp4 --mask masks/ --output removed.mp4 --report",
    ),
    (
        "--chn --test --video holiday.mp4 --mask masks/ --output result.mp4",
        "remove holiday.mp4 --mask masks/ --output result.mp4",
    ),
    ("--chn --test --video holiday.mp4 --mask masks/", "remove holiday.mp4 --mask masks/"),
    ("--video clip.mp4 --mask alpha --test_size native", "remove clip.mp4 --mask alpha --test_size native"),
    ("--mask=m --video=-a.mp4 --check", "remove --mask=m --check -- -a.mp4"),
    (
        f"--video a --mask b --test_checkpoint CHN.ckpt {DFPN_ALIGNER} DFPN.ckpt --algorithms ip cp",
        f"remove a --mask b {DFPN_ALIGNER} DFPN.ckpt --algorithms ip cp --test_checkpoint CHN.ckpt",
    ),
    # Measuring
    ("--evaluate --data_path DATA --masks swapped still", "evaluate --data_path DATA --masks swapped still"),
    (
        "--evaluate --data_path DATA --masks swapped still --protocols hole --leaps",
        "evaluate --data_path DATA --masks swapped still --protocols hole --leaps",
    ),
    (
        "--evaluate --data_path DATA --masks swapped --protocols completion-432x240",
        "evaluate --data_path DATA --masks swapped --protocols completion-432x240",
    ),
    (
        "--evaluate --data_path DATA --masks swapped still --protocols hole --max_frames 12 --algorithms ip "
        "--baselines homography",
        "evaluate --data_path DATA --masks swapped still --protocols hole --max_frames 12 --algorithms ip "
        "--baselines homography",
    ),
    (
        "--evaluate --data_path ./data --masks swapped still --protocols hole completion-432x240 --output_path results",
        "evaluate --data_path ./data --masks swapped still --protocols hole completion-432x240 --output_path results",
    ),
    (
        "--evaluate --data_path ./data --masks swapped --protocols hole --export_inputs inputs",
        "evaluate --data_path ./data --masks swapped --protocols hole --export_inputs inputs",
    ),
    (
        "--evaluate --data_path ./data --masks swapped --protocols hole --predictions mine=filled --output_path out",
        "evaluate --data_path ./data --masks swapped --protocols hole --predictions mine=filled --output_path out",
    ),
    (
        "--evaluate --data_path clips --masks swapped still --protocols hole --max_frames 8 --algorithms ff",
        "evaluate --data_path clips --masks swapped still --protocols hole --max_frames 8 --algorithms ff",
    ),
    (
        "--evaluate --data_path clips --masks swapped still --protocols hole --max_frames 8 --algorithms ff "
        f"--test_checkpoint membrane.safetensors {DFPN_ALIGNER} master_thesis/weights/small_dfpn.safetensors",
        "evaluate --test_checkpoint membrane.safetensors --data_path clips --masks swapped still --protocols hole "
        f"--max_frames 8 --algorithms ff {DFPN_ALIGNER} master_thesis/weights/small_dfpn.safetensors",
    ),
    # Recipes
    ("--data_path ./data", "train dfpn --data_path ./data"),
    (
        "--data_path ./data --frames_n 2 --batch_size 8 --gpus 1",
        "train dfpn --data_path ./data --frames_n 2 --batch_size 8 --gpus 1",
    ),
    (f"--chn {DFPN_ALIGNER} DFPN.ckpt --data_path ./data", f"train chn {DFPN_ALIGNER} DFPN.ckpt --data_path ./data"),
    (
        "--chn --chn_aligner cpn --chn_aligner_checkpoint weight.pth --data_path ./data",
        "train chn --chn_aligner cpn --chn_aligner_checkpoint weight.pth --data_path ./data",
    ),
    (
        f"--preset small {STAGE} --seed 1 {OPTIM} {LENGTH}",
        f"train dfpn --preset small {STAGE} --seed 1 {OPTIM} {LENGTH}",
    ),
    (
        f"--preset small --init_from ALIGNER {STAGE} --seed 2 {OPTIM} {LENGTH}",
        f"train dfpn --preset small --init_from ALIGNER {STAGE} --seed 2 {OPTIM} {LENGTH}",
    ),
    (
        f"--preset small --chn {DFPN_ALIGNER} ALIGNER --perceptual_weight 0 {STAGE} --p_simulator_bgs 0.3 {OPTIM}",
        f"train chn --preset small {DFPN_ALIGNER} ALIGNER --perceptual_weight 0 {STAGE} --p_simulator_bgs 0.3 {OPTIM}",
    ),
    (
        f"--preset small --chn --init_from CHN {DFPN_ALIGNER} ALIGNER --perceptual_weight 0 {STAGE} --batch_size 6",
        f"train chn --preset small --init_from CHN {DFPN_ALIGNER} ALIGNER --perceptual_weight 0 {STAGE} --batch_size 6",
    ),
    ("--ckpt_path last", "train dfpn --ckpt_path last"),
    ("--test --test_checkpoint ALIGNER --export small_dfpn.safetensors", "export ALIGNER small_dfpn.safetensors"),
    (
        "--chn --chn_aligner opencv --test --test_checkpoint CHN --export small_chn.safetensors",
        "export CHN small_chn.safetensors",
    ),
    # More devices
    ("--gpus 1", "train dfpn --gpus 1"),
    (
        "--devices 4 --accelerator gpu --strategy ddp",
        "train dfpn --devices 4 --accelerator gpu --strategy ddp",
    ),
    (
        "--devices 4 --num_nodes 2 --accelerator gpu --strategy ddp",
        "train dfpn --devices 4 --num_nodes 2 --accelerator gpu --strategy ddp",
    ),
    # The demos: flags of the other networks had no effect
    ("--sample_data demo/data", "sample-data demo/data"),
    (
        f"--chn --test --video {WALKER} --mask {WALKER_MASKS} {WALKER_OUTPUT}",
        f"remove {WALKER} --mask {WALKER_MASKS} {WALKER_OUTPUT}",
    ),
    (
        "--evaluate --data_path demo/data --masks still --protocols hole --algorithms ip --output_path demo/evaluation",
        "evaluate --data_path demo/data --masks still --protocols hole --algorithms ip --output_path demo/evaluation",
    ),
    (
        f"{TINY} {TINY_DFPN} {TINY_CHN} {TINY_END} --default_root_dir demo/dfpn --vgg_weights random --vgg_width 16",
        f"train dfpn {TINY} {TINY_DFPN} {TINY_END} --default_root_dir demo/dfpn --vgg_weights random --vgg_width 16",
    ),
    (
        f"{TINY} {TINY_DFPN} {TINY_CHN} {TINY_END} --default_root_dir demo/chn --perceptual_weight 0 --chn "
        f"{DFPN_ALIGNER} {CKPT}",
        f"train chn {TINY} {TINY_CHN} {TINY_END} --default_root_dir demo/chn --perceptual_weight 0 "
        f"{DFPN_ALIGNER} {CKPT}",
    ),
    (
        f"--test --test_checkpoint {CKPT} --data_path demo/data --default_root_dir demo/dfpn",
        f"test dfpn --test_checkpoint {CKPT} --data_path demo/data --default_root_dir demo/dfpn",
    ),
    (
        f"--chn --test --test_checkpoint c.ckpt {DFPN_ALIGNER} {CKPT} --data_path demo/data --test_size 96 160 "
        "--output_path demo/videos --default_root_dir demo/chn",
        f"test chn --test_checkpoint c.ckpt {DFPN_ALIGNER} {CKPT} --data_path demo/data --test_size 96 160 "
        "--output_path demo/videos --default_root_dir demo/chn",
    ),
    # Switches may have a value
    ("--chn=false --test true --test_checkpoint c", "test dfpn --test_checkpoint c"),
    # Without effect on what was done, but accepted
    ("--chn --test --preset small --frames_n 5 --batch_size 3", "test chn --preset small"),
    ("--test --test_checkpoint c --train_size 96 96 --lr 1", "test dfpn --test_checkpoint c"),
    ("--evaluate --max_epochs 3 --bgs_movement_params 1 0.1 0.2", "evaluate"),
    ("--output out.mp4 --test_size native --algorithms ip cp", "train dfpn"),
]


@pytest.mark.parametrize(("flat", "words"), TABLE)
def test_a_flat_command_line_is_a_sub_command(flat, words):
    assert rewrite_flat(flat.split()) == words.split()


@pytest.mark.parametrize(("flat", "words"), TABLE)
def test_both_forms_have_the_same_options(flat, words):
    assert parse_command(flat.split()) == parse_command(words.split())


DOCS = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
DOCUMENTED = re.findall(r"^\| `python -m master_thesis(.*)` \| `master_thesis (.*)` \|$", DOCS, flags=re.MULTILINE)


def test_the_table_of_the_documentation_is_true():
    assert len(DOCUMENTED) >= 14
    assert [(flat, " ".join(rewrite_flat(flat.split()))) for flat, _ in DOCUMENTED] == DOCUMENTED


PUBLISHED = (
    "--data_path ./data --data_ckpt_path ./lightning_logs/data.ckpt --image_resize true --min_mask_size 0.05 "
    "--max_mask_size 0.15 --train_size 256 256 --test_size 240 480 --lr 0.0001 --lr_scheduler_step_size 50 "
    "--frames_n 2 --frames_spacing 10 --frames_randomize true --dilatation_filter_size 3 3 --dilatation_iterations 4 "
    "--p_simulator_bgs 0.5 --p_simulator_masks 0.0 --bgs_movement_params 50 0.10 0.20 "
    "--masks_movement_params 50 0.10 0.20 --batch_size 8 --num_workers 0 --train_max_iterations 2000 "
    "--validation_max_iterations 200 --lr_scheduler_gamma 0.5"
)
MODES = {
    "": "train dfpn",
    "--chn --chn_aligner opencv": "train chn",
    "--test --test_checkpoint c": "test dfpn",
    "--chn --test --test_checkpoint c --chn_aligner opencv": "test chn",
    "--evaluate": "evaluate",
    "--video a --mask b": "remove",
    "--test --test_checkpoint c --export d.safetensors": "export",
    "--sample_data d": "sample-data",
}


@pytest.mark.parametrize("mode", MODES)
def test_published_options_with_their_defaults_change_nothing(mode):
    options = parse_command(f"{mode} {PUBLISHED}".split())
    assert type(options) is COMMANDS[MODES[mode]]
    if MODES[mode] == "remove":  # which chooses its size by itself since, so that a size given is another choice
        assert options == dataclasses.replace(parse_command(mode.split()), test_size=(240, 480))
    elif MODES[mode] not in ("train dfpn", "train chn"):
        assert options == parse_command(mode.split())
    else:
        default = parse_command([])
        assert (options.data, resolved(options.optim)) == (default.data, resolved(default.optim))


@pytest.mark.parametrize(
    ("flat", "message"),
    [
        ("--test", "--test_checkpoint should name the network to test (or take the shipped one: --preset small)"),
        ("--chn", "--chn_aligner should name the aligner of CHN: dfpn, cpn, opencv or none"),
        ("--chn_aligner dfpn", "train dfpn has no option --chn_aligner, which is an option of remove, evaluate, "),
        ("--test_checkpoint x.ckpt", "train dfpn has no option --test_checkpoint, which is an option of remove, "),
        (
            "--test --test_checkpoint a --ckpt_path b",
            "test dfpn has no option --ckpt_path, which is an option of train",
        ),
        ("--evaluate --init_from b", "evaluate has no option --init_from, which is an option of train dfpn, train chn"),
        ("--test --preset small --recompute", "test dfpn has no option --recompute, which is an option of train"),
        ("--video a", "remove needs --mask MASK, or "),
        ("--mask a", "remove needs VIDEO: "),
        ("--export a.safetensors", "export needs CKPT and FILE: "),
        ("--max_epoch 3", "train dfpn has no option --max_epoch; do you mean --max_epochs?"),
        ("--chn_width 0", "--chn_width should be at least 1, got 0"),
        ("--evaluate --perceptual_weight -1", "--perceptual_weight should be at least 0, got -1.0"),
        ("--algorithms fi", "--algorithms: invalid choice: 'fi' (choose from 'ff', 'ip', 'cp', 'pm')"),
        ("--test=perhaps", "--test: should be true or false, got 'perhaps'"),
    ],
)
def test_mistakes_are_reported_as_in_a_sub_command(flat, message):
    with pytest.raises(UserError) as error:
        parse_command(flat.split())
    assert str(error.value).startswith(message)
