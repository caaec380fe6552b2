"""Carried masks against true ones: region similarity, recall after widening, time, and the doubtful frames.

The true masks of the key frames are given, and count in no figure. J is that of the masks; recall and area are those of
what `remove` takes: masks with what is unsure, widened, and its area as a share of that of the true mask. Alone: the
recall without what is unsure. Doubtful: the share of frames that are listed as such; poor: frames of less similarity
than 0.6; found: poor frames that are listed. Time is that of the processor, per frame of the clip.

    python -m benchmarks.quality masks --data_path DAVIS
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.quality.kept_tracks import KeptTracks
from master_thesis.configs.masking import CARRIER
from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.listing import images_in
from master_thesis.images.masks import dilate
from master_thesis.masking.carrying import Tracker, load_carrier, make_carrier, working_size
from master_thesis.masking.confidence import DOUBTFUL_BELOW
from master_thesis.masking.finishing import enlarge, reduce_mask
from master_thesis.masking.outline import FrameMarks, Outline, outline
from master_thesis.masking.refining import FRAME_PIXELS, refine_masks
from master_thesis.masking.spans import FrameMask, carry_span, limited, plan_spans
from master_thesis.video.mask_scan import outlined_with
from master_thesis.video.survey import bounding_box

WIDENING_PX = 4
POOR = 0.6
"""Frames below this similarity should be among the doubtful ones."""
TITLES = ("J", "recall", "alone", "area", "doubtful", "poor", "found", "CPU s")
KEYS = {"one": lambda n: [0], "three": lambda n: [0, n // 2, n - 1], "20": lambda n: list(range(0, n, 20))}


@dataclass(frozen=True)
class Row:
    """Figures of one frame: what :data:`TITLES` says, in its order, and the confidence."""

    similarity: float
    recall: float
    recall_alone: float
    area: float
    confidence: float

    @property
    def line(self) -> str:
        """The figures as text."""
        return " ".join(f"{value:.3f}" for value in astuple(self))


@dataclass(frozen=True)
class Clip:
    """A sequence with its true masks."""

    name: str
    pictures: Sequence[np.ndarray]
    truth: Sequence[np.ndarray]

    @classmethod
    def read(cls, root: Path, name: str, max_frames: int) -> Clip:
        """The first frames of a sequence."""
        frames, masks = (root / kind / "480p" / name for kind in ("JPEGImages", "Annotations"))
        truth = [read_mask(path) for path in images_in(masks)[:max_frames]]
        return cls(name, [read_frame(path) for path in images_in(frames)[: len(truth)]], truth)


def similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union; 1 if both are empty."""
    union = (first | second).sum()
    return float((first & second).sum() / union) if union else 1.0


def boxed(pictures: Sequence[np.ndarray], key: int, mask: np.ndarray) -> Outline:
    """The outline in the box around a mask."""
    box = bounding_box(mask)
    if box is None:
        return Outline(mask)
    neighbours = [pictures[t] for t in outlined_with(key, lambda t: 0 <= t < len(pictures))]
    return outline(pictures[key], FrameMarks((box.left, box.top, box.right, box.bottom)), neighbours)


def outlined(clip: Clip, keys: Sequence[int], is_boxed: bool) -> dict[int, Outline]:
    """The true masks of the key frames, or what is outlined in boxes around them."""
    true = {key: clip.truth[key] for key in keys}
    outlines = {key: boxed(clip.pictures, key, true[key]) if is_boxed else Outline(true[key]) for key in keys}
    if is_boxed:
        shown = (f"{similarity(outlines[key].mask, true[key]):.3f} ({outlines[key].certainty:.2f})" for key in keys)
        print(f"outline  {clip.name:20} " + " ".join(shown))
    return outlines


def carry(
    pictures: Sequence[np.ndarray], outlines: Mapping[int, Outline], kept: Path | None = None
) -> tuple[list[FrameMask], float]:
    """Carries the masks of the key frames.

    Returns:
        The masks of the other frames, and CPU seconds per frame.
    """
    size, network = working_size(pictures[0].shape[:2], FRAME_PIXELS), load_carrier()
    frames = [cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA) for picture in pictures]
    carrier: Tracker = make_carrier(network, frames.__getitem__, size)
    if kept:
        carrier = KeptTracks(carrier, kept)
    certainty = {key: each.certainty for key, each in outlines.items()}
    seconds, found = 0.0, list[FrameMask]()
    for span in plan_spans(len(frames), [], list(outlines)):
        known, fine = ({key: reduce_mask(outlines[key].mask, to) for key in span.keys} for to in (carrier.size, size))
        start = time.process_time()
        carried = list(carry_span(carrier, known, span))
        seconds += 0 if isinstance(carrier, KeptTracks) else time.process_time() - start
        start = time.process_time()
        refined = refine_masks(carried, network, frames.__getitem__, fine)
        found += [limited(each, span, certainty) for each in refined]
        seconds += time.process_time() - start
    seconds += carrier.seconds if isinstance(carrier, KeptTracks) else 0
    return found, seconds / len(frames)


def score(found: FrameMask, true: np.ndarray, unsure: float) -> Row:
    """The figures of a frame; pixels of more than a probability are removed with the mask."""
    mask, more = enlarge(found.mask, true.shape), enlarge(found.mask, true.shape, unsure)
    alone, wide = (dilate(each, (3, 3), WIDENING_PX) for each in (mask, mask | more))
    area = max(int(true.sum()), 1)
    recall, recall_alone = (float((each & true).sum() / area) for each in (wide, alone))
    return Row(similarity(mask, true), recall, recall_alone, float(wide.sum() / area), found.confidence)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", type=Path, required=True, help="a folder with JPEGImages and Annotations")
    parser.add_argument("--keys", nargs="+", choices=KEYS, default=list(KEYS))
    parser.add_argument("--sequences", nargs="+", default=[])
    parser.add_argument("--boxes", action="store_true", help="give boxes around the true masks instead of these")
    parser.add_argument("--unsure", type=float, default=CARRIER.unsure, help="as of `master_thesis mask`")
    parser.add_argument("--kept", type=Path, help="keep what is carried in this folder, and take what is there already")
    parser.add_argument("--max_frames", type=int, default=60)
    parser.add_argument("--frames", type=Path, help="also write the figures of every frame to this file")
    options = parser.parse_args()
    names = options.sequences or sorted(path.name for path in (options.data_path / "JPEGImages" / "480p").iterdir())
    print(f"{'key frames':10}  {'sequence':20} " + " ".join(f"{title:>8}" for title in TITLES), flush=True)
    for kind in options.keys:
        rows, means = [], []
        for name in names:
            clip = Clip.read(options.data_path, name, options.max_frames)
            marked = outlined(clip, KEYS[kind](len(clip.truth)), options.boxes)
            found, seconds = carry(clip.pictures, marked, kept_at(options, kind, name))
            scored = [score(each, clip.truth[each.frame], options.unsure) for each in found]
            rows += scored
            means.append((*summary(scored), seconds))
            show(kind, name, means[-1])
            if options.frames:
                with options.frames.open("a") as file:
                    file.writelines(f"{kind} {name} {row.line}\n" for row in scored)
        mean = np.mean(np.array(means), axis=0)
        show(kind, "mean", (*mean[:5], *summary(rows)[5:], mean[-1]))


def kept_at(options: argparse.Namespace, kind: str, name: str) -> Path | None:
    """Where the masks of a sequence are kept, as the beginning of a file name."""
    way = f"{kind}-boxes" if options.boxes else kind
    return options.kept / way / name if options.kept else None


def summary(rows: Sequence[Row]) -> tuple[float, ...]:
    """Means of the figures, the share of doubtful frames, poor frames, and how many of these are doubtful."""
    is_poor = np.array([row.similarity < POOR for row in rows])
    is_doubtful = np.array([row.confidence < DOUBTFUL_BELOW for row in rows])
    means = np.mean([astuple(row)[:4] for row in rows], axis=0)
    return (*map(float, means), float(is_doubtful.mean()), int(is_poor.sum()), int((is_poor & is_doubtful).sum()))


def show(kind: str, name: str, figures: Sequence[float]) -> None:
    """Prints one line."""
    forms = (".3f", ".3f", ".3f", ".2f", ".1%", ".0f", ".0f", ".2f")
    cells = (f"{figure:8{form}}" for figure, form in zip(figures, forms, strict=True))
    print(f"{kind:10}  {name:20} " + " ".join(cells), flush=True)


if __name__ == "__main__":
    main()
