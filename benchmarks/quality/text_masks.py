"""Masks of subtitles against the pixels that were drawn, and what removal makes of masks of letters and of lines.

Subtitles in several styles are drawn over videos: one, another at the same place at once after it, a pause, a third.
Recall and precision count pixels of letters with outline and shadow, in all frames; wrong frames are those that show
text without a mask, or have a mask more than the frames that are always added (``FADE_FRAMES``) away from any text.

    python -m benchmarks.quality text_masks --videos DATA/clips/*.mp4
    python -m benchmarks.quality text_masks --videos DATA/clips/*.mp4 --removal
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from master_thesis import InpaintOptions, load_small
from master_thesis.configs.graphics import Graphics
from master_thesis.images.codec import write_png
from master_thesis.images.masks import dilate
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.masking.captions import FADE_FRAMES
from master_thesis.ops.image import to_bytes, to_float
from master_thesis.video.graphics import GraphicMasks
from master_thesis.video.io.decoding import open_source

FONT = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
SIZE, SMALL = (480, 854), (240, 432)
SUBTITLES = (
    (5, 20, "I never said that she stole it"),
    (21, 33, "Then tell me who did, and why"),
    (40, 52, "Stop here"),
)
NUM_FRAMES = 60
WIDENING_PX = 4
"""By which ``remove`` widens masks."""


@dataclass(frozen=True)
class Style:
    """How subtitles look: height in pixels of 480, colour, width of the outline, shadow, opacity."""

    name: str
    height: int
    colour: tuple[int, int, int] = (255, 255, 255)
    outline: int = 0
    shadow: int = 0
    opacity: float = 1.0


STYLES = (
    Style("white, black outline", 24, outline=2),
    Style("yellow, shadow", 24, (255, 230, 60), outline=1, shadow=2),
    Style("white, no outline", 20),
    Style("small, outline", 13, outline=1),
    Style("faint (40 %)", 24, outline=2, opacity=0.4),
)


def write_words(frame: np.ndarray, words: str, style: Style) -> tuple[np.ndarray, np.ndarray]:
    """A frame with a subtitle, and the pixels that it changed."""
    height, width = frame.shape[:2]
    layer, font = Image.new("RGBA", (width, height)), ImageFont.truetype(FONT, style.height * height // 480)
    draw = ImageDraw.Draw(layer)
    x, y = (width - draw.textlength(words, font=font)) // 2, height * 7 // 8
    if style.shadow:
        draw.text((x + style.shadow, y + style.shadow), words, font=font, fill=(0, 0, 0, 160))
    draw.text((x, y), words, font=font, fill=style.colour, stroke_width=style.outline, stroke_fill="black")
    pixels = np.asarray(layer, np.float32)
    alpha = style.opacity * pixels[..., 3:] / 255
    return np.rint(frame * (1 - alpha) + pixels[..., :3] * alpha).astype(np.uint8), pixels[..., 3] > 8


def subtitled(frames: Sequence[np.ndarray], style: Style) -> tuple[list[np.ndarray], np.ndarray]:
    """A clip with subtitles, and the masks of what was drawn."""
    written = []
    for number, frame in enumerate(frames):
        words = next((text for first, last, text in SUBTITLES if first <= number <= last), "")
        written.append(write_words(frame, words, style))
    return [frame for frame, _ in written], np.stack([mask for _, mask in written])


def made_masks(frames: Sequence[np.ndarray], has_boxes: bool = False) -> tuple[np.ndarray, float]:
    """The masks of text, and the seconds per frame."""
    start = time.perf_counter()
    masks = GraphicMasks(Graphics(text=True, text_boxes=has_boxes), frames[0].shape[:2])
    for number, frame in enumerate(frames):
        masks.look(number, frame)
    masks.finish(len(frames), is_alone=False)
    empty = np.zeros(frames[0].shape[:2], bool)
    made = [masks.mask_at(t) for t in range(len(frames))]
    return np.stack([empty if mask is None else mask for mask in made]), (time.perf_counter() - start) / len(frames)


def wrong_frames(masks: np.ndarray, truth: np.ndarray) -> int:
    """Frames with text and no mask, or with a mask and no text nearby."""
    shown, masked = truth.any(axis=(1, 2)), masks.any(axis=(1, 2))
    near = np.convolve(shown, np.ones(2 * FADE_FRAMES + 1), "same") > 0
    return int((shown & ~masked).sum() + (masked & ~near).sum())


def measure(videos: Sequence[Path], styles: Sequence[Style], pictures: Path | None) -> None:
    print("style                  video             recall  widened  precision  widened  wrong frames  s/frame")
    for style in styles:
        for path in videos:
            frames, truth = subtitled(first_frames(path, NUM_FRAMES, SIZE), style)
            masks, seconds = made_masks(frames)
            widened = np.stack([dilate(mask, (3, 3), WIDENING_PX) for mask in masks])
            row = [(found & truth).sum() / total for found in (masks, widened) for total in (truth.sum(), found.sum())]
            shown = f"{row[0]:7.4f}  {row[2]:7.4f}  {row[1]:9.3f}  {row[3]:7.3f}  {wrong_frames(masks, truth):12}"
            print(f"{style.name:22} {path.stem[:16]:16} {shown}  {seconds:7.3f}", flush=True)
            if pictures:
                pictures.mkdir(parents=True, exist_ok=True)
                tint = np.where(masks[10][..., None], frames[10] // 2 + np.array([32, 112, 48], np.uint8), frames[10])
                write_png(pictures / f"{style.name}_{path.stem}.png", np.vstack([frames[10], tint]))


def measure_removal(videos: Sequence[Path], style: Style) -> None:
    """Prints the PSNR around a subtitle that was removed by its letters and by its entire line."""
    inpainter = Inpainter(*load_small(), InpaintOptions("ip", exhaustive=True))
    print("video             letters    lines   (PSNR in dB, of the lines)")
    for path in videos:
        truth = first_frames(path, 48, SMALL)[5:21:2]
        frames = [write_words(frame, SUBTITLES[0][2], style)[0] for frame in truth]
        letters, lines = (
            np.stack([dilate(mask, (3, 3), WIDENING_PX // 2) for mask in made_masks(frames, has_boxes)[0]])
            for has_boxes in (False, True)
        )
        found = [psnr(filled(frames, masks, inpainter), truth, lines) for masks in (letters, lines)]
        print(f"{path.stem[:16]:16} {found[0]:8.2f} {found[1]:8.2f}", flush=True)


def filled(frames: Sequence[np.ndarray], masks: np.ndarray, inpainter: Inpainter) -> np.ndarray:
    """The clip without what masks cover."""
    x = to_float(torch.from_numpy(np.stack(frames))).permute(3, 0, 1, 2).contiguous()
    return to_bytes(inpainter.fill(x, torch.from_numpy(masks)[None].float()).frames).permute(1, 2, 3, 0).numpy()


def psnr(found: np.ndarray, truth: Sequence[np.ndarray], area: np.ndarray) -> float:
    """PSNR in an area, in dB."""
    error = (found.astype(float) - np.stack(truth))[area]
    return float(10 * np.log10(255**2 / max((error**2).mean(), 1e-9)))


def first_frames(path: Path, count: int, size: tuple[int, int]) -> list[np.ndarray]:
    """The first frames of a video at some height and width."""
    frames = islice(open_source(path, 25.0, False).frames(), count)
    return [cv2.resize(frame.image, size[::-1], interpolation=cv2.INTER_AREA) for frame in frames]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=Path, nargs="+", required=True)
    parser.add_argument("--styles", type=int, nargs="+", default=range(len(STYLES)), help="their numbers, from 0")
    parser.add_argument("--removal", action="store_true", help="remove the first style instead")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures of the masks")
    options = parser.parse_args()
    styles = [STYLES[i] for i in options.styles]
    measure_removal(options.videos, styles[0]) if options.removal else measure(options.videos, styles, options.pictures)


if __name__ == "__main__":
    main()
