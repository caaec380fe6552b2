import argparse
import inspect

import pytest

from master_thesis.cli.arguments import parser_of
from master_thesis.cli.trainer_arguments import TrainerOption, read_trainer_options


@pytest.fixture(scope="module")
def options():
    return {option.name: option for option in read_trainer_options()}


@pytest.fixture(scope="module")
def given(options):
    """Parses words with a parser of all arguments of the Trainer."""
    parser = parser_of({name: option.keywords() for name, option in options.items()})
    return lambda *words: vars(parser.parse_args(words))


def test_all_arguments_of_the_trainer_are_there_but_those_that_have_no_text_form(options):
    from pytorch_lightning import Trainer

    arguments = set(inspect.signature(Trainer.__init__).parameters) - {"self"}
    assert arguments - set(options) == {"callbacks", "plugins"}
    assert set(options) <= arguments


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_epochs", "3", 3),
        ("max_epochs", "none", None),
        ("limit_train_batches", "4", 4),
        ("limit_train_batches", "1.0", 1.0),
        ("fast_dev_run", "true", True),
        ("fast_dev_run", "2", 2),
        ("devices", "2", 2),
        ("devices", "0,1", "0,1"),
        ("accelerator", "cpu", "cpu"),
        ("precision", "bf16-mixed", "bf16-mixed"),
        ("precision", "32", 32),
        ("max_time", "00:12:00:00", "00:12:00:00"),
        ("deterministic", "warn", "warn"),
        ("deterministic", "False", False),
        ("val_check_interval", "0.25", 0.25),
        ("profiler", "simple", "simple"),
        ("logger", "csv", "csv"),
        ("logger", "false", False),
    ],
)
def test_values_get_the_narrowest_type_that_fits(options, name, text, value):
    converted = options[name].convert(text)
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("max_steps", "many", "should be a whole number, got 'many'"),
        ("max_steps", "none", "should be a whole number, got 'none'"),
        ("detect_anomaly", "maybe", "should be true or false, got 'maybe'"),
        ("gradient_clip_val", "x", "should be a whole number or a number or none, got 'x'"),
    ],
)
def test_values_of_a_wrong_type_are_refused(options, name, text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        options[name].convert(text)


def test_only_given_arguments_are_passed_on(given):
    values = given("--max_epochs", "2", "--fast_dev_run", "--precision=16-mixed")
    assert values == {"max_epochs": 2, "fast_dev_run": True, "precision": "16-mixed"}
    assert given() == {}


def test_the_trainer_accepts_the_values(given):
    from pytorch_lightning import Trainer

    argv = "--max_epochs 2 --gradient_clip_val 0.5 --accumulate_grad_batches 2 --logger false --accelerator cpu"
    argv += " --enable_checkpointing false --enable_progress_bar false --enable_model_summary false"
    trainer = Trainer(**given(*argv.split()))
    assert trainer.max_epochs == 2
    assert trainer.gradient_clip_val == 0.5
    assert trainer.accumulate_grad_batches == 2


def test_help_is_that_of_lightning(options):
    assert options["max_steps"].help.startswith("Stop training after this number of steps.")
    assert all(option.help for option in options.values())
    assert "``" not in "".join(option.help for option in options.values())


def test_what_is_expected_is_said_in_words():
    option = TrainerOption("x", frozenset({"bool", "int"}), ("warn",), True, "")
    assert option.expected() == "true or false or a whole number or warn or none"
