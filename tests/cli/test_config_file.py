"""Options from YAML files, and the files that repeat runs."""

from dataclasses import replace

import pytest
import yaml

from master_thesis.cli.commands import COMMANDS
from master_thesis.cli.config_file import config_text, write_config
from master_thesis.cli.flags import flags_of
from master_thesis.cli.parsing import parse_command
from master_thesis.errors import UserError
from tests.commands import NEEDED

EVERYTHING = {
    "remove": "Ünter\u00a0wegs.mp4 --mask - --output yes --object_ids 1 3 --leaps false --test_size native --overlay "
    "--frame_rate 0.01 --algorithms ip cp --preset small --chn_aligner opencv --precision 16-mixed --accelerator cpu",
    "mask": "clip.mp4 --box 1 2 3 4 5 6 7 8@9 --points 1 2 --draw a.png@3 --gone @12 --output masks --overlay",
    "app": "--port 0 --sessions null",
    "evaluate": "--masks null --protocols hole --predictions a=b --sequences 010 2020-01-01 --max_frames 3 --leaps "
    "--test_size 16 32 --test_checkpoint 1.0 --chn_aligner cpn --chn_aligner_checkpoint ~ --gpus 2",
    "test dfpn": "--test_checkpoint c --dfpn_size 64 --dfpn_corr_widths 4 8 --frames_n 5 --limit_test_batches 1.0",
    "test chn": "--test_checkpoint c --chn_aligner opencv --chn_width 4 --algorithms ff --overwrite --seed 4294967295",
    "train dfpn": "--lr 1e-05 --max_epochs none --max_time 12:00:00:00 --bgs_movement_params 1 0.1 1e-30 --devices 0,1 "
    "--fast_dev_run --ckpt_path last --image_resize false --vgg_width 2 --vgg_weights random --deterministic warn",
    "train chn": "--chn_aligner dfpn --chn_aligner_checkpoint a:b --perceptual_weight 0 --chn_width 4",
    "export": "true '#.safetensors",
    "sample-data": "no --seed 7",
}
"""Values that YAML or a careless reader would take for something else."""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Writes a file with options and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="options.yaml"):
        (tmp_path / name).write_text(text)
        return name

    return write


@pytest.mark.parametrize("words", [NEEDED, EVERYTHING])
@pytest.mark.parametrize("name", COMMANDS)
def test_the_file_of_a_run_repeats_it(file, name, words):
    options = parse_command([*name.split(), *words[name].split(" ")] if words[name] else name.split())
    path = file(config_text(options))
    assert replace(parse_command([*name.split(), "--config", path]), config=None) == options


@pytest.mark.parametrize("name", COMMANDS)
def test_the_file_names_every_option_that_has_a_value(name):
    options = parse_command(f"{name} {NEEDED[name]}".split())
    written = yaml.safe_load(config_text(options))
    silent = {n for n, flag in flags_of(type(options)).items() if flag.default in (None, ())}
    assert flags_of(type(options)).keys() - silent <= written.keys()


def test_comments_say_how_a_run_was_started_in_one_line_each(monkeypatch):
    monkeypatch.setattr("sys.orig_argv", ["python", "-m", "master_thesis", "a\nb: c", "\udce4\x85"])
    text = config_text(parse_command(["evaluate"]))
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert comments[0] == "# repeat with: master_thesis evaluate --config FILE"
    assert comments[1] == r"# command: python -m master_thesis 'a\nb: c' '\udce4\x85'"
    assert comments[2].startswith("# versions: python 3.")
    assert text.splitlines()[3] == "protocols: [hole, completion-432x240]"


def test_flags_win_over_the_file(file):
    path = file("batch_size: 3\ntrain_size: [32, 64]\nmax_epochs: 1\n")
    options = parse_command(f"train dfpn --batch_size 4 --config {path} --max_epochs 2".split())
    assert (options.data.batch_size, options.data.train_size, options.trainer) == (4, (32, 64), {"max_epochs": 2})
    assert options.config == path


def test_a_flat_command_line_may_have_a_file_too(file):
    assert parse_command(["--config", file("lr: 0.5")]).optim.lr == 0.5


def test_words_without_flags_are_named_in_the_file_and_win_over_it(file):
    path = file("video: a.mp4\nmask: m.png\n")
    assert parse_command(f"remove --config {path}".split()).video.video == "a.mp4"
    assert parse_command(f"remove b.mp4 --config {path}".split()).video.video == "b.mp4"


def test_null_and_an_empty_file_say_nothing(file):
    assert replace(parse_command(["train", "dfpn", "--config", file("ckpt_path: null\nlr:\n")]), config=None) == (
        parse_command(["train", "dfpn"])
    )
    assert parse_command(["train", "dfpn", "--config", file("# nothing\n", "b")]).trainer == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("masks: m", "remove has no option --masks; do you mean --mask?"),
        ("1: m", "remove has no option --1"),
        ("batch_size: 3", "remove has no option --batch_size"),
        ("config: other.yaml", "--config should not be given in a file"),
        ("window: many", "--window: should be a whole number, got 'many'"),
        ("window: [1, 2]", "--window should be one value, got 1 2"),
        ("overlay: perhaps", "--overlay: should be true or false, got 'perhaps'"),
        ("test_size: 256", "--test_size should be a height and a width, auto or native; got 256"),
        ("algorithms: [ip, fi]", "--algorithms: invalid choice: 'fi' (choose from 'ff', 'ip', 'cp', 'pm')"),
        ("window: {a: b}", "--window should be a value or a list of values, got {'a': 'b'}"),
        ("object_ids: [[1]]", "--object_ids should be a value or a list of values, got [['1']]"),
        ("video: [a, b]", "VIDEO should be one value, got a b"),
        ("window: 0", "--window should be at least 1, got 0"),
        (
            "feather: 9\nmask_dilation: 4",
            "--feather should be at most --mask_dilation (4), got 9: a wider seam would show the object",
        ),
        ("just words", "should be YAML with one option a line, like batch_size: 8"),
        ("- 1", "should be YAML with one option a line, like batch_size: 8"),
        ("a: [", "should be YAML with one option a line: while parsing"),
        ("[" * 5000, "should be YAML with one option a line: "),
    ],
)
def test_mistakes_name_the_file_and_the_option(file, text, message):
    path = file(text)
    with pytest.raises(UserError) as error:
        parse_command(f"remove a.mp4 --mask m --config {path}".split())
    assert str(error.value).startswith(f"options.yaml: {message}")


def test_a_mistake_on_the_command_line_is_not_that_of_the_file(file):
    path = file("window: 50")
    with pytest.raises(UserError) as error:
        parse_command(f"remove a.mp4 --mask m --window 0 --config {path}".split())
    assert str(error.value) == "--window should be at least 1, got 0"


def test_a_file_that_cannot_be_read_is_named(file, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for name, message in (
        ("nowhere", "no such file or directory"),
        ("folder", "is a directory"),
        ("bytes", "should be"),
    ):
        with pytest.raises(UserError, match=f"^{name}: .*{message}"):
            parse_command(["evaluate", "--config", name])


def test_another_file_is_kept_unless_it_may_be_replaced(file, tmp_path, caplog):
    options = parse_command(["evaluate"])
    path = tmp_path / file("mine: true", "config.yaml")
    write_config(path, options)
    assert path.read_text() == "mine: true"
    assert "config.yaml exists already and is kept: --overwrite replaces it" in caplog.text
    write_config(path, replace(options, config="config.yaml"), overwrite=True)
    assert path.read_text() == "mine: true", "it was read, so it repeats the run already"
    write_config(path, options, overwrite=True)
    assert path.read_text() == config_text(options)
