"""Networks: aligning and painting a pair, their share of the machine's peak arithmetic, training steps."""

from __future__ import annotations

import argparse
import shutil
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.speed.scenes import BF16, DEVICE, FP32, SIZE, Rows, cast_to, moving_scene, network
from benchmarks.speed.timing import against, line, row, seconds_of, spread
from master_thesis.configs.training import OptimConfig
from master_thesis.models.chn import CHN
from master_thesis.models.vgg import VGG16
from master_thesis.ops.precision import autocast
from master_thesis.records import Clip
from master_thesis.training.chn import CHNTraining
from master_thesis.training.dfpn import DFPNTraining
from master_thesis.training.recompute import recompute_activations
from tests.oracles.aligners import StillCamera
from tests.oracles.networks import PlainDFPN, plain


@torch.no_grad()
def align(_: argparse.Namespace) -> Rows:
    """Aligns one pair with DFPN."""
    x, m = moving_scene(2, SIZE, 2)
    pair = x[None, :, 0], m[None, :, 0], x[None, :, 1:], m[None, :, 1:]
    dfpn = network("dfpn")
    simple = PlainDFPN(plain(dfpn))
    for precision, goal in ((FP32, "1.3"), (BF16, "2.3")):
        both = against(lambda: simple.align(*pair), cast_to(precision, lambda: dfpn.align(*pair)), 5)
        yield row(f"DFPN aligns a pair, {precision}", *both, goal)


@torch.no_grad()
def paint(_: argparse.Namespace) -> Rows:
    """Paints one pair with CHN, the lower bound of a sequence in which every pair counts."""
    chn, inputs = network("chn"), torch.rand(1, CHN.NUM_INPUTS, *SIZE, device=DEVICE)
    simple = plain(network("chn"))
    for precision in (FP32, BF16):
        both = against(lambda: simple._paint(inputs), cast_to(precision, lambda: chn._paint(inputs)), 5)
        yield row(f"CHN paints a pair, {precision}", *both)


@torch.no_grad()
def compiled(_: argparse.Namespace) -> Rows:
    """Measures ``torch.compile`` with frozen constants; skipped without a C++ compiler."""
    if not shutil.which("c++"):
        return
    import torch._inductor.config as inductor

    chn = network("chn")
    for h, w in ((60, 120), SIZE):
        inputs = torch.rand(1, CHN.NUM_INPUTS, h, w, device=DEVICE)
        with inductor.patch(freezing=True):
            shorter = cast_to(BF16, partial(torch.compile(chn._paint), inputs))
            once = seconds_of(shorter, 1, is_warm=True)
            both = against(cast_to(BF16, partial(chn._paint, inputs)), shorter, 5)
        name = f"CHN paints a pair of {w} x {h}, torch.compile against without it, {BF16}"
        yield row(name, *both, "", f"compiling took {once[0]:.0f} s")


@torch.no_grad()
def share(_: argparse.Namespace) -> Rows:
    """Compares the arithmetic speed of layers with that of a large matrix product of the same type."""
    dfpn, chn = network("dfpn"), network("chn")
    layers: dict[str, tuple[Any, Callable[[Tensor], object], tuple[int, ...]]] = {
        "4D convolution": (dfpn.conv4d, dfpn.conv4d, (1, 1, 16, 16, 16, 16)),
        "estimator at 256": (dfpn.estimator_256, dfpn.estimator_256.layers, (1, 10, 256, 256)),
        "estimator at 64": (dfpn.estimator_64, dfpn.estimator_64.layers, (1, 10, 64, 64)),
        "CHN at 240 x 480": (chn, chn._paint, (1, 9, *SIZE)),
    }
    for precision, dtype in ((FP32, torch.float32), (BF16, torch.bfloat16)):
        peak, alone = matmul_speed(dtype), matmul_speed(dtype, num_threads=1)
        name = f"matrix product, one thread against all, {precision}"
        yield line(name, f"{alone:.0f} GMAC/s", f"{peak:.0f} GMAC/s", peak / alone)
        for name, (module, run, shape) in layers.items():
            x = torch.rand(shape, device=DEVICE)
            with autocast(DEVICE, precision):
                seconds = seconds_of(lambda: run(x), 5)  # noqa: B023
            reached = macs(module, lambda: run(x)) / statistics.median(seconds) / 1e9  # noqa: B023
            limit = f"matrix product: {peak:.0f} GMAC/s"
            yield line(f"{name}, {precision}", limit, f"{reached:.0f} GMAC/s", reached / peak, "0.70", spread(seconds))


def matmul_speed(dtype: torch.dtype, size: int = 4096, num_threads: int | None = None) -> float:
    """Returns the speed of a matrix product in GMAC/s; uses all threads by default."""
    square, usual = torch.rand(size, size, device=DEVICE).to(dtype), torch.get_num_threads()
    torch.set_num_threads(num_threads or usual)
    seconds = seconds_of(lambda: square @ square)
    torch.set_num_threads(usual)
    return size**3 / statistics.median(seconds) / 1e9


def macs(module: nn.Module, run: Callable[[], object]) -> float:
    """Counts the multiplications of all convolutions of ``module`` during ``run``."""
    total = 0.0

    def count(layer: nn.Module, inputs: Any, output: Tensor) -> None:
        nonlocal total
        plane = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        total += layer.get_parameter("weight").numel() * plane.shape[0] * plane.shape[-2:].numel()

    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    hooks = [layer.register_forward_hook(count) for layer in module.modules() if isinstance(layer, kinds)]
    run()
    for hook in hooks:
        hook.remove()
    return total


def training(_: argparse.Namespace) -> Rows:
    """Times a step on two pairs of 256 x 256: forward, backward, Adam."""
    clip = training_clip()
    for name, make in (("DFPN", make_dfpn_training), ("CHN", make_chn_training)):
        usual, lean = make(), make()
        recompute_activations(lean.network)
        both = against(plain_step(make(), clip), step(usual, clip, BF16))
        yield row(f"training step {name}, 2 pairs, {BF16}", *both, "2")
        kept = [mib_kept(module, clip) for module in (usual, lean)]
        note = f"kept for the backward pass: {kept[0]:.0f} MiB without it, {kept[1]:.0f} with it"
        both = against(step(usual, clip, BF16), step(lean, clip, BF16))
        yield row(f"the same with --recompute, against without it, {name}", *both, "", note)


def mib_kept(module: Any, clip: Clip) -> float:
    """Returns the memory that the forward pass of a step keeps for the backward pass, parameters left out."""
    kept: dict[int, int] = {}
    own = {p.data_ptr() for p in module.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), autocast(DEVICE, BF16):
        loss = module.losses(clip).total  # noqa: F841  (keeps the tensors alive until they are counted)
    return sum(kept.values()) / 2**20


def training_clip() -> Clip:
    """Returns two pairs with a box mask."""
    generator = torch.Generator().manual_seed(0)
    frames = (torch.rand(2, 3, 2, 256, 256, generator=generator) * 255).byte()
    mask = torch.zeros(2, 1, 2, 256, 256, dtype=torch.bool)
    mask[:, :, :, 80:160, 80:160] = True
    return Clip(frames, mask, torch.eye(3).repeat(2, 2, 1, 1), torch.tensor([True, False]), ("a", "b")).to(DEVICE)


def make_dfpn_training() -> DFPNTraining:
    """Returns the training of a DFPN of the thesis' size."""
    torch.manual_seed(0)
    return DFPNTraining({}, OptimConfig()).to(DEVICE)


def make_chn_training() -> CHNTraining:
    """Returns the training of a CHN of the thesis' size on a camera that stands still."""
    torch.manual_seed(0)
    return CHNTraining({}, OptimConfig(), StillCamera(), VGG16()).to(DEVICE)


def step(module: Any, clip: Clip, precision: str) -> Callable[[], None]:
    """Returns a training step as Lightning performs it."""
    adam = torch.optim.Adam([p for p in module.network.parameters() if p.requires_grad], fused=True)

    def run() -> None:
        adam.zero_grad()
        with autocast(DEVICE, precision):
            loss = module.losses(clip).total
        loss.backward()
        adam.step()

    return run


def plain_step(module: Any, clip: Clip) -> Callable[[], None]:
    """Returns the same step in float32, pair by pair, with contiguous tensors and plain Adam."""
    module.to(memory_format=torch.contiguous_format)
    adam = torch.optim.Adam([p for p in module.network.parameters() if p.requires_grad], foreach=False)
    ones = [
        Clip(clip.frames[[i]], clip.mask[[i]], clip.movement[[i]], clip.is_simulated[[i]], ("a",)) for i in range(2)
    ]

    def run() -> None:
        adam.zero_grad()
        for one in ones:
            (module.losses(one).total / len(ones)).backward()
        adam.step()

    return run
