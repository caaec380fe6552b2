"""A checkpoint survives the way through small files of half precision and can be resumed."""

from pathlib import Path

import pytest
import torch

from master_thesis.checkpoints.reading import read_checkpoint
from master_thesis.errors import UserError
from scripts.parts import join, split


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    generator = torch.Generator().manual_seed(0)
    names = ("network.conv.weight", "network.vgg.features.0.weight")
    state = {name: torch.randn(300, 7, generator=generator) for name in names}
    moments = {"step": torch.tensor(5.0), "exp_avg": torch.ones(300, 7), "exp_avg_sq": torch.full((300, 7), 3e-12)}
    content = {
        "epoch": 1,
        "global_step": 5,
        "pytorch-lightning_version": "2.6",
        "loops": {"fit_loop": {"count": 3}},
        "lr_schedulers": [{"last_epoch": 1}],
        "callbacks": {"paths": "/somewhere"},
        "network": {"kind": "dfpn", "sizes": {}},
        "state_dict": state,
        "optimizer_states": [{"state": {0: moments}, "param_groups": [{"lr": 0.1}]}],
    }
    torch.save(content, tmp_path / "last.ckpt")
    torch.save({"features.0.weight": state[names[1]]}, tmp_path / "vgg.pth")
    return tmp_path / "last.ckpt"


def test_split_and_joined_checkpoint_keeps_its_content(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    listed = split(checkpoint, tmp_path / "parts", tmp_path / "vgg.pth", max_bytes=2000)
    sizes = [path.stat().st_size for path in (tmp_path / "parts").iterdir() if path != listed]
    assert len(sizes) > 3
    assert max(sizes) == 2000
    join(listed, tmp_path / "again.ckpt", tmp_path / "vgg.pth")
    before, after = read_checkpoint(checkpoint), read_checkpoint(tmp_path / "again.ckpt")
    assert after.keys() == before.keys() - {"callbacks"}
    for key in ("epoch", "global_step", "loops", "lr_schedulers", "network"):
        assert after[key] == before[key]
    for name, tensor in before["state_dict"].items():
        torch.testing.assert_close(after["state_dict"][name], tensor, rtol=1e-3, atol=1e-6)
    moments = after["optimizer_states"][0]["state"][0]
    assert moments["step"] == 5
    assert not moments["exp_avg"].any()
    torch.testing.assert_close(moments["exp_avg_sq"], torch.full((300, 7), 3e-12), rtol=1e-2, atol=0)
    assert after["optimizer_states"][0]["param_groups"] == [{"lr": 0.1}]


def test_frozen_tensors_are_left_out_and_needed_to_join(checkpoint: Path, tmp_path: Path) -> None:
    sizes = []
    for name, frozen in (("all", None), ("less", tmp_path / "vgg.pth")):
        (tmp_path / name).mkdir()
        split(checkpoint, tmp_path / name, frozen)
        sizes.append(sum(path.stat().st_size for path in (tmp_path / name).iterdir()))
    assert sizes[1] < sizes[0] - 2 * 300 * 7 + 200
    with pytest.raises(UserError, match=r"leaves out network\.vgg\.features\.0\.weight: give --frozen"):
        join(tmp_path / "less" / "dfpn.json", tmp_path / "again.ckpt")


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1])])
def test_missing_or_damaged_part_is_refused(checkpoint: Path, tmp_path: Path, harm) -> None:
    (tmp_path / "parts").mkdir()
    listed = split(checkpoint, tmp_path / "parts", max_bytes=5000)
    harm(tmp_path / "parts" / "dfpn.01")
    with pytest.raises(UserError, match=r"dfpn\.01 should hold 5000 bytes as written, but is missing or damaged"):
        join(listed, tmp_path / "again.ckpt")
    assert not (tmp_path / "again.ckpt").exists()
