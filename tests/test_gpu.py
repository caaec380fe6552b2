"""Equal results on a GPU and on the CPU. Most tests also run on the CPU, which shows that they work."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from master_thesis.configs.inpainting import ALGORITHMS
from master_thesis.configs.training import OptimConfig
from master_thesis.configs.video import VideoConfig
from master_thesis.data.datamodule import DataModule
from master_thesis.images.codec import read_frame, write_png
from master_thesis.inpainting import batching
from master_thesis.inpainting.inpainter import inpaint
from master_thesis.models.classical.opencv import OpenCVAligner
from master_thesis.ops.precision import autocast
from master_thesis.training.dfpn import DFPNTraining
from tests.commands import TINY_DATA, TINY_DFPN, TINY_RUN, run_command
from tests.factories import (
    DFPN_SIZES,
    Copier,
    Painter,
    StillAligner,
    as_frames,
    make_clip,
    make_pair,
    make_sequence,
    tiny_chn,
    tiny_dfpn,
)

GIB = 2**30


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> Iterator[torch.device]:
    """The device to test; a GPU computes in float32, without TF32's shorter mantissa."""
    backends = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = False
    yield torch.device(request.param)
    for backend, value in zip(backends, before, strict=True):
        backend.allow_tf32 = value


def pair(device: torch.device):
    """A target with two references and their masks."""
    return tuple(t.to(device) for t in make_pair(1, 2, 40, 56))


def align_and_paint(device: torch.device, precision: str):
    dfpn, chn = tiny_dfpn().to(device), tiny_chn().to(device)
    x_target, m_target, x_refs, m_refs = pair(device)
    with torch.no_grad(), autocast(device, precision):
        prediction = dfpn(*as_frames(x_target, m_target, x_refs, m_refs))
        alignment = dfpn.align(x_target, m_target, x_refs, m_refs)
        painted = chn(x_target, 1 - m_target, x_refs, 1 - m_refs, alignment.copyable)
    return [t.float().cpu() for t in (prediction.grid_middle, prediction.grid_fine, painted.composed)]


@pytest.mark.parametrize(("precision", "tolerance"), [("32-true", 1e-3), ("bf16-mixed", 5e-2)])
def test_networks_agree_with_float32_on_the_cpu(device, precision: str, tolerance: float) -> None:
    wanted, found = align_and_paint(torch.device("cpu"), "32-true"), align_and_paint(device, precision)
    for a, b in zip(found, wanted, strict=True):
        assert (a - b).abs().mean() < tolerance
        assert torch.isfinite(a).all()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_filled_sequences_agree(device, algorithm: str) -> None:
    x, m = make_sequence(7, 16, 24)
    wanted = inpaint(x, m, StillAligner(), Painter(), algorithm)
    found = inpaint(x.to(device), m.to(device), StillAligner(), Painter(), algorithm)
    torch.testing.assert_close(found.frames.cpu(), wanted.frames, rtol=0, atol=1e-5)
    assert torch.equal(found.source.cpu(), wanted.source)


def test_filled_videos_agree(device, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="no PyAV")  # may be missing on a machine for training
    from master_thesis.video.pipeline import inpaint_video
    from stress.videos import Clip, box_mask

    video = Clip().write(tmp_path)
    write_png(tmp_path / "mask.png", box_mask())
    made = []
    for place in (torch.device("cpu"), device):
        output = tmp_path / f"out{len(made)}"
        config = VideoConfig(video=str(video), mask=str(tmp_path / "mask.png"), output=str(output))
        inpaint_video(config, StillAligner(), Copier(), device=place, max_distance=3)
        made.append([read_frame(path) for path in sorted(output.iterdir())])
    assert all((abs(a.astype(int) - b) <= 1).all() for a, b in zip(*made, strict=True))


def test_training_losses_agree(device) -> None:
    torch.manual_seed(0)
    module = DFPNTraining(DFPN_SIZES, OptimConfig())
    clip = replace(make_clip(num_frames=2, size=32), is_simulated=torch.tensor([True, False]))
    wanted = module.losses(clip).total
    found = module.to(device).losses(clip.to(device)).total
    found.backward()
    torch.testing.assert_close(found.detach().cpu(), wanted.detach(), rtol=1e-3, atol=1e-3)


def test_opencv_aligner_takes_frames_from_any_device(device) -> None:
    wanted = OpenCVAligner().align(*pair(torch.device("cpu")))
    found = OpenCVAligner().to(device).align(*pair(device))
    torch.testing.assert_close(found.aligned.cpu(), wanted.aligned, rtol=0, atol=1e-3)


class Hungry(Painter):
    """Needs 1 GiB of GPU memory for every pair."""

    def __call__(self, x_target, *args):
        torch.empty(len(x_target), GIB, dtype=torch.uint8, device=x_target.device)
        return super().__call__(x_target, *args)


@pytest.mark.gpu
def test_exhausted_gpu_memory_halves_the_batch(monkeypatch, caplog) -> None:
    monkeypatch.setattr(batching, "_fitting", {})
    x, m = (t.cuda() for t in make_sequence(20, 16, 24))
    wanted = inpaint(x, m, StillAligner(), Painter(), "ff", pair_batch=1)
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 2.5 * GIB) / total)
    try:
        with caplog.at_level(logging.WARNING):
            hungry = Hungry()
            found = inpaint(x, m, StillAligner(), hungry, "ff", pair_batch=8)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert max(hungry.batch_sizes) == 2
    assert "out of GPU memory at 24 x 16: continuing with 2 pairs at a time" in caplog.text
    torch.testing.assert_close(found.frames, wanted.frames)


@pytest.mark.gpu
def test_clips_are_in_pinned_memory(data_config) -> None:
    data = DataModule(data_config())
    data.setup("fit")
    clip = next(iter(data.train_dataloader()))
    assert clip.frames.is_pinned()
    assert clip.to("cuda", non_blocking=True).mask.is_cuda


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_training_runs(precision: str, sample_tree, tmp_path, monkeypatch, capsys) -> None:
    arguments = f"{TINY_DATA} {TINY_RUN} {TINY_DFPN} --max_epochs 1 --data_path {sample_tree} --precision {precision}"
    arguments = arguments.replace("--accelerator cpu", "--gpus 1")
    result = run_command(arguments, tmp_path, monkeypatch, capsys)
    assert (result.code, "lightning_logs/version_0/checkpoints/last.ckpt" in result.written) == (0, True)
