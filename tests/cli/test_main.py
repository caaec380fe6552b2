"""Errors of the complete command: message, exit code 2, nothing written."""

import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import master_thesis
from master_thesis.checkpoints import loading, vgg
from master_thesis.cli import commands
from master_thesis.cli.main import command, main
from master_thesis.configs.training import OptimConfig
from master_thesis.data import index
from master_thesis.training.chn import CHNTraining
from master_thesis.training.dfpn import DFPNTraining
from tests.commands import TINY_CHN, TINY_DFPN, TINY_RUN, TINY_TEST, TINY_TRAIN, run_command

# Lightning's advice on workers, logging and accelerators is not what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

DFPN = f"train dfpn {TINY_TRAIN} {TINY_RUN} {TINY_DFPN} --max_epochs 1"
CHN = f"train chn {TINY_TRAIN} {TINY_RUN} {TINY_CHN} --max_epochs 1 --chn_aligner dfpn"


def save(module, path):
    checkpoint = {"state_dict": module.state_dict()}
    module.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, path)


class Hostile:
    """A pickle that would leave a trace if it were run."""

    def __reduce__(self):
        return (os.mkdir, ("trace-of-hostile-code",))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Checkpoints of all kinds, good and bad."""
    folder = tmp_path_factory.mktemp("files")
    dfpn = DFPNTraining({"size": 32, "corr_widths": (4, 4), "width": 4, "vgg_width": 2}, OptimConfig())
    save(dfpn, folder / "dfpn.ckpt")
    save(CHNTraining({"width": 4, "growth": 2, "num_blocks": 1}, OptimConfig(), dfpn.network), folder / "chn.ckpt")
    whole = (folder / "dfpn.ckpt").read_bytes()
    (folder / "truncated.ckpt").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.ckpt").write_bytes(b"")
    (folder / "text.ckpt").write_text("this is no checkpoint\n")
    torch.save({"state_dict": Hostile()}, folder / "hostile.ckpt")
    (folder / "pickle.ckpt").write_bytes(pickle.dumps({"state_dict": Hostile()}))
    torch.save({"state_dict": {"weight": torch.zeros(3)}}, folder / "foreign.ckpt")
    torch.save([1, 2, 3], folder / "list.ckpt")
    return folder


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """Runs a command that has to be refused, and returns its message."""

    def run(arguments):
        result = run_command(arguments, tmp_path, monkeypatch, capsys)
        last = result.err.splitlines()[-1]
        assert result.code == 2
        assert last.startswith("python -m master_thesis: error: ")
        assert "Traceback" not in result.err
        assert result.written == set()
        return last.partition("error: ")[2]

    return run


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.ckpt", "there should be a checkpoint at .*missing.ckpt, but there is no such file"),
        ("truncated.ckpt", "truncated.ckpt should be a checkpoint, but it is damaged"),
        ("empty.ckpt", "empty.ckpt should be a checkpoint, but it is damaged"),
        ("text.ckpt", "text.ckpt should be a checkpoint, but it is damaged .*or something else"),
        ("pickle.ckpt", "pickle.ckpt should be a checkpoint, but it is damaged or something else"),
        ("hostile.ckpt", "hostile.ckpt asks for .*mkdir to be run while it is read: refused"),
        ("foreign.ckpt", "foreign.ckpt should hold the weights of DFPN, but holds none of them"),
        ("list.ckpt", "list.ckpt should be a checkpoint, but it holds a list"),
        ("chn.ckpt", "chn.ckpt should hold DFPN, but it holds CHN"),
    ],
)
def test_dfpn_is_not_tested_with_anything_but_a_checkpoint_of_it(refused, files, sample_tree, name, message):
    said = refused(f"test dfpn --data_path {sample_tree} {TINY_TEST} --test_checkpoint {files / name}")
    assert re.search(message, said), said


def test_chn_is_not_tested_with_a_checkpoint_of_dfpn(refused, files, sample_tree):
    options = f"test chn --data_path {sample_tree} --chn_aligner dfpn --chn_aligner_checkpoint {files}/dfpn.ckpt"
    assert "should hold CHN, but it holds DFPN" in refused(f"{options} --test_checkpoint {files}/dfpn.ckpt")


def test_a_checkpoint_of_this_project_brings_no_aligner(refused, files, sample_tree):
    options = f"test chn --data_path {sample_tree} --chn_aligner dfpn --test_checkpoint {files}/chn.ckpt"
    assert "--chn_aligner dfpn needs --chn_aligner_checkpoint" in refused(options)


def test_chn_is_not_trained_on_a_foreign_aligner(refused, files, sample_tree):
    options = f"{CHN} --data_path {sample_tree} --chn_aligner_checkpoint"
    assert "should hold the weights of DFPN" in refused(f"{options} {files}/foreign.ckpt")
    assert "there is no such file" in refused(f"{options} nowhere.ckpt")


def test_other_sizes_than_those_of_the_checkpoint_are_named(refused, files, sample_tree):
    options = f"test dfpn --data_path {sample_tree} --test_checkpoint {files}/dfpn.ckpt"
    said = refused(f"{options} --dfpn_size 64")
    assert "has --dfpn_size 32 and keeps it, got --dfpn_size 64: leave that out" in said
    assert "has --dfpn_corr_widths 4 4 and keeps it, got --dfpn_corr_widths 8 8" in refused(
        f"{options} --dfpn_size 32 --dfpn_corr_widths 8 8"
    )


def test_a_training_is_not_resumed_from_weights_alone_or_something_else(refused, files, sample_tree):
    options = f"{DFPN} --data_path {sample_tree} --ckpt_path"
    assert "holds weights alone, without a state to resume the training from" in refused(f"{options} {files}/dfpn.ckpt")
    assert "should hold a training of DFPN, but it holds CHN" in refused(f"{options} {files}/chn.ckpt")
    assert "but it holds no network of this project" in refused(f"{options} {files}/foreign.ckpt")
    assert "hostile.ckpt asks for" in refused(f"{options} {files}/hostile.ckpt")
    assert "there is no complete checkpoint of a training of DFPN below lightning_logs" in refused(f"{options} last")


def test_there_has_to_be_a_data_folder(refused):
    assert "--data_path should be an existing folder with the data sets, got nowhere" in refused(
        f"{DFPN} --data_path nowhere"
    )


@pytest.mark.parametrize("words", ["train dfpn", "train chn --chn_aligner opencv"])
def test_data_and_files_are_looked_for_before_vgg_is_downloaded(refused, sample_tree, monkeypatch, words):
    monkeypatch.setattr(vgg, "_download", lambda: pytest.fail("VGG16 was downloaded"))
    folder = "--data_path should be an existing folder with the data sets, got nowhere"
    assert refused(f"{words} --data_path nowhere") == folder
    further = "--further_data should be an existing folder with the data sets, got nowhere"
    assert refused(f"{words} --data_path {sample_tree} --further_data nowhere=0.5") == further
    missing = "there should be a checkpoint at none.ckpt, but there is no such file"
    assert refused(f"{words} --data_path {sample_tree} --init_from none.ckpt") == missing


@pytest.mark.parametrize("flags", ["--init_from none.ckpt", "--vgg_weights none.ckpt --vgg_width 64"])
def test_files_are_looked_for_before_masks_are_measured(refused, sample_tree, monkeypatch, flags):
    monkeypatch.setattr(index, "_measure", lambda masks: pytest.fail("masks were measured"))
    missing = "there should be a checkpoint at none.ckpt, but there is no such file"
    assert refused(f"{DFPN} --data_path {sample_tree} {flags}") == missing


def broken(sample_tree, tmp_path, change):
    """A copy of the tree, changed; beside the folder in which the command runs."""
    copy = tmp_path.parent / f"{tmp_path.name}-data"
    shutil.copytree(sample_tree, copy)
    change(copy)
    return copy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: (d / "GOT10k" / "train" / "list.txt").write_text(""), "list.txt should list the sequences"),
        (lambda d: (d / "GOT10k" / "train" / "list.txt").unlink(), "list.txt should list the sequences"),
        (lambda d: (d / "GOT10k" / "train" / "list.txt").write_text("a\nb\n"), "has none for the 2 sequences listed"),
        (lambda d: shutil.rmtree(d / "YouTubeVOS"), "should hold a folder YouTubeVOS, but has none"),
    ],
)
def test_data_has_to_be_where_the_lists_say(refused, sample_tree, tmp_path, change, message):
    assert message in refused(f"{DFPN} --data_path {broken(sample_tree, tmp_path, change)}")


def test_the_test_set_has_to_be_there(refused, files, sample_tree, tmp_path):
    data = broken(sample_tree, tmp_path, lambda d: shutil.rmtree(d / "DAVIS-2017" / "ImageSets"))
    said = refused(f"test dfpn --data_path {data} --test_checkpoint {files}/dfpn.ckpt")
    assert "should hold ImageSets/custom.txt or ImageSets/2017/val.txt or ImageSets/480p/val.txt, but has" in said


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("what", ["train dfpn", "test dfpn --preset small", "remove in.mp4 --mask m.png", "evaluate"])
def test_gpus_that_do_not_exist_are_refused(refused, what):
    said = refused(f"{what} --gpus 1")
    assert said == "--gpus 1: this machine has 0 usable GPUs; leave out --gpus to run on the CPU"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--strategy zzz", "invalid strategy name"),
        ("--accelerator zzz", "accelerator"),
        ("--gradient_clip_algorithm zzz", "zzz"),
        ("--devices 0", "devices"),
        ("--max_time soon", "soon"),
        ("--profiler zzz", "`profiler`"),
        ("--limit_val_batches 1.5", "limit_val_batches"),
    ],
)
def test_what_lightning_refuses_is_reported_in_one_line(refused, sample_tree, option, message):
    arguments = f"train dfpn --data_path {sample_tree} {TINY_TRAIN} {TINY_DFPN} {option}"
    assert message in refused(arguments)


def test_untrained_features_are_never_taken_silently(refused, sample_tree, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path.parent / "no-cache"))

    def offline(*args, **kwargs):
        raise OSError("no network here")

    monkeypatch.setattr("torch.hub.download_url_to_file", offline)
    said = refused(f"train dfpn --data_path {sample_tree} {TINY_TRAIN}")
    assert "--vgg_weights FILE" in said
    assert "--vgg_weights random" in said


def test_help_and_mistakes_are_shown_before_anything_heavy_is_imported(tmp_path):
    (tmp_path / "options.yaml").write_text("lr: fast")
    code = (
        "import sys; from master_thesis.cli.main import main\n"
        "for words in ([], ['remove'], ['train', 'dfpn', '--help', 'all']):\n"
        "    try: main([*words] if 'all' in words else [*words, '--help'])\n"
        "    except SystemExit as stop: assert stop.code == 0\n"
        "for words in ('--frames_n 4', '--precision 17', 'remov', 'train dfpn --config options.yaml'):\n"
        "    assert main(words.split()) == 2\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "heavy = {'torch', 'pytorch_lightning', 'lightning_fabric', 'numpy', 'cv2', 'av', 'torchvision'} & tops\n"
        "assert not heavy, heavy\n"
    )
    env = os.environ | {"PYTHONPATH": str(Path(master_thesis.__file__).parent.parent)}
    run = {"capture_output": True, "text": True, "env": env, "check": False, "cwd": tmp_path}
    done = subprocess.run([sys.executable, "-c", code], **run)
    assert done.returncode == 0, done.stderr
    assert "remove VIDEO [options]" in done.stdout
    assert "options.yaml: --lr: should be a number, got 'fast'" in done.stderr
    assert "--max_epochs VALUE" in done.stdout


def test_the_module_can_be_run():
    env = os.environ | {"PYTHONPATH": str(Path(master_thesis.__file__).parent.parent)}
    words = [sys.executable, "-m", "master_thesis", "train", "dfpn", "--frames_n", "4"]
    done = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 2
    assert done.stderr == "python -m master_thesis: error: --frames_n should be 2 or an odd number, got 4\n"


def test_messages_name_the_program_as_it_was_called(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/master_thesis", "train", "dfpn", "--lr", "-1"])
    assert main() == 2
    assert capsys.readouterr().err == "master_thesis: error: --lr should be above 0, got -1.0\n"


def test_a_network_is_not_exported_into_a_folder_that_does_not_exist(refused, files, monkeypatch):
    monkeypatch.setattr(loading, "export_network", lambda *_: pytest.fail("it was read"))
    said = refused(f"export {files}/dfpn.ckpt nowhere/dfpn.safetensors")
    assert said == "nowhere/dfpn.safetensors: there is no folder nowhere"


def test_ctrl_c_ends_without_a_traceback(monkeypatch, tmp_path, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run", interrupted)
    assert main(["sample-data", str(tmp_path / "data")]) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("is_one_of_several", [False, True])
def test_one_of_several_processes_leaves_with_its_exit_code_before_python_winds_down(
    is_one_of_several, monkeypatch, capsys
):
    def leave(code):
        raise InterruptedError(code)

    monkeypatch.setattr(sys, "argv", ["master_thesis", "train", "dfpn", "--lr", "-1"])
    monkeypatch.setattr(os, "_exit", leave)
    if is_one_of_several:
        torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        with pytest.raises(InterruptedError if is_one_of_several else SystemExit) as left:
            command()
    finally:
        if is_one_of_several:
            torch.distributed.destroy_process_group()
    assert left.value.args == (2,)
    assert "--lr" in capsys.readouterr().err
