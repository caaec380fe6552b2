"""From option records to networks: which ones are loaded, and where they run."""

import sys

import pytest
import torch
from torch import nn

from master_thesis.checkpoints.origin import identify
from master_thesis.checkpoints.reading import Checkpoint
from master_thesis.cli import build
from master_thesis.cli.build import check_sizes, inference_device, inference_precision, load_networks, sizes_for
from master_thesis.cli.options import AlignerChoice, NetworkChoice
from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.configs.networks import CHNConfig, DFPNConfig, VGGConfig
from master_thesis.errors import UserError
from master_thesis.models.classical.opencv import OpenCVAligner
from master_thesis.models.painter import ExemplarPainter, SmoothPainter
from master_thesis.models.registry import NETWORKS
from master_thesis.models.small.aligner import SmallDFPN
from master_thesis.models.small.chn import SmallCHN
from tests.factories import Copier, StillAligner, tiny_dfpn
from tests.reference.checkpoints import cpn_state


@pytest.mark.parametrize(("accelerator", "is_there", "device"), [
    (None, True, "cuda"), ("gpu", True, "cuda"), ("cpu", True, "cpu"), (None, False, "cpu"),
])  # fmt: skip
def test_networks_run_on_the_gpu_if_there_is_one(monkeypatch, accelerator, is_there, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: is_there)
    assert inference_device({"accelerator": accelerator} if accelerator else {}).type == device


def test_a_gpu_without_kernels_is_not_used(monkeypatch, caplog):
    def no_kernels(*args, **options):
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")

    build.gpu_works.cache_clear()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", no_kernels)
    assert [inference_device({}).type for _ in range(2)] == ["cpu", "cpu"]
    assert [record.message for record in caplog.records] == [
        "this PyTorch was not built for the GPU of this machine (no kernel image is available): the CPU is used"
    ]
    build.gpu_works.cache_clear()


def test_a_given_precision_wins_over_the_fastest_one(monkeypatch):
    monkeypatch.setattr(build, "best_precision", lambda device: f"fastest on {device.type}")
    assert inference_precision({"precision": 32}) == "32-true"
    assert inference_precision({"precision": "bf16"}) == "bf16-mixed"
    assert inference_precision({"accelerator": "cpu"}) == "fastest on cpu"


def test_networks_are_the_shipped_ones_unless_others_are_named():
    aligner, chn = load_networks(NetworkChoice(hallucinate="chn"))
    assert (type(aligner), type(chn)) == (SmallDFPN, SmallCHN)
    assert type(load_networks(NetworkChoice(chn_aligner="opencv"))[0]) is OpenCVAligner


def test_painters_are_chosen_by_name_and_the_exemplar_one_where_it_is_installed(monkeypatch, caplog):
    caplog.set_level("INFO")
    choices = (None, "exemplar", "smooth")
    made = [type(load_networks(NetworkChoice(hallucinate=name))[1]) for name in choices]
    assert made == [ExemplarPainter, ExemplarPainter, SmoothPainter]
    monkeypatch.setitem(sys.modules, "patchmatch.patch_match", None)
    assert type(load_networks(NetworkChoice())[1]) is SmallCHN
    exemplar, chn = (r.message for r in caplog.records if r.message.startswith("what no frame shows"))
    assert "--hallucinate exemplar" in exemplar
    assert "`pip install pypatchmatch` continues textures" in chn
    with pytest.raises(UserError, match="needs the package pypatchmatch: pip install"):
        load_networks(NetworkChoice(hallucinate="exemplar"))


def test_a_checkpoint_is_read_once(monkeypatch, tmp_path):
    """Also one that brings the aligner of CHN, as those of the reference implementation do."""
    path, read, loaded = tmp_path / "chn.ckpt", [], []
    torch.save({"state_dict": {f"model_aligner.{key}": value for key, value in cpn_state().items()}}, path)

    def load(checkpoint, family):
        loaded.append((checkpoint.path, family))
        return nn.Identity()

    monkeypatch.setattr(build, "load_network", load)
    original = Checkpoint.read
    monkeypatch.setattr(Checkpoint, "read", lambda path: read.append(path) or original(path))
    load_networks(NetworkChoice(test_checkpoint=str(path), chn_aligner="cpn"))
    assert loaded == [(path, "chn"), (path, "cpn")]
    assert read == [str(path)]


def test_an_aligner_that_is_not_shipped_needs_its_checkpoint():
    with pytest.raises(UserError, match="--chn_aligner cpn needs --chn_aligner_checkpoint: which one to use"):
        build.load_aligner(AlignerChoice(chn_aligner="cpn"), is_small=True)


def test_inpainters_share_their_networks_and_differ_in_their_options():
    networks = (StillAligner(), Copier())
    options = [InpaintOptions("ff", skip_idle=True), InpaintOptions("cp")]
    made = build.make_inpainters(networks, options, torch.device("cpu"))
    assert [i.options for i in made] == options
    assert {(i.aligner, i.hallucinator, i.device.type) for i in made} == {(*networks, "cpu")}


def test_sizes_come_from_the_options_that_the_registry_names():
    sizes = sizes_for(NETWORKS["dfpn"], VGGConfig("random", 2), DFPNConfig(dfpn_size=64))
    assert sizes == {"size": 64, "corr_widths": (128, 256), "width": 128, "vgg_width": 2}
    assert sizes_for(NETWORKS["small_chn"], CHNConfig()) == {}


def test_given_sizes_must_be_those_of_the_checkpoint():
    entry = {"kind": "chn", "sizes": {"width": 4, "growth": 2, "num_blocks": 1}}
    check_sizes("c.ckpt", entry, CHNConfig(chn_width=4))
    check_sizes("c.ckpt", None, CHNConfig(chn_width=8))
    check_sizes("c.ckpt", {"kind": "small_chn", "sizes": {}}, CHNConfig(chn_width=8))
    with pytest.raises(UserError, match=r"c\.ckpt has --chn_width 4 and keeps it, got --chn_width 8: leave that out"):
        check_sizes("c.ckpt", entry, CHNConfig(chn_width=8))


def test_another_aligner_than_that_of_the_training_is_reported(tmp_path, caplog):
    """Checkpoints of the reference and older ones do not name theirs."""
    trained_on, other = tiny_dfpn(), tiny_dfpn(width=8)
    for entry in (None, {"kind": "chn", "sizes": {}}, {"kind": "chn", "sizes": {}, "aligner": identify(trained_on)}):
        build.report_other_aligner(tmp_path / "c.ckpt", entry, trained_on)
    assert caplog.text == ""
    build.report_other_aligner(tmp_path / "c.ckpt", {"aligner": identify(trained_on)}, other)
    first, second = (identify(each)["fingerprint"] for each in (trained_on, other))
    assert (
        f"was trained on the aligner dfpn {first}, and is now used with dfpn {second}: results may differ"
        in caplog.text
    )
