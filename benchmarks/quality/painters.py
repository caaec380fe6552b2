"""What painters make of single frames whose holes no other frame shows: sharpness, seams, PSNR and time.

Frames are taken from the validation part of GOT-10k at their own size, each under a mask of another sequence:

    python -m benchmarks.quality painters --data_path DATA [--frames FOLDER ...] [--checkpoint CHN.safetensors ...]

``--frames`` adds folders of sequences, ``--checkpoint`` hallucinators besides the shipped one. ``--output`` writes the
pictures, FOLDER/{truth,mask,input,<painter>}/*.png, so that other metrics can be computed of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from master_thesis import load_chn
from master_thesis.checkpoints.loading import load_coarse, load_shipped
from master_thesis.data.sequences import find_backgrounds, find_masks, image_files
from master_thesis.evaluation.surface import seam, sharpness
from master_thesis.images.codec import read_frame, read_mask, write_png
from master_thesis.images.masks import dilate, resize_mask
from master_thesis.metrics import hole_psnr, hole_ssim
from master_thesis.models.painter import ExemplarPainter, HallucinatorPainter, Painter, SmoothPainter
from master_thesis.ops.image import to_bytes, to_float
from master_thesis.records import MaskedFrames

METRICS = {"PSNR (dB)": hole_psnr, "SSIM": hole_ssim, "sharpness": sharpness, "seam (grey levels)": seam}
SHARES = (0.04, 0.15)
"""Smallest and largest share of the frame that masks cover."""
DILATION = ((3, 3), 4)


class Still(NamedTuple):
    """A frame, its hole and its name."""

    frame: np.ndarray
    mask: np.ndarray
    name: str


def stills(data_path: str, folders: Sequence[Path], count: int) -> Iterator[Still]:
    """Some frames of every sequence at equal distances, each under the first fitting mask of another mask sequence."""
    validation, masks = find_backgrounds(data_path, "val"), find_masks(data_path)
    clips = {name: list(validation.files(name)) for name in validation.names}
    for folder in folders:
        clips |= {clip.name: list(image_files(str(clip))) for clip in sorted(folder.iterdir()) if clip.is_dir()}
    fitting = cycle(name for name in masks.names if SHARES[0] < read_mask(masks.files(name)[0]).mean() < SHARES[1])
    for clip, files in clips.items():
        for i in np.linspace(0, len(files) - 1, count).round().astype(int):
            frame = read_frame(files[i])
            mask = resize_mask(read_mask(masks.files(next(fitting))[0]), frame.shape[:2])
            yield Still(frame, dilate(mask, *DILATION), f"{clip}-{i:03d}")


def make_painters(checkpoints: Sequence[Path]) -> dict[str, Painter]:
    """The painters there are, by name."""
    networks = {"chn": load_shipped("chn")} | {path.stem: load_chn(path) for path in checkpoints}
    adapted = {name: HallucinatorPainter(network) for name, network in networks.items()}
    return {"smooth": SmoothPainter(), "exemplar": ExemplarPainter(coarse=load_coarse()), **adapted}


@torch.no_grad()
def paint(painter: Painter, still: Still) -> np.ndarray:
    """Paints a still."""
    frames = to_float(torch.from_numpy(still.frame)).permute(2, 0, 1)[None]
    visible = 1 - torch.from_numpy(still.mask)[None, None].float()
    painted = painter.paint(MaskedFrames(frames, visible))
    return to_bytes(painted[0]).permute(1, 2, 0).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", required=True)
    parser.add_argument("--frames", type=Path, nargs="+", default=[], help="further folders of sequences")
    parser.add_argument("--checkpoint", type=Path, nargs="+", default=[], help="further hallucinators")
    parser.add_argument("--stills", type=int, default=6, help="frames of each sequence")
    parser.add_argument("--painters", nargs="+", help="only these, e.g. smooth exemplar chn")
    parser.add_argument("--output", type=Path, help="folder for the pictures")
    options = parser.parse_args()
    painters = make_painters(options.checkpoint)
    painters = {name: painters[name] for name in options.painters or painters}
    rows: dict[str, list[list[float]]] = {name: [] for name in painters}
    for still in stills(options.data_path, options.frames, options.stills):
        pictures = {
            "truth": still.frame,
            "mask": still.mask,
            "input": np.where(still.mask[..., None], 128, still.frame),
        }
        for name, painter in painters.items():
            start = time.perf_counter()
            pictures[name] = paint(painter, still)
            seconds = time.perf_counter() - start
            planes = (pictures[name][None], still.frame[None], still.mask[None])
            rows[name].append([*(float(measure(*planes)[0]) for measure in METRICS.values()), seconds])
        for name, picture in pictures.items() if options.output else ():
            (options.output / name).mkdir(parents=True, exist_ok=True)
            write_png(options.output / name / f"{still.name}.png", picture.astype(np.uint8 if name != "mask" else bool))
        print(still.name, flush=True)
    print(f"{'':16}" + "".join(f"{title:>20}" for title in [*METRICS, "seconds per frame"]))
    for name, values in rows.items():
        print(f"{name:16}" + "".join(f"{figure:20.3f}" for figure in np.nanmean(values, axis=0)))
    print(f"{len(next(iter(rows.values())))} frames")


if __name__ == "__main__":
    main()
