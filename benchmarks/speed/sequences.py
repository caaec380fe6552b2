"""Sequences: the algorithms against their plain transcription; cost against length, resolution and references."""

from __future__ import annotations

import argparse
import statistics
from functools import partial
from typing import Any

import torch

from benchmarks.speed.scenes import DEVICE, SIZE, Rows, cast_to, moving_scene, network
from benchmarks.speed.timing import around, line, row, seconds_of
from master_thesis import load_small
from master_thesis.checkpoints.loading import make_network
from master_thesis.configs.data import DataConfig
from master_thesis.data.davis_clips import DavisClips
from master_thesis.data.sequences import find_test_sequences
from master_thesis.inpainting.inpainter import inpaint
from master_thesis.ops.image import fill_holes, to_float
from master_thesis.ops.precision import autocast, best_precision
from tests.oracles import algorithms as plainly
from tests.oracles.aligners import StillCamera
from tests.oracles.networks import PlainDFPN, plain

PLAIN = {
    "ff": plainly.frame_by_frame,
    "ip": plainly.inpaint_and_propagate,
    "cp": plainly.copy_and_propagate,
}
GOALS = {"ff": "3", "ip": "2", "cp": "3"}
SMALL_SIZE = (60, 120)
EVEN_GOALS = dict.fromkeys(PLAIN, "2.5")


def sequence(options: argparse.Namespace) -> Rows:
    """Times forty frames with a CHN of the thesis' size and a still camera.

    First some frames have holes, at full size; then all of them, at a size at which the plain path ends within minutes.
    """
    for size, holes in ((SIZE, options.holes), (SMALL_SIZE, 40)):
        scene = real_scene(options, 40, size, holes) if options.data_path else moving_scene(40, size, holes)
        name = f"40 frames of {size[1]} x {size[0]}, CHN"
        yield from _algorithms(name, scene, StillCamera(), StillCamera(), GOALS, options)


def real_scene(
    options: argparse.Namespace, num_frames: int, size: tuple[int, int], num_holes: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the first frames of a test sequence, with masks in the middle frames only."""
    sequences, _ = find_test_sequences(options.data_path)
    chosen = [s for s in sequences if s.name == options.sequence]
    clip = DavisClips(DataConfig(data_path=options.data_path, frames_n=-1, test_size=size), chosen)[0].clip
    assert clip is not None, "the sequence should be readable"
    x, m = to_float(clip.frames[0, :, :num_frames]), clip.mask[0, :, :num_frames].float()
    first = (x.shape[1] - num_holes) // 2
    m[:, :first], m[:, first + num_holes :] = 0, 0
    return fill_holes(x[None], m[None])[0].to(DEVICE), m.to(DEVICE)


def dfpn_sequence(options: argparse.Namespace) -> Rows:
    """Times eight frames with DFPN and CHN of the thesis' sizes."""
    scene, dfpn = moving_scene(8, SIZE, 4), network("dfpn")
    yield from _algorithms("8 frames, DFPN and CHN", scene, dfpn, PlainDFPN(plain(dfpn)), EVEN_GOALS, options)


def _algorithms(
    name: str,
    scene: tuple[torch.Tensor, torch.Tensor],
    aligner: Any,
    simple: Any,
    goals: dict[str, str],
    options: argparse.Namespace,
) -> Rows:
    x, m = scene
    chn, precision = network("chn"), best_precision(DEVICE)
    slow_chn = plain(chn)
    holes_at = m.flatten(2).any(dim=2)[0].nonzero().flatten().tolist()
    for algorithm in options.algorithms:

        def slow(algorithm: str = algorithm) -> None:
            with torch.no_grad():
                PLAIN[algorithm](x, m, simple, slow_chn)

        fast = cast_to(precision, partial(inpaint, x, m, aligner, chn, algorithm))
        few = slice(max(holes_at[0] - 1, 0), holes_at[0] + 2)
        cast_to(precision, partial(inpaint, x[:, few], m[:, few], aligner, chn))()  # warms up
        note = f"{len(holes_at)} frames with a hole"
        yield row(f"{name}, {algorithm}, {precision}", *around(slow, fast), goals[algorithm], note)


def length(options: argparse.Namespace) -> Rows:
    """Times tiny networks against the number of frames, each with a hole."""
    torch.manual_seed(0)
    aligner, chn = StillCamera(), make_network("chn", {"width": 8, "growth": 4, "num_blocks": 1}).eval().to(DEVICE)
    inpaint(*moving_scene(10, (64, 96), 10), aligner, chn, "cp")
    for algorithm in options.algorithms:
        per_frame = {}
        for count in (50, 100, 200, 400, 800):
            x, m = moving_scene(count, (64, 96), count)
            seconds = seconds_of(lambda: inpaint(x, m, aligner, chn, algorithm), 1, is_warm=True)  # noqa: B023
            per_frame[count] = 1000 * seconds[0] / count
        name = f"milliseconds per frame, 50 to 800 frames, {algorithm}"
        shown, ratio = ", ".join(f"{ms:.1f}" for ms in per_frame.values()), per_frame[800] / per_frame[50]
        yield line(name, "", shown, ratio, "flat", "64 x 96, tiny networks") | {"curve": per_frame}


def curves(options: argparse.Namespace) -> Rows:
    """Times the small preset against resolution and number of references."""
    aligner, chn = (network.to(DEVICE) for network in load_small())
    with torch.no_grad(), autocast(DEVICE, best_precision(DEVICE)):
        for axis, cases in (("rows", (120, 240, 480, 720)), ("references", (1, 2, 4, 8))):
            curve = {}
            for case in cases:
                h, f = (case, 1) if axis == "rows" else (240, case)
                x, m = moving_scene(f + 1, (h, 2 * h), f + 1)

                def run(x: torch.Tensor = x, m: torch.Tensor = m) -> None:
                    parts = x[None, :, 0], m[None, :, 0], x[None, :, 1:], m[None, :, 1:]
                    a = aligner.align(*parts)
                    trust = {} if a.confidence is None else {"confidence": a.confidence}
                    chn(parts[0], 1 - parts[1], *a, **trust)

                curve[case] = statistics.median(seconds_of(run))
            shown = ", ".join(f"{k}: {v:.3f} s" for k, v in curve.items())
            yield {
                "name": f"small preset, one target, by {axis}", "plain": "", "fast": shown, "ratio": "", "goal": "",
                "note": "", "curve": curve,
            }  # fmt: skip
