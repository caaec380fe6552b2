import pytest

from master_thesis.cli.options import make_parser, parse_options
from master_thesis.errors import UserError

CHN_TEST = "--chn --test --test_checkpoint c --chn_aligner dfpn"


def test_without_arguments_it_is_a_training_of_dfpn_with_the_defaults_of_the_thesis():
    options = parse_options([])
    assert (options.run.chn, options.run.test, options.run.preset) == (False, False, "thesis")
    assert (options.data.frames_n, options.data.batch_size, options.data.train_size) == (2, 8, (256, 256))
    assert (options.optim.lr, options.dfpn.dfpn_size, options.chn.chn_num_blocks) == (1e-4, 256, 20)
    assert options.trainer == {}
    assert options.given == frozenset()


def test_the_published_command_is_understood():
    options = parse_options(["--frames_n", "2", "--batch_size", "8", "--gpus", "1"])
    assert (options.data.frames_n, options.data.batch_size, options.run.gpus) == (2, 8, 1)


def test_what_was_given_is_known_however_it_is_written():
    options = parse_options(["--dfpn_size=64", "--lr", "0.0001", "--chn_width", "64"])
    assert options.given == {"dfpn_size", "lr", "chn_width"}


def test_chn_is_tested_on_whole_sequences_whatever_was_said():
    data = parse_options(f"{CHN_TEST} --frames_n 5 --batch_size 3".split()).data
    assert (data.frames_n, data.batch_size) == (-1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--output a\0b", r"'a\\x00b' holds a character of code 0: leave that out"),
        ("--frames_n 4", "--frames_n should be 2 or an odd number, got 4"),
        ("--frames_n 1", "--frames_n should be 2 or an odd number, got 1"),
        ("--frames_n -1", r"--frames_n -1 \(whole sequences\) is for --chn --test"),
        ("--test", "--test needs --test_checkpoint"),
        ("--test_checkpoint x.ckpt", "--test_checkpoint is for testing: add --test"),
        ("--chn", "--chn needs an aligner"),
        ("--chn --chn_aligner dfpn", "--chn_aligner dfpn needs --chn_aligner_checkpoint"),
        ("--chn --chn_aligner raft", "--chn_aligner: invalid choice: 'raft'"),
        ("--chn_aligner dfpn", "--chn_aligner is for CHN: add --chn"),
        ("--chn_aligner_checkpoint x", "--chn_aligner_checkpoint is for CHN: add --chn"),
        ("--test --test_checkpoint a --ckpt_path b", "--ckpt_path resumes a training"),
        ("--train_size 8 256", "--train_size should be at least 16 16, got 8 256"),
        ("--train_size 256", "--train_size"),
        ("--dfpn_size 100", "--dfpn_size should be a positive multiple of 32, got 100"),
        ("--chn_width 0", "--chn_width should be at least 1, got 0"),
        ("--min_mask_size 0.3 --max_mask_size 0.2", "--min_mask_size should be at least 0 and below --max_mask_size"),
        ("--lr_scheduler_gamma 2", r"--lr_scheduler_gamma should lie in \(0, 1\], got 2.0"),
        ("--lr fast", "--lr: .*'fast'"),
        ("--image_resize perhaps", "--image_resize: should be true or false, got 'perhaps'"),
        ("--perceptual_weight -1", "--perceptual_weight should be at least 0, got -1.0"),
        ("--gpus 0", "--gpus should be at least 1"),
        ("--gpus 1 --devices 2", "--gpus and --devices both say where to run"),
        ("--gpus 1 --accelerator cpu", "--gpus and --accelerator both say where to run"),
        ("--checkpoint_every 0", "--checkpoint_every should be at least 1, got 0"),
        ("--algorithms fi", "--algorithms: invalid choice: 'fi'"),
        ("--algorithms", "--algorithms: expected at least one argument"),
        ("--max_epoch 3", "there is no option --max_epoch; do you mean --max_epochs"),
        ("--zzz", r"there is no option --zzz \(--help lists the options\)"),
        ("train", "there is no option train"),
        ("--max_epochs soon", "--max_epochs: should be a whole number or none, got 'soon'"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments, message):
    with pytest.raises(UserError, match=message) as caught:
        parse_options(arguments.split())
    assert "\n" not in str(caught.value)


def test_two_options_never_share_a_name():
    flags = [flag for action in make_parser()._actions for flag in action.option_strings]
    assert len(flags) == len(set(flags))


def test_every_option_has_its_help():
    assert [action.dest for action in make_parser()._actions if not action.help] == []


@pytest.mark.parametrize(
    "option", ["--lr inf", "--lr nan", "--lr_scheduler_gamma inf", "--bgs_movement_params inf 0.1 0.2"]
)
def test_numbers_are_finite(option):
    with pytest.raises(UserError, match=f"{option.split()[0]}: should be a number, got "):
        parse_options(option.split())
