"""Compares aligners by end-point error on simulated movement and by plain copying on real movement.

    python -m benchmarks.quality aligners --data_path ./data
    python -m benchmarks.quality aligners --data_path ./data --dfpn lightning_logs/version_0/checkpoints/last.ckpt

Two tables. *Simulated*: clips of two frames at 256 x 256 from GOT10k/val, moved as in training; mean end-point
error over the pixels whose true position lies inside the reference, and the share within 3 px. *Real*: rows of 14
frames at 240 x 480 from GOT10k/val and DAVIS under validation masks of YouTube-VOS; hole PSNR of plain copying,
nearest frame first, with Telea's method for pixels that no frame shows or the aligner does not trust.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from master_thesis import metrics
from master_thesis.configs.data import DataConfig
from master_thesis.data.dataset import RandomClips
from master_thesis.data.sequences import find_backgrounds, find_masks, find_test_sequences, split_masks
from master_thesis.evaluation.baselines import telea
from master_thesis.evaluation.copying import aligner_transfer, copy_nearest_first, homography_transfer
from master_thesis.evaluation.masks import ping_pong
from master_thesis.evaluation.protocols import Protocol, Task, make_protocol
from master_thesis.images.codec import read_frame, read_mask
from master_thesis.models.aligner import Aligner, Encoded, alignment_from_grid
from master_thesis.models.classical.homography import global_motion
from master_thesis.models.classical.opencv import OpenCVAligner
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.grid import distance_px, inside
from master_thesis.ops.image import fill_holes, to_float
from master_thesis.ops.pixels import pixel_positions
from master_thesis.records import Alignment, MaskedFrames
from tests.oracles.aligners import StillCamera

ROW_LENGTH = 14
REACH_PX = 3.0


class HomographyAligner(Aligner):
    """Fits one homography per pair, the first step of the OpenCV aligner; takes single pairs only."""

    def encode(self, frames: MaskedFrames) -> Encoded:
        return Encoded(frames)

    def align_encoded(self, target: Encoded, refs: Encoded) -> Alignment:
        pair = target.frames, refs.frames
        h, w = target.frames.size
        grey = [(frames.colours[0].mean(dim=0) * 255).byte().numpy() for frames in pair]
        known = [frames.visible[0, 0].numpy() > 0.5 for frames in pair]
        motion = global_motion(grey[0], known[0], grey[1], known[1])
        points = np.dstack((pixel_positions(h, w), np.ones((h, w)))) @ motion.T
        positions = torch.from_numpy(points[..., :2] / points[..., 2:]).float()
        grid = positions * 2 / torch.tensor((w - 1, h - 1)) - 1
        return alignment_from_grid(grid[None, None], target.frames.visible, refs.frames.unfolded(1))


@dataclass
class Simulated:
    """Figures on clips with known movement."""

    error_px: float
    share: float
    hole_error_px: float
    seconds: float


def measure_simulated(aligner: Aligner, clips: RandomClips) -> Simulated:
    """Measures the end-point error over all clips, everywhere and in the hole of the target."""
    rows = []
    for i in range(len(clips)):
        clip = clips[i].clip
        assert clip is not None, "every clip should be readable"
        mask = clip.mask.float()
        masked = fill_holes(to_float(clip.frames), mask)
        t, r = clip.target_index, clip.ref_indices
        start = time.perf_counter()
        alignment = aligner.align(masked[:, :, t], mask[:, :, t], masked[:, :, r], mask[:, :, r])
        seconds = time.perf_counter() - start
        assert alignment.grid is not None, "the aligner should report its grid"
        truth = affine_grid(clip.movement[:, r], *masked.shape[-2:])
        where = inside(truth)[:, 0]
        hole = where & clip.mask[:, 0, t].unsqueeze(1)
        distance = distance_px(alignment.grid, truth)
        share = metrics.share_within(distance, REACH_PX, where)
        rows.append((distance[where].mean(), share, distance[hole].mean() if hole.any() else torch.nan, seconds))
    return Simulated(*np.nanmean(np.array(rows, dtype=float), axis=0))


def real_rows(data: DataConfig) -> Iterator[Task]:
    """Yields rows of fourteen real frames under the masks of another set."""
    protocol = make_protocol("hole", data)
    backgrounds, masks = find_backgrounds(data.data_path, "val"), find_masks(data.data_path)
    names = split_masks(masks.names)[1]
    rows = {name: backgrounds.files(name) for name in backgrounds.names}
    rows |= {sequence.name: sequence.frames for sequence in find_test_sequences(data.data_path)[0]}
    for i, (name, files) in enumerate(rows.items()):
        if len(files) >= ROW_LENGTH:
            frames = np.stack([protocol.prepare_frame(read_frame(file)) for file in files[:ROW_LENGTH]])
            yield Task(protocol, "youtube-vos", name, frames, _masks(masks.files(names[i % len(names)]), protocol))


def _masks(files: tuple[str, ...], protocol: Protocol) -> np.ndarray:
    return np.stack([protocol.prepare_mask(read_mask(files[i])) for i in ping_pong(len(files), ROW_LENGTH)])


def print_simulated(data: DataConfig, aligners: dict[str, Aligner], num_clips: int) -> None:
    """Prints the table of simulated clips."""
    config = replace(data, p_simulator_bgs=1.0, frames_n=2)
    masks = find_masks(data.data_path)
    validation = replace(masks, names=split_masks(masks.names)[1])
    clips = RandomClips(config, find_backgrounds(data.data_path, "val"), validation, num_clips, data.seed, True)
    print(f"{'aligner':12s} {'error (px)':>10s} {'within 3 px':>12s} {'in hole (px)':>13s} {'s/pair':>7s}")
    for name, aligner in aligners.items():
        s = measure_simulated(aligner, clips)
        print(f"{name:12s} {s.error_px:10.2f} {s.share:12.1%} {s.hole_error_px:13.2f} {s.seconds:7.3f}", flush=True)


def print_real(data: DataConfig, aligners: dict[str, Aligner]) -> None:
    """Prints the table of real rows."""
    transfers = {name: aligner_transfer(aligner) for name, aligner in aligners.items()}
    transfers["homography"] = homography_transfer
    print(f"{'row':18s} {'telea':>10s} " + " ".join(f"{name:>10s}" for name in transfers) + "   hole PSNR (dB)")
    table = []
    for task in real_rows(data):
        fills = [telea(task.masked, task.mask)]
        fills += [copy_nearest_first(task.masked, task.mask, transfer) for transfer in transfers.values()]
        table.append([np.nanmean(metrics.hole_psnr(fill, task.frames, task.mask)) for fill in fills])
        print(f"{task.sequence:18s} " + " ".join(f"{figure:10.2f}" for figure in table[-1]), flush=True)
    print(f"{'mean':18s} " + " ".join(f"{figure:10.2f}" for figure in np.mean(table, axis=0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", default="./data")
    parser.add_argument("--dfpn", metavar="CHECKPOINT", help="also compare a trained DFPN")
    parser.add_argument("--clips", type=int, default=60, help="number of simulated clips")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    data = DataConfig(data_path=args.data_path, seed=args.seed)
    aligners: dict[str, Aligner] = {"identity": StillCamera(), "homography": HomographyAligner()}
    aligners["opencv"] = OpenCVAligner()
    if args.dfpn:
        from master_thesis import load_dfpn

        aligners["dfpn"] = load_dfpn(args.dfpn)
    print_simulated(data, aligners, args.clips)
    print_real(data, aligners)


if __name__ == "__main__":
    main()
