"""Complete runs of the command: training, resuming, testing, and what they leave behind."""

import json
import shutil
from importlib import metadata

import av
import numpy as np
import pytest
import torch
import yaml

from master_thesis.checkpoints.reading import network_entry, read_checkpoint
from master_thesis.checkpoints.typed import load_chn, load_dfpn
from master_thesis.cli.main import main
from master_thesis.training.checkpointing import BestCheckpoint
from tests.commands import TINY_CHN, TINY_DFPN, TINY_RUN, TINY_TEST, TINY_TRAIN, run_command
from tests.factories import Copier, StillAligner
from tests.reference.checkpoints import cpn_state
from tests.run_folders import VERSION, events, last, same_weights

# Lightning's advice on workers, logging and accelerators is not what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

OPTIM = "--p_simulator_bgs 1 --lr 0.01 --lr_scheduler_step_size 1"
DFPN = f"train dfpn {TINY_TRAIN} {TINY_RUN} {TINY_DFPN} {OPTIM}"
CHN = f"train chn {TINY_TRAIN} {TINY_RUN} {TINY_CHN} --chn_aligner"
TEST_CHN = "test chn --test_size 32 48 --dilatation_iterations 1 --accelerator cpu --test_checkpoint"


@pytest.fixture
def command(tmp_path, monkeypatch, capsys, sample_tree):
    """Runs a command that has to succeed, in the test's own folder."""

    def run(arguments):
        result = run_command(f"{arguments} --data_path {sample_tree}", tmp_path, monkeypatch, capsys)
        assert result.code == 0, result.err
        return result

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory, sample_tree):
    """A folder with a run of DFPN (version_0, two epochs) and one of CHN on top of it (version_1, one epoch)."""
    folder = tmp_path_factory.mktemp("trained")
    patch = pytest.MonkeyPatch()
    for arguments in (
        f"{DFPN} --max_epochs 2",
        f"{CHN} dfpn --chn_aligner_checkpoint {VERSION}0/checkpoints/last.ckpt --max_epochs 1",
    ):
        patch.chdir(folder)
        assert main(f"{arguments} --data_path {sample_tree}".split()) == 0
    patch.undo()
    return folder


def test_a_run_leaves_checkpoints_its_config_and_figures(trained):
    left = {
        path.name for path in (trained / f"{VERSION}0").rglob("*") if path.is_file() and "tfevents" not in path.name
    }
    assert left == {"last.ckpt", "best.ckpt", "config.yaml", "hparams.yaml"}
    text = (trained / f"{VERSION}0" / "config.yaml").read_text()
    config = yaml.safe_load(text)
    assert (config["dfpn_size"], config["max_epochs"], config["lr"]) == (32, 2, 0.01)
    assert f"torch {metadata.version('torch')}" in text
    assert text.startswith("# repeat with: master_thesis train dfpn --config FILE\n# command: ")


def test_losses_their_parts_the_learning_rate_and_pictures_are_in_tensorboard(trained):
    dfpn = events(trained, 0)
    parts = ["correlation", "flow_16", "flow_64", "flow_256", "alignment_64", "alignment_256"]
    scalars = set(dfpn.Tags()["scalars"])
    assert {f"{stage}/{part}" for stage in ("train", "train_epoch") for part in ["total", *parts]} <= scalars
    assert {f"validation/{name}" for name in ("alignment", "counted_share", "epe_px")} <= scalars
    assert {f"validation/{part}" for part in ["total", "correlation", "alignment_64", "alignment_256"]} <= scalars
    assert "lr-Adam" in scalars
    assert dfpn.Tags()["images"] == ["validation/clips"]
    step = {event.step: event.value for event in dfpn.Scalars("train/total")}
    summed = sum({e.step: e.value for e in dfpn.Scalars(f"train/{part}")}[max(step)] for part in parts)
    assert step[max(step)] == pytest.approx(summed, rel=1e-4)
    means = [event.value for event in dfpn.Scalars("train_epoch/total")]
    assert len(means) == 2, "one mean for every epoch"
    rates = [event.value for event in dfpn.Scalars("lr-Adam")]
    assert rates[0] == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0.005)


def test_chn_logs_the_quality_of_its_composites(trained):
    chn = events(trained, 1)
    names = {"total", "known", "copyable", "hallucinated", "perceptual", "gradient"}
    assert {f"{stage}/{name}" for stage in ("train", "validation") for name in names} <= set(chn.Tags()["scalars"])
    assert {"validation/psnr", "validation/ssim"} <= set(chn.Tags()["scalars"])
    assert chn.Tags()["images"] == ["validation/clips"]


def test_checkpoints_hold_what_the_networks_need_and_load_without_flags(trained):
    assert network_entry(read_checkpoint(last(trained, 0)))["kind"] == "dfpn"
    assert load_dfpn(last(trained, 0)).size == 32
    load_chn(last(trained, 1))
    checkpoint = read_checkpoint(last(trained, 1))
    assert all(key.startswith("network.") for key in checkpoint["state_dict"])
    num_trained = sum(p.numel() for p in load_chn(last(trained, 1)).parameters())
    kept = [v for state in checkpoint["optimizer_states"][0]["state"].values() for v in state.values()]
    assert sum(v.numel() for v in kept if v.ndim) == 2 * num_trained


def test_dfpn_checkpoints_have_no_optimiser_state_for_vgg(trained):
    checkpoint = read_checkpoint(last(trained, 0))
    network = load_dfpn(last(trained, 0))
    num_trained = sum(p.numel() for name, p in network.named_parameters() if not name.startswith("vgg."))
    kept = [v for state in checkpoint["optimizer_states"][0]["state"].values() for v in state.values()]
    assert sum(v.numel() for v in kept if v.ndim) == 2 * num_trained


def test_the_same_seed_gives_the_same_run_and_another_one_does_not(command, trained, tmp_path):
    command(f"{DFPN} --max_epochs 2")
    assert same_weights(last(tmp_path), last(trained))
    command(f"{DFPN} --max_epochs 1 --seed 1")
    command(f"{DFPN} --max_epochs 1")
    assert not same_weights(last(tmp_path, 1), last(tmp_path, 2))


@pytest.mark.parametrize("how", ["file", "last"])
def test_a_resumed_run_ends_where_an_uninterrupted_one_does(command, trained, tmp_path, how):
    command(f"{DFPN} --max_epochs 1")
    assert not same_weights(last(tmp_path), last(trained))
    where = last(tmp_path) if how == "file" else "last"
    command(f"train dfpn {TINY_TRAIN} {TINY_RUN} {OPTIM} --max_epochs 2 --ckpt_path {where}")
    assert same_weights(last(tmp_path, 1), last(trained)), "sizes and VGG16 come from the checkpoint"
    steps = [event.step for event in events(tmp_path, 1).Scalars("train/total")]
    assert steps == [5], "it should resume, not start again: that would end at the same weights too"
    assert last(tmp_path).exists(), "what a run is resumed from stays"


def test_options_that_a_resumed_run_would_ignore_are_refused(trained, tmp_path, monkeypatch, capsys, sample_tree):
    resume = f"train dfpn {TINY_TRAIN} {TINY_RUN} --data_path {sample_tree} --ckpt_path {last(trained)}"
    for option, kept in (("--lr 0.1", 0.01), ("--lr_scheduler_step_size 7", 1), ("--lr_scheduler_gamma 0.1", 0.5)):
        result = run_command(f"{resume} {option}", tmp_path, monkeypatch, capsys)
        assert result.code == 2
        assert f"has {option.split()[0]} {kept} and keeps it, got {option}: leave that out" in result.err
        assert result.written == set()


def test_a_run_without_a_logger_replaces_nothing_and_can_be_resumed(command, tmp_path):
    command(f"{DFPN} --max_epochs 1 --logger false")
    first = last(tmp_path).read_bytes()
    command(f"{DFPN} --max_epochs 1 --logger false --seed 3")
    assert last(tmp_path).read_bytes() == first
    resumed = command(f"train dfpn {TINY_TRAIN} {TINY_RUN} --max_epochs 2 --logger false --ckpt_path last")
    assert f"resuming from {VERSION}1" in resumed.err
    assert {path.name for path in tmp_path.glob("*")} == {"lightning_logs"}
    state = BestCheckpoint("validation/epe_px").state_key
    best = [read_checkpoint(last(tmp_path, i))["callbacks"][state]["best_model_score"] for i in (1, 2)]
    assert best[1] <= best[0], "the best of the complete run"
    assert (last(tmp_path, 2).parent / "best.ckpt").exists()


def test_the_newest_complete_checkpoint_of_the_same_network_is_resumed(command, trained, tmp_path):
    shutil.copytree(trained / "lightning_logs", tmp_path / "lightning_logs")
    (tmp_path / f"{VERSION}1" / "checkpoints" / "broken.ckpt").write_bytes(b"half a check")
    result = command(f"{DFPN} --max_epochs 2 --ckpt_path last")
    assert f"resuming from {VERSION}0" in result.err


def test_testing_dfpn_shows_a_row_for_every_clip(command, trained, tmp_path):
    result = command(f"test dfpn {TINY_TEST} --test_checkpoint {last(trained)} --accelerator cpu")
    assert "tensorboard --logdir" in result.out
    images = events(tmp_path, 0)
    names = images.Tags()["images"]
    assert names == ["test/walker-crossing", "test/blob-lingering"]
    assert [len(images.Images(name)) for name in names] == [4, 4], "8 frames, a clip at every second one"
    assert {"test/alignment", "test/counted_share", "test/epe_px"} <= set(images.Tags()["scalars"])
    assert "test/epe_px" in result.out
    shown = images.Images(names[0])[0]
    assert (shown.height, shown.width) == (18 + 32 + 4, 5 * (48 + 2) + 2)


def frames_of(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_testing_chn_writes_three_different_videos_of_every_sequence(command, trained, tmp_path):
    result = command(f"{TEST_CHN} {last(trained, 1)} --chn_aligner opencv --test_size 48 80")
    videos = {name for name in result.written if name.endswith(".mp4")}
    sequences = ("walker-crossing", "blob-lingering")
    assert videos == {f"generated_sequences/{s}_{a}.mp4" for s in sequences for a in ("ff", "ip", "cp")}
    for sequence in sequences:
        films = [frames_of(tmp_path / f"generated_sequences/{sequence}_{a}.mp4") for a in ("ff", "ip", "cp")]
        assert all(film.shape == (8, 48, 80, 3) for film in films)
        assert not any(np.array_equal(a, b) for a, b in ((films[0], films[1]), (films[1], films[2])))


def test_algorithms_can_be_chosen_and_no_video_is_replaced_unasked(command, trained, tmp_path, monkeypatch, capsys):
    options = f"{TEST_CHN} {last(trained, 1)} --chn_aligner dfpn --chn_aligner_checkpoint {last(trained)}"
    options += " --algorithms cp --output_path here"
    result = command(options)
    assert {n for n in result.written if n.endswith(".mp4")} == {
        "here/walker-crossing_cp.mp4",
        "here/blob-lingering_cp.mp4",
    }
    before = (tmp_path / "here/walker-crossing_cp.mp4").stat().st_mtime_ns
    again = run_command("test chn --config here/config.yaml", tmp_path, monkeypatch, capsys)
    assert again.code == 2
    assert "here/walker-crossing_cp.mp4 exists already: --overwrite replaces it" in again.err
    assert again.written == set()
    command(f"{options} --overwrite")
    assert (tmp_path / "here/walker-crossing_cp.mp4").stat().st_mtime_ns > before


def test_chn_trains_and_is_tested_on_cpn(command, tmp_path):
    torch.save(cpn_state(), tmp_path / "weight.pth")
    aligner = f"cpn --chn_aligner_checkpoint {tmp_path / 'weight.pth'}"
    command(f"{CHN} {aligner} --max_epochs 1")
    result = command(f"{TEST_CHN} {last(tmp_path)} --chn_aligner {aligner} --algorithms ip --limit_test_batches 1")
    assert [n for n in result.written if n.endswith(".mp4")] == ["generated_sequences/walker-crossing_ip.mp4"]


def test_one_batch_through_everything_writes_nothing(command):
    result = command(f"{DFPN} --fast_dev_run true")
    assert {name for name in result.written if "version" in name or name.endswith(".ckpt")} <= {
        "lightning_logs/data.ckpt"
    }


def test_training_in_less_memory_is_one_option(command, monkeypatch):
    asked = []
    monkeypatch.setattr("master_thesis.training.recompute.recompute_activations", asked.append)
    command(f"{DFPN} --fast_dev_run true --recompute")
    assert [type(network).__name__ for network in asked] == ["DFPN"]


def test_the_built_in_data_is_one_command(tmp_path, monkeypatch, capsys):
    calls = []
    monkeypatch.setattr("master_thesis.data.builtin.sample.write_sample_data", lambda *args: calls.append(args))
    result = run_command("sample-data here --seed 3", tmp_path, monkeypatch, capsys)
    assert (result.code, calls) == (0, [("here", 3)])
    assert result.out == "built-in data: here (use it with --data_path here)\n"


@pytest.fixture
def damaged_tree(sample_tree, tmp_path):
    """The built-in data with one unreadable sequence to train on and one unreadable frame to test on."""
    data = tmp_path.parent / f"{tmp_path.name}-damaged"
    shutil.copytree(sample_tree, data)
    for folder in ("GOT10k/train/camera", "DAVIS-2017/JPEGImages/480p/walker-crossing"):
        frames = sorted((data / folder).glob("*.jpg"))
        for frame in frames if "train" in folder else frames[:1]:
            frame.write_bytes(frame.read_bytes()[:200])
    return data


def test_a_damaged_test_frame_is_named_and_the_other_sequences_are_done(
    trained, damaged_tree, tmp_path, monkeypatch, capsys
):
    options = f"test dfpn --data_path {damaged_tree} {TINY_TEST} --test_checkpoint {last(trained)} --accelerator cpu"
    result = run_command(options, tmp_path, monkeypatch, capsys)
    assert result.code == 2
    message = result.err.splitlines()[-1]
    assert "test files cannot be used, the rest is done: walker-crossing: " in message
    assert "00000.jpg" in message
    assert "test/blob-lingering" in events(tmp_path, 0).Tags()["images"]


def test_a_damaged_training_frame_is_skipped_and_named(damaged_tree, tmp_path, monkeypatch, capsys):
    options = f"{DFPN} --data_path {damaged_tree} --max_epochs 1 --train_max_iterations 8"
    result = run_command(options, tmp_path, monkeypatch, capsys)
    assert result.code == 0, result.err
    assert "skipped: " in result.err
    assert "GOT10k/train/camera" in result.err


def test_a_run_is_repeated_by_the_file_that_it_wrote(command, trained, tmp_path):
    command(f"train dfpn --config {trained / VERSION}0/config.yaml")
    assert same_weights(last(tmp_path), last(trained))


def test_an_evaluation_writes_its_table_and_the_file_that_repeats_it(command, tmp_path, monkeypatch):
    monkeypatch.setattr("master_thesis.cli.build.load_networks", lambda choice: (StillAligner(), Copier()))
    tables = []
    for words in ("--masks still --protocols hole --baselines telea --max_frames 2 --test_size 32 48 --algorithms ip"
                  " --precision bf16", "--config evaluation/config.yaml --output_path again"):  # fmt: skip
        result = command(f"evaluate {words}")
        tables.append(
            [line.split()[:5] for line in result.out.splitlines() if " dB" not in line and "results" not in line]
        )
    assert tables[0] == tables[1]
    assert ["mean", "Copier+StillAligner", "ip"] in [row[:3] for row in tables[0]]
    document = json.loads((tmp_path / "evaluation/evaluation.json").read_text())
    assert {name: row["kind"] for name, row in document["networks"].items()} == {
        "hallucinator": "Copier", "aligner": "StillAligner"
    }  # fmt: skip
    assert document["device"] in ("cpu", torch.cuda.is_available() and torch.cuda.get_device_name())
    assert document["precision"] == "bf16-mixed"
    assert (tmp_path / "again/config.yaml").read_text().count("output_path: again") == 1


def test_exported_inputs_are_no_evaluation(command, tmp_path):
    command("evaluate --masks still --protocols hole --max_frames 2 --test_size 32 48 --export_inputs inputs")
    assert {path.name for path in (tmp_path / "inputs").iterdir()} == {"hole"}


def test_the_small_aligner_keeps_where_its_look_ups_start(command, tmp_path, monkeypatch, capsys, sample_tree):
    small = f"train dfpn --preset small {TINY_TRAIN} {TINY_RUN} {OPTIM} --max_epochs 1"
    command(f"{small} --small_start affine --small_size 64")
    sizes = network_entry(read_checkpoint(last(tmp_path)))["sizes"]
    assert sizes == {"size": 64, "start": "affine"}
    resume = f"{small} --data_path {sample_tree} --ckpt_path {last(tmp_path)}"
    refused = run_command(f"{resume} --small_start camera", tmp_path, monkeypatch, capsys)
    assert refused.code == 2
    assert "has --small_start affine and keeps it, got --small_start camera: leave that out" in refused.err
    thesis = run_command(f"{DFPN} --data_path {sample_tree} --small_start affine", tmp_path, monkeypatch, capsys)
    assert "--small_start and --small_size are for the small preset: add --preset small" in thesis.err
