"""Carried masks against true ones: region similarity, recall after widening, time, and the doubtful frames.

The true masks of the key frames are given, and count in no figure. Recall is that of masks widened as `remove` does it.
Doubtful: the share of frames that are listed as such; poor: frames of less similarity than 0.6; found: poor frames that
are listed. Time is that of the processor, per frame of the clip.

    python -m benchmarks.quality masks --data_path DAVIS
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.quality.kept_tracks import KeptTracks
from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.listing import images_in
from master_thesis.images.masks import dilate
from master_thesis.masking.carrying import Carrier, Tracker, load_carrier, working_size
from master_thesis.masking.finishing import enlarge, reduce_mask
from master_thesis.masking.outline import FrameMarks, outline
from master_thesis.masking.spans import DOUBTFUL_BELOW, carry_span, plan_spans
from master_thesis.video.mask_scan import outlined_with
from master_thesis.video.survey import bounding_box

WIDENING_PX = 4
POOR = 0.6
"""Frames below this similarity should be among the doubtful ones."""
KEYS = {"one": lambda n: [0], "three": lambda n: [0, n // 2, n - 1], "20": lambda n: list(range(0, n, 20))}


@dataclass(frozen=True)
class Row:
    """Figures of one frame."""

    similarity: float
    recall: float
    confidence: float

    @property
    def line(self) -> str:
        """The figures as text."""
        return f"{self.similarity:.3f} {self.recall:.3f} {self.confidence:.3f}"


def similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union; 1 if both are empty."""
    union = (first | second).sum()
    return float((first & second).sum() / union) if union else 1.0


def boxed(pictures: Sequence[np.ndarray], key: int, mask: np.ndarray) -> np.ndarray:
    """The outline in the box around a mask."""
    box = bounding_box(mask)
    if box is None:
        return mask
    neighbours = [pictures[t] for t in outlined_with(key, lambda t: 0 <= t < len(pictures))]
    return outline(pictures[key], FrameMarks((box.left, box.top, box.right, box.bottom)), neighbours)


def measure(
    folder: Path, masks: Path, keys: Sequence[int], num_frames: int, is_boxed: bool, kept: Path | None = None
) -> tuple[list[Row], float]:
    """Carries the masks of the key frames, or what is outlined in boxes around them.

    Returns:
        The figures of the other frames, and CPU seconds per frame.
    """
    pictures = [read_frame(path) for path in images_in(folder)[:num_frames]]
    truth = [read_mask(path) for path in images_in(masks)[:num_frames]]
    size = working_size(truth[0].shape)
    start = time.process_time()
    frames = [cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA) for picture in pictures]
    carrier: Tracker = Carrier(load_carrier(), frames.__getitem__, size)
    if kept:
        carrier = KeptTracks(carrier, kept)
    marked = {key: boxed(pictures, key, truth[key]) if is_boxed else truth[key] for key in keys}
    if is_boxed:
        print(f"outline  {folder.name:20} " + " ".join(f"{similarity(marked[k], truth[k]):5.3f}" for k in keys))
    known = {key: reduce_mask(mask, size) for key, mask in marked.items()}
    found = [
        (each.frame, enlarge(each.mask, truth[0].shape), each.confidence)
        for span in plan_spans(len(frames), [], keys)
        for each in carry_span(carrier, known, span)
    ]
    seconds = (carrier.seconds if isinstance(carrier, KeptTracks) else time.process_time() - start) / len(frames)
    rows = []
    for frame, mask, confidence in found:
        true = truth[frame]
        wide = dilate(mask, (3, 3), WIDENING_PX)
        rows.append(Row(similarity(mask, true), float((wide & true).sum() / max(true.sum(), 1)), confidence))
    return rows, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", type=Path, required=True, help="a folder with JPEGImages and Annotations")
    parser.add_argument("--keys", nargs="+", choices=KEYS, default=list(KEYS))
    parser.add_argument("--sequences", nargs="+", default=[])
    parser.add_argument("--boxes", action="store_true", help="give boxes around the true masks instead of these")
    parser.add_argument("--kept", type=Path, help="keep what is carried in this folder, and take what is there already")
    parser.add_argument("--max_frames", type=int, default=60)
    parser.add_argument("--frames", type=Path, help="also write the figures of every frame to this file")
    options = parser.parse_args()
    root = options.data_path / "JPEGImages" / "480p"
    names = options.sequences or sorted(path.name for path in root.iterdir())
    print("key frames  sequence             J      recall  doubtful  poor  found  CPU s", flush=True)
    for kind in options.keys:
        rows, means = [], []
        for name in names:
            kept = kept_at(options, kind, name)
            true = options.data_path / "Annotations" / "480p" / name
            num_frames = min(len(images_in(true)), options.max_frames)
            found, seconds = measure(root / name, true, KEYS[kind](num_frames), num_frames, options.boxes, kept)
            rows += found
            means.append((*summary(found), seconds))
            show(kind, name, *means[-1])
            if options.frames:
                with options.frames.open("a") as file:
                    file.writelines(f"{kind} {name} {row.line}\n" for row in found)
        show(kind, "mean", *np.mean(np.array([m[:3] for m in means]), axis=0), *summary(rows)[3:], means_of(means))


def kept_at(options: argparse.Namespace, kind: str, name: str) -> Path | None:
    """Where the masks of a sequence are kept, as the beginning of a file name."""
    way = f"{kind}-boxes" if options.boxes else kind
    return options.kept / way / name if options.kept else None


def summary(rows: Sequence[Row]) -> tuple[float, float, float, int, int]:
    """Mean similarity, mean recall, share of doubtful frames, poor frames, and how many of these are doubtful."""
    poor = [row for row in rows if row.similarity < POOR]
    doubtful = [row.confidence < DOUBTFUL_BELOW for row in rows]
    num_found = sum(row.confidence < DOUBTFUL_BELOW for row in poor)
    means = (float(np.mean([getattr(row, name) for row in rows])) for name in ("similarity", "recall"))
    return (*means, float(np.mean(doubtful)), len(poor), num_found)  # type: ignore[return-value]


def means_of(means: Sequence[tuple[float, ...]]) -> float:
    """Mean CPU seconds per frame."""
    return float(np.mean([m[-1] for m in means]))


def show(kind: str, name: str, *figures: float) -> None:
    """Prints one line."""
    j, recall, doubtful, poor, found, seconds = figures
    left = f"{kind:10}  {name:20} {j:5.3f}  {recall:5.3f}   {100 * doubtful:5.1f} %"
    print(f"{left}  {poor:4.0f}  {found:5.0f}  {seconds:6.2f}", flush=True)


if __name__ == "__main__":
    main()
