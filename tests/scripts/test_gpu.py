"""The commands for a GPU work on the CPU from end to end: packing, training in stages, joining the parts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from master_thesis import load_chn, load_dfpn
from master_thesis.cli.main import main
from master_thesis.errors import UserError
from scripts import gpu
from scripts.parts import join
from scripts.tiny import COMMAND

STAGES = ("1/dfpn.json", "2/dfpn.json", "3/chn.json", "4/texture_chn.json", "5/texture_chn.json")


# Lightning advises on workers, logging and accelerators.
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_stages_of_every_network_follow_each_other(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With four steps instead of twenty, and in this process."""
    shorter = gpu.REHEARSED.replace("iterations 20", "iterations 4").replace("every 5", "every 2")
    recipes = {network: words.replace(gpu.REHEARSED, shorter) for network, words in gpu.REHEARSED_RECIPES.items()}
    monkeypatch.setattr(gpu, "REHEARSED_RECIPES", recipes)
    monkeypatch.setattr(gpu, "_run_within", lambda command, _: main(command[len(COMMAND) :]) == 0)
    assert gpu.rehearse(tmp_path / "out", minutes=10, steps=("check", "train")) == []
    listed = [tmp_path / "out" / name for name in STAGES]
    assert [json.loads(path.read_text())["step"] for path in listed] == [4, 8, 4, 4, 8]
    for path in listed:
        join(path, path.with_suffix(".ckpt"))
    first, second = (load_dfpn(path.with_suffix(".ckpt")) for path in listed[:2])
    assert any(not torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    load_chn(listed[2].with_suffix(".ckpt"))
    assert capfd.readouterr().out.count("MiB of 64") == 9  # once when packing, eight times in the stages


def test_a_step_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second process is terminated, the third ignores that and is killed."""
    monkeypatch.setattr(gpu, "ENDING", 0.1)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    scripts = {"pass": 5.0, "import time; time.sleep(60)": 0.1, deaf: 0.5, "raise SystemExit(1)": 5.0}
    assert [gpu._run_within([sys.executable, "-c", code], s) for code, s in scripts.items()] == [
        True,
        False,
        False,
        False,
    ]


def test_missing_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere/dfpn\.json should be a list of parts, but there is no such file"):
        gpu.run(tmp_path, tmp_path / "out", 1, gpu.Stage(parts=tmp_path / "nowhere"), ("train",))


@pytest.mark.parametrize("has_git", [True, False])
def test_too_large_load_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], has_git: bool
) -> None:
    """Also in an unpacked archive, where git lists no files, and where it is not installed."""
    (tmp_path / "load").mkdir()
    (tmp_path / "load" / "data").write_bytes(bytes(2000))
    monkeypatch.setattr(gpu, "MAX_LOAD", 1000)
    if not has_git:
        monkeypatch.setattr(gpu, "ROOT", tmp_path)
        monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="should take at most 64 MiB, but take"):
        gpu.check(tmp_path / "load")
    assert has_git or "MiB of 64, without this tree, whose files git does not list" in capfd.readouterr().out


def test_packed_vgg_has_half_precision_and_only_the_layers_needed(tmp_path: Path) -> None:
    state = {f"features.{i}.weight": torch.full((2, 2), float(i)) for i in (0, 21, 24)}
    torch.save(state, tmp_path / "vgg.pth")
    for name in ("GOT10k", "YouTubeVOS"):
        (tmp_path / "data" / name).mkdir(parents=True)
    gpu.pack(tmp_path / "load", tmp_path / "data", str(tmp_path / "vgg.pth"), "dfpn")
    packed = load_file(tmp_path / "load" / "vgg.safetensors")
    assert {name: tensor.dtype for name, tensor in packed.items()} == {
        "features.0.weight": torch.float16,
        "features.21.weight": torch.float16,
    }


def test_training_and_measuring_need_no_package_that_may_be_missing() -> None:
    lacking = "import sys; sys.modules.update(dict.fromkeys(('av', 'turbojpeg', 'beartype', 'hypothesis')))"
    code = f"{lacking}; import master_thesis.cli.trainer, scripts.gpu, benchmarks.speed.table"
    subprocess.run([sys.executable, "-c", code], check=True)
