"""Command lines as options: defaults of every sub-command, and the answer to every mistake."""

from dataclasses import fields

import pytest

from master_thesis.cli.arguments import make_parser
from master_thesis.cli.commands import COMMANDS, FUNCTIONS
from master_thesis.cli.commands.evaluate import words_for_remove
from master_thesis.cli.commands.remove import fitting
from master_thesis.cli.flags import flags_of, trainer_options_of
from master_thesis.cli.parsing import parse_command
from master_thesis.configs.fields import resolved
from master_thesis.errors import UserError
from master_thesis.models.registry import families
from tests.commands import NEEDED


def parse(words):
    return parse_command(words.split())


def shown(words, capsys):
    with pytest.raises(SystemExit) as end:
        parse(words)
    assert end.value.code == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_words_of_a_sub_command_make_its_dataclass(name):
    options = parse(f"{name} {NEEDED[name]}")
    assert type(options) is COMMANDS[name]
    assert options.config is None


def test_defaults_are_those_of_the_thesis():
    train, test = parse("train dfpn"), parse(f"test chn {NEEDED['test chn']}")
    assert (train.data.frames_n, train.data.batch_size, train.data.train_size) == (2, 8, (256, 256))
    assert (resolved(train.optim)["lr"], train.training.preset, train.vgg.vgg_weights) == (1e-4, "thesis", "imagenet")
    assert (test.data.frames_n, test.data.batch_size, test.data.test_size) == (-1, 1, (240, 480))
    assert (test.inpainting.algorithms, test.output_path) == (("ff", "ip", "cp"), "generated_sequences")


def test_defaults_are_those_of_the_sub_command():
    evaluate, remove = parse("evaluate"), parse(f"remove {NEEDED['remove']}")
    assert (evaluate.inpainting.algorithms, remove.inpainting.algorithms) == (("ff", "ip", "cp"), ("pm",))
    assert (evaluate.leaps, remove.video.leaps) == (False, True)
    assert evaluate.output_path == "evaluation"
    assert remove.test_size == "auto"
    assert (evaluate.networks.kind, remove.networks.kind) == ("small_chn", "small_chn")


def test_networks_are_the_shipped_ones_unless_a_checkpoint_is_named():
    own = parse("evaluate --test_checkpoint c.ckpt --chn_aligner dfpn --chn_aligner_checkpoint d.ckpt").networks
    assert (own.kind, own.is_small) == ("chn", False)
    assert parse("evaluate --test_checkpoint c.ckpt --preset small").networks.kind == "small_chn"


def test_a_painter_may_be_named_instead_of_a_network():
    assert parse("remove a --mask m").networks.hallucinate is None
    assert parse("test chn --preset small").networks.hallucinate == "chn"
    assert parse("evaluate --hallucinate smooth").networks.hallucinate == "smooth"
    assert parse("evaluate --hallucinate chn --hallucinator m:C").networks.hallucinator == "m:C"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--algorithms ip", None),
        ("--algorithms ip ff", "chn"),
        ("--algorithms cp", "chn"),
        ("--algorithms ff --hallucinate exemplar", "exemplar"),
    ],
)
def test_textures_are_not_painted_anew_in_every_frame_unless_that_is_asked_for(words, expected):
    options = parse(f"remove a --mask m {words}")
    assert fitting(options.networks, options.inpainting.algorithms).hallucinate == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [("", "none"), ("--algorithms pm ip", None), ("--chn_aligner opencv", "opencv"), ("--algorithms ip", None)],
)
def test_no_aligner_is_loaded_where_none_is_asked(words, expected):
    options = parse(f"remove a --mask m {words}")
    assert fitting(options.networks, options.inpainting.algorithms).chn_aligner == expected


def test_removals_are_measured_with_the_options_of_the_evaluation():
    given = "--chn_aligner opencv --hallucinate smooth --seed 3 --accelerator cpu --precision 32"
    words = words_for_remove(parse(f"evaluate {given}"))
    options = parse(f"remove a --mask m {' '.join(words)}")
    assert (options.networks.chn_aligner, options.networks.hallucinate, options.data.seed) == ("opencv", "smooth", 3)
    assert options.trainer == parse(f"remove a --mask m {given}").trainer


def test_aligners_to_choose_from_are_those_of_the_registry():
    choices = {
        name: flags_of(COMMANDS[name])["chn_aligner"].field.metadata["choices"] for name in ("remove", "train chn")
    }
    assert set(choices.values()) == {families(is_aligner=True)}


@pytest.mark.parametrize("words", ["remove clip.mp4 --overlay --mask m", "remove --overlay clip.mp4 --mask m"])
def test_a_switch_does_not_swallow_the_word_after_it(words):
    options = parse(words)
    assert (options.video.video, options.video.overlay) == ("clip.mp4", True)


def test_a_size_may_be_native():
    assert parse(f"remove {NEEDED['remove']} --test_size native").test_size is None
    assert parse(f"remove {NEEDED['remove']} --test_size auto").test_size == "auto"
    assert parse(f"remove {NEEDED['remove']} --test_size 32 48").test_size == (32, 48)


def test_running_options_are_those_of_the_trainer():
    assert parse("evaluate --accelerator cpu --precision 32").trainer == {"accelerator": "cpu", "precision": 32}
    assert parse("train dfpn --max_epochs 3 --devices 0,1").trainer == {"max_epochs": 3, "devices": "0,1"}


NEEDS_A_MASK = (
    "remove needs --mask MASK, or the object marked on a frame: --box X Y W H, --points X Y or --draw FILE; "
    "--fixed_box X Y W H is for logos, --text for subtitles"
)
MISTAKES = [
    # words
    ("remov clip.mp4", "there is no command remov; do you mean remove?"),
    ("train dfpm", "there is no command train dfpm; do you mean train dfpn?"),
    ("tran dfpn", "there is no command tran dfpn; do you mean train dfpn?"),
    ("sample_data here", "there is no command sample_data; do you mean sample-data?"),
    ("clip.mp4", "there is no command clip.mp4 (python -m master_thesis --help lists the commands)"),
    ("train", "train needs a network: python -m master_thesis train dfpn or train chn"),
    ("test --gpus 1", "test needs a network: python -m master_thesis test dfpn or test chn"),
    ("remove", "remove needs VIDEO: python -m master_thesis remove VIDEO [options]"),
    ("remove clip.mp4", NEEDS_A_MASK),
    ("remove --mask m", "remove needs VIDEO: python -m master_thesis remove VIDEO [options]"),
    ("remove a b --mask m", "unexpected b: python -m master_thesis remove VIDEO [options]"),
    ("export a", "export needs FILE: python -m master_thesis export CKPT FILE [options]"),
    ("export a b.pt", "FILE should be a .safetensors file for --format safetensors, got b.pt"),
    ("export a b.pt --format onnx", "FILE should be a .onnx file for --format onnx, got b.pt"),
    ("evaluate output\0", "'output\\x00' contains a null character: leave it out"),
    # flags
    ("remove a --masks m", "remove has no option --masks; do you mean --mask?"),
    ("train dfpn --max_epoch 3", "train dfpn has no option --max_epoch; do you mean --max_epochs?"),
    (
        "remove a --mask m --batch_size 3",
        "remove has no option --batch_size, which is an option of test dfpn, train dfpn, train chn",
    ),
    ("export a b --zzz", "export has no option --zzz (python -m master_thesis export --help all lists the options)"),
    ("train dfpn --lr fast", "--lr: should be a number, got 'fast'"),
    ("train dfpn --lr inf", "--lr: should be a number, got 'inf'"),
    ("train dfpn --image_resize perhaps", "--image_resize: should be true or false, got 'perhaps'"),
    ("train dfpn --max_epochs soon", "--max_epochs: should be a whole number or none, got 'soon'"),
    ("train dfpn --train_size 8 256", "--train_size should be at least 16 16, got 8 256"),
    ("train dfpn --frames_n -1", "--frames_n should be 2 or an odd number, got -1"),
    ("test dfpn --test_checkpoint c --frames_n -1", "--frames_n should be 2 or an odd number, got -1"),
    ("evaluate --algorithms ip ip", "--algorithms should name each once, got ip ip"),
    ("remove a --mask m --test_size 8 8", "--test_size should be at least 16 16, got 8 8"),
    ("train dfpn --gpus 0", "--gpus should be at least 1, got 0"),
    ("train dfpn --gpus 1 --devices 2", "--gpus and --devices both say where to run: leave out one of them"),
    ("evaluate --gpus 1 --accelerator cpu", "--gpus and --accelerator both say where to run: leave out one of them"),
    # networks
    ("train chn", "--chn_aligner should name the aligner of CHN: dfpn, cpn, opencv or none"),
    ("train chn --chn_aligner dfpn", "--chn_aligner dfpn needs --chn_aligner_checkpoint: which one to use"),
    (
        "train chn --chn_aligner raft",
        "--chn_aligner: invalid choice: 'raft' (choose from 'dfpn', 'cpn', 'opencv', 'none')",
    ),
    (
        "train chn --chn_aligner opencv --chn_aligner_checkpoint a",
        "--chn_aligner opencv has no weights: leave out --chn_aligner_checkpoint",
    ),
    ("evaluate --test_checkpoint c", "--chn_aligner should name the aligner of CHN: dfpn, cpn, opencv or none"),
    ("evaluate --chn_aligner_checkpoint c", "--chn_aligner should name the aligner of CHN: dfpn, cpn, opencv or none"),
    (
        "remove a --mask m --hallucinate exemplar --test_checkpoint c --preset small",
        "--hallucinate exemplar paints without a network: leave out --test_checkpoint",
    ),
    (
        "evaluate --hallucinate smooth --hallucinator m:C",
        "--hallucinate smooth paints without a network: leave out --hallucinator",
    ),
    *(
        (
            f"test {network}",
            "--test_checkpoint should name the network to test (or take the shipped one: --preset small)",
        )
        for network in ("dfpn", "chn --chn_aligner opencv")
    ),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES)
def test_mistakes_are_reported_in_one_line(words, message):
    with pytest.raises(UserError) as error:
        parse(words)
    assert str(error.value) == message


def test_no_algorithm_is_a_mistake():
    with pytest.raises(UserError, match="--algorithms: expected at least one argument"):
        parse("evaluate --algorithms")
    with pytest.raises(UserError, match=r"--algorithms should name at least one of ff, ip, cp"):
        type(parse("evaluate").inpainting)(())


@pytest.mark.parametrize("name", COMMANDS)
def test_two_options_never_share_a_name(name):
    """Neither among the records of a sub-command nor with an argument of the Trainer; argparse would refuse them."""
    options = COMMANDS[name]
    make_parser(options)
    names = [n for f in fields(options) for n in f.metadata.get("names", () if "trainer" in f.metadata else (f.name,))]
    names += [option.name for option in trainer_options_of(options)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_one_screen_of_common_options(name, capsys):
    lines = shown(f"{name} --help", capsys)
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    common = [line.split()[0] for line in lines if line[:3].strip() and line.startswith("  ")]
    assert common == [flag.lstrip(" ") for flag in expected_flags(COMMANDS[name])]


def expected_flags(options):
    flags = flags_of(options)
    return [flags[name].shown if name in flags else f"--{name}" for name in options.COMMON]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_whole_help_shows_every_option_once(name, capsys):
    lines = shown(f"{name} --help all", capsys)
    starts = [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")]
    options = COMMANDS[name]
    names = [flag.shown for flag in flags_of(options).values()]
    assert sorted(starts) == sorted([*names, *(f"--{option.name}" for option in trainer_options_of(options))])
    assert "(default: )" not in " ".join(lines)


def test_the_overview_lists_every_sub_command_in_one_line_each(capsys):
    lines = shown("--help", capsys)
    listed = [line for line in lines if line.startswith("  ")]
    assert len(listed) == len(COMMANDS) == len(FUNCTIONS)
    assert all(line.strip().startswith(name) for line, name in zip(listed, COMMANDS, strict=True))
    assert listed[0].startswith("  remove VIDEO ")
    assert shown("-h", capsys) == lines
    assert [line.split()[:2] for line in shown("train --help", capsys) if line.startswith("  ")] == [
        ["train", "dfpn"],
        ["train", "chn"],
    ]


def test_the_version_is_that_of_the_package(capsys):
    (line,) = shown("--version", capsys)
    assert line.startswith("master_thesis ")


@pytest.mark.parametrize("precision", ["bf16-true", "16-true", "64-true", "64", "17", "transformer-engine"])
@pytest.mark.parametrize("command", ["train dfpn", "test dfpn --test_checkpoint c", "evaluate"])
def test_precisions_in_which_nothing_works_are_refused(command, precision):
    message = "--precision should be 32-true, bf16-mixed or 16-mixed, as weights stay in single precision, got "
    with pytest.raises(UserError, match=message + precision):
        parse(f"{command} --precision {precision}")


@pytest.mark.parametrize("precision", ["32", "16", "bf16", "32-true", "16-mixed", "bf16-mixed", "none"])
def test_other_precisions_are_taken(precision):
    assert str(parse(f"train dfpn --precision {precision}").trainer["precision"]).lower() == precision


def test_an_accumulation_of_no_steps_is_refused():
    with pytest.raises(UserError, match="--accumulate_grad_batches should be at least 1, got 0"):
        parse("train dfpn --accumulate_grad_batches 0")
