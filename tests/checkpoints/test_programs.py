import sys
from types import SimpleNamespace

import jaxtyping
import pytest
import torch

from master_thesis.checkpoints.programs import PublishedCall, _check_onnx, export_program
from master_thesis.checkpoints.typed import load_chn
from master_thesis.errors import UserError
from master_thesis.models.registry import WEIGHTS
from tests.factories import CHN_SIZES, DFPN_SIZES, make_pair, save_checkpoint, tiny_chn, tiny_dfpn

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


def test_an_exported_program_computes_the_published_call(tmp_path):
    path = save_checkpoint(tmp_path / "c.ckpt", "chn", CHN_SIZES, tiny_chn())
    export_program(path, tmp_path / "c.pt2", "torch", (32, 48))
    x, m, x_refs, m_refs = make_pair(1, 1, 32, 48, seed=3)
    inputs = (x, 1 - m, x_refs, 1 - m_refs, m.unsqueeze(2) * (1 - m_refs))
    program = torch.export.load(tmp_path / "c.pt2").module()
    for got, wanted in zip(program(*inputs), load_chn(path)(*inputs), strict=True):
        assert torch.allclose(got, wanted, atol=1e-6)


@pytest.mark.parametrize(("kind", "sizes", "make"), [("chn", CHN_SIZES, tiny_chn), ("dfpn", DFPN_SIZES, tiny_dfpn)])
def test_onnx_agrees_with_pytorch(tmp_path, caplog, monkeypatch, kind, sizes, make):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    path = save_checkpoint(tmp_path / "x.ckpt", kind, sizes, make())
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # a traced size is a tensor, not an int
    with caplog.at_level("INFO"):
        export_program(path, tmp_path / "x.onnx", "onnx", (64, 96))
    assert "onnxruntime agrees with PyTorch within" in caplog.text


@pytest.mark.parametrize("error", [0.5, float("nan")])
def test_a_program_that_computes_something_else_is_refused(tmp_path, monkeypatch, error):
    """With a stand-in for onnxruntime, which is optional."""
    inputs = [torch.zeros(1), torch.zeros(1)]
    call = PublishedCall(torch.nn.Identity(), is_aligner=False)
    monkeypatch.setattr(call, "forward", lambda *x: x)
    session = SimpleNamespace(get_inputs=lambda: [SimpleNamespace(name="a"), SimpleNamespace(name="b")])
    session.run = lambda outputs, named: [named["a"], named["b"] + error]
    stand_in = SimpleNamespace(InferenceSession=lambda *args, **options: session)
    monkeypatch.setitem(sys.modules, "onnxruntime", stand_in)
    monkeypatch.setattr("master_thesis.checkpoints.programs.find_spec", lambda name: object())
    with pytest.raises(
        UserError, match=rf"onnxruntime should agree with PyTorch within 0.001, but differs by 0, {error}"
    ):
        _check_onnx(tmp_path, call, inputs)


def test_what_cannot_be_exported_is_said(tmp_path):
    with pytest.raises(UserError, match="small_dfpn cannot be exported as onnx: it fits the camera's movement by code"):
        export_program(WEIGHTS / "small_dfpn.safetensors", tmp_path / "a.onnx", "onnx", (64, 64))
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("master_thesis.checkpoints.programs.find_spec", lambda name: None)
    path = save_checkpoint(tmp_path / "c.ckpt", "chn", CHN_SIZES, tiny_chn())
    with pytest.raises(UserError, match="--format onnx needs the package onnx: pip install onnx onnxruntime"):
        export_program(path, tmp_path / "c.onnx", "onnx", (32, 32))
    assert [each.name for each in tmp_path.iterdir()] == ["c.ckpt"]
