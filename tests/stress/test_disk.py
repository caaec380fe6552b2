"""Full disks: a message, no incomplete files, untouched inputs. The experiment with real disks is stress/disk.py."""

import contextlib
import resource
import shutil
from pathlib import Path

import pytest

from master_thesis.cli.main import main
from stress import disk
from tests.commands import files_in, run_command

# Lightning advises on workers, logging and accelerators.
pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"
)


@contextlib.contextmanager
def files_up_to(num_bytes):
    """Limits the size of files, which fails like a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def command(world, name):
    return " ".join(disk.words_of(name, world))


@pytest.mark.parametrize(
    ("name", "room"),
    [
        *((name, 0) for name in ("train", "video", "export inputs")),
        *((name, 1500) for name in ("train chn", "test chn", "video", "frames", "evaluate", "export")),
        ("video", 3000),  # all frames fit, the muxer's last write does not
    ],
)
def test_full_disk_is_reported_and_leaves_no_incomplete_file(world, tmp_path, monkeypatch, capsys, name, room):
    before = world.snapshot()
    with files_up_to(room):
        result = run_command(command(world, name), tmp_path, monkeypatch, capsys)
    ending = disk.judge(result.code, result.err, tmp_path)
    assert ending.faults == (), result.err
    assert "File too large" in ending.message or "cannot be written" in ending.message
    assert world.snapshot() == before


def test_experiment_detects_incomplete_files(world, tmp_path):
    for name in ("plain.jpg", "clip.mp4", "dfpn.ckpt", "chn.safetensors", "cache.json", "plain.png"):
        data = (world.good / name).read_bytes()
        (tmp_path / name).write_bytes(data)
        assert disk.is_complete(tmp_path / name)
        (tmp_path / name).write_bytes(data[: len(data) * 2 // 3])
        assert not disk.is_complete(tmp_path / name), name
    (tmp_path / "made.part.mp4").write_bytes(b"")
    ending = disk.judge(1, "Traceback (most recent call last):", tmp_path)
    assert set(ending.faults) == {"exit code", "traceback", *(f"left {path.name}" for path in tmp_path.iterdir())}


@pytest.mark.parametrize("name", ["train", "video", "evaluate", "export inputs", "export"])
def test_unwritable_folder_is_reported(world, tmp_path, monkeypatch, capsys, name):
    """Below /proc no user can create a file; permissions would not stop root, who may run the tests."""
    place = f"--default_root_dir /proc/1 --data_ckpt_path {tmp_path}/cache" if name == "train" else ""
    words = command(world, name).replace(" made", " /proc/1/made")
    result = run_command(f"{words} {place}", tmp_path, monkeypatch, capsys)
    assert result.code == 2
    assert "Traceback" not in result.err
    assert "/proc/1" in result.err.splitlines()[-1]
    assert result.written <= {"cache"}


KEPT = {
    "test chn": "--output_path made/walker-crossing_ip.mp4",
    "evaluate": "--output_path made/evaluation.json",
    "export inputs": "--export_inputs made",
    "export": "made.safetensors",
}


@pytest.mark.parametrize("name", KEPT)
def test_existing_output_is_kept_without_overwrite(world, tmp_path, monkeypatch, capsys, name):
    words = command(world, name) + (" --protocols hole --masks still" if name == "export inputs" else "")
    assert run_command(words, tmp_path, monkeypatch, capsys).code == 0
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("made*/**/*") if path.is_file()}
    made |= {path: path.stat().st_mtime_ns for path in tmp_path.glob("made.*")}
    assert made
    again = run_command(words, tmp_path, monkeypatch, capsys)
    message = f"python -m master_thesis: error: {KEPT[name]} exists already: --overwrite replaces it"
    assert (again.code, again.err.splitlines()[-1]) == (2, message)
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert run_command(f"{words} --overwrite", tmp_path, monkeypatch, capsys).code == 0
    assert all(path.stat().st_mtime_ns > time for path, time in made.items())


def test_existing_sample_data_is_kept_without_overwrite(world, tmp_path, monkeypatch, capsys):
    shutil.copytree(world.good / "data", tmp_path / "data")
    before = files_in(tmp_path)
    result = run_command("--sample_data data", tmp_path, monkeypatch, capsys)
    assert "error: data/sample_data.json exists already: --overwrite replaces it" in result.err
    assert (result.code, result.written) == (2, set())
    assert files_in(tmp_path) == before


def test_export_never_replaces_its_own_checkpoint(world, tmp_path, monkeypatch, capsys):
    shutil.copy(world.good / "dfpn.safetensors", tmp_path / "a.safetensors")
    words = "--test --test_checkpoint a.safetensors --export ./a.safetensors --overwrite"
    result = run_command(words, tmp_path, monkeypatch, capsys)
    assert "error: a.safetensors is an input and is never overwritten" in result.err
    assert (result.code, result.written) == (2, set())


def test_export_of_inputs_keeps_unrelated_files(world, tmp_path, monkeypatch, capsys):
    (tmp_path / "made/hole/still/walker-crossing").mkdir(parents=True)
    (tmp_path / "made/hole/still/walker-crossing/diary.txt").write_text("unrelated")
    words = command(world, "export inputs") + " --protocols hole --masks still --overwrite"
    result = run_command(words, tmp_path, monkeypatch, capsys)
    assert "holds files other than a result (diary.txt): choose another name" in result.err
    assert result.code == 2
    assert Path(tmp_path, "made/hole/still/walker-crossing/diary.txt").exists()


def test_exhausted_memory_is_reported(tmp_path, monkeypatch, capsys):
    def greedy(options):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you ...")

    monkeypatch.setattr("master_thesis.cli.commands.run", greedy)
    assert main(["--data_path", str(tmp_path)]) == 2
    assert "the memory is used up: a smaller --batch_size" in capsys.readouterr().err
    monkeypatch.setattr("master_thesis.cli.commands.run", lambda options: [][0] or 1 / 0)
    with pytest.raises(IndexError):
        main(["--data_path", str(tmp_path)])
