"""Where trainings run."""

import pytest
import torch

from master_thesis.cli import build
from master_thesis.cli.trainer import where_to_run
from master_thesis.errors import UserError


@pytest.fixture
def no_kernels(monkeypatch):
    """A GPU that PyTorch sees, but was not built for."""

    def fail(*args, **options):
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch, "ones", fail)
    build.gpu_works.cache_clear()
    yield
    build.gpu_works.cache_clear()


@pytest.mark.parametrize("given", [{}, {"accelerator": "gpu"}, {"accelerator": "auto"}, {"accelerator": "cpu"}])
def test_a_training_uses_the_cpu_beside_a_gpu_without_kernels(no_kernels, caplog, given):
    assert {**given, **where_to_run(None, given)} == {"accelerator": "cpu"}
    assert [r.message for r in caplog.records] == [
        "this PyTorch was not built for the GPU of this machine (no kernel image is available): the CPU is used"
    ] * (given.get("accelerator") != "cpu")


def test_a_gpu_without_kernels_does_not_count(no_kernels):
    with pytest.raises(UserError, match="--gpus 1: this machine has 0 usable GPUs; leave out --gpus to run on the CPU"):
        where_to_run(1, {})


def test_elsewhere_lightning_chooses(monkeypatch):
    assert where_to_run(None, {"accelerator": "auto"}) == {}
