"""What is prepared for a GPU works from end to end on the CPU: packed, trained in stages, brought home in parts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import gpu
from master_thesis import load_chn, load_dfpn
from master_thesis.config import UserError


def test_two_stages_of_dfpn_and_one_of_chn(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert gpu.rehearse(tmp_path / "out", minutes=5, steps=("check", "train")) == []
    listed = [
        json.loads((tmp_path / "out" / stage).read_text()) for stage in ("1/dfpn.json", "2/dfpn.json", "3/chn.json")
    ]
    assert [stage["step"] for stage in listed] == [20, 40, 20]
    first, second = (load_dfpn(tmp_path / "out" / stage / "dfpn.safetensors") for stage in "12")
    moved = [not torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)]
    assert any(moved)
    load_chn(tmp_path / "out" / "3" / "chn.safetensors")
    assert "together" in capfd.readouterr().out


def test_a_stage_without_anything_to_go_on_from_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty should hold the parts of a training of DFPN"):
        gpu.pack(tmp_path / "carried", None, None, "dfpn", tmp_path / "empty", None)


def test_too_much_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "MOST_CARRIED", 1000)
    with pytest.raises(UserError, match="should be at most 64 MiB"):
        gpu.check(tmp_path)


def test_the_carried_vgg_is_half_and_no_more_than_needed(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    state = {f"features.{i}.weight": torch.full((2, 2), float(i)) for i in (0, 21, 24)}
    torch.save(state, tmp_path / "vgg.pth")
    gpu.pack(tmp_path / "carried", None, str(tmp_path / "vgg.pth"), "dfpn", None, None)
    carried = load_file(tmp_path / "carried" / "vgg.safetensors")
    assert {name: tensor.dtype for name, tensor in carried.items()} == {
        "features.0.weight": torch.float16,
        "features.21.weight": torch.float16,
    }


def test_training_and_measuring_need_no_package_that_such_a_machine_may_lack() -> None:
    code = "import sys; sys.modules.update(dict.fromkeys(('av', 'turbojpeg', 'beartype', 'hypothesis')))"
    subprocess.run(
        [sys.executable, "-c", f"{code}; import master_thesis.runs, benchmarks.gpu, benchmarks.speed"], check=True
    )
