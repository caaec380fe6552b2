"""Compares the seconds per pair of both presets at 240 x 480.

A pair is aligned, then copied and hallucinated:

    python -m benchmarks.speed presets
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from master_thesis import CHN, DFPN, load_small
from master_thesis.ops.precision import autocast

SIZE = (240, 480)
ROUNDS = 5


def pair_step(aligner: nn.Module, chn: nn.Module) -> Callable[[], None]:
    """Returns one fill step on a fixed pair."""
    generator = torch.Generator().manual_seed(0)
    x, mask = torch.rand(1, 3, *SIZE, generator=generator), torch.zeros(1, 1, *SIZE)
    mask[:, :, 60:160, 150:300] = 1

    def step() -> None:
        alignment = aligner.align(x, mask, x.unsqueeze(2), mask.roll(60, dims=3).unsqueeze(2))
        trust = {} if alignment.confidence is None else {"confidence": alignment.confidence}
        chn(x, 1 - mask, *alignment, **trust)

    return step


def median_seconds(step: Callable[[], None], precision: str) -> float:
    """Returns the median over all rounds after a first one that warms up."""
    seconds = []
    with torch.no_grad(), autocast(torch.device("cpu"), precision):
        for _ in range(ROUNDS + 1):
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def main() -> None:
    presets = {"thesis": (DFPN().eval(), CHN().eval()), "small": load_small()}
    print(f"{'precision':12s}" + "".join(f"{name:>14s}" for name in presets) + f"{'ratio':>10s}")
    for precision in ("32-true", "bf16-mixed"):
        seconds = [median_seconds(pair_step(*networks), precision) for networks in presets.values()]
        print(f"{precision:12s}" + "".join(f"{s:12.3f} s" for s in seconds) + f"{seconds[0] / seconds[1]:10.1f}")


if __name__ == "__main__":
    main()
