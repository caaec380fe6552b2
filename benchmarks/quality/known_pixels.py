"""What a removal changes outside the hole: mean differences of the planes as they are stored, in levels of 8 bits.

A bright clip (H.264, BT.709) is made, an object is removed from its middle, and luma and chroma are compared far from
the hole, for the default codec and losslessly, beside a plain encoding of the same frames with the default quality:

    python -m benchmarks.quality known_pixels
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data

from master_thesis.images.codec import write_png
from master_thesis.ops.mask import widened_square

SIZE, NUM_FRAMES, DISTANCE_PX = (240, 416), 6, 48
"""Height and width; frames; what lies nearer to the hole is not compared."""
NAMES = ("Y", "U", "V")


def write_clip(path: Path, frames: list[np.ndarray], crf: int) -> None:
    """Writes planes of yuv420p as H.264 with the tags of BT.709."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": str(crf)})
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        stream.codec_context.color_primaries = stream.codec_context.color_trc = 1
        for planes in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        container.mux(stream.encode())


def read_planes(path: Path) -> list[np.ndarray]:
    """The stored planes of every frame, in one array each."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]


def bright_frames() -> list[np.ndarray]:
    """Frames of a camera that pans over a bright, textured picture."""
    photo = 150 + 100 * (skimage.data.brick()[: SIZE[0], :512].astype(np.float32) / 255)
    picture = np.stack([photo, photo * 0.98, photo * 0.94], axis=-1).clip(0, 255).astype(np.uint8)
    views = [np.ascontiguousarray(picture[:, 4 * t : 4 * t + SIZE[1]]) for t in range(NUM_FRAMES)]
    return [cv2.cvtColor(view, cv2.COLOR_RGB2YUV_I420) for view in views]


def differences(result: Path, source: list[np.ndarray], far: np.ndarray) -> list[float]:
    """Mean differences of the three planes far from the hole."""
    (h, w), per_plane = SIZE, [[], [], []]
    halves = far[::2, ::2]
    for made, original in zip(read_planes(result), source, strict=True):
        difference = (made.astype(np.float32) - original).ravel()
        luma, u, v = np.split(difference, [h * w, h * w * 5 // 4])
        for values, plane, where in zip(per_plane, (luma, u, v), (far, halves, halves), strict=True):
            values.append(plane.reshape(where.shape)[where].mean())
    return [float(np.mean(values)) for values in per_plane]


def main() -> None:
    mask = np.zeros(SIZE, bool)
    mask[100:140, 190:230] = True
    far = ~widened_square(mask, DISTANCE_PX)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_png(folder / "mask.png", mask)
        write_clip(folder / "clip.mp4", bright_frames(), crf=10)
        source = read_planes(folder / "clip.mp4")
        write_clip(folder / "plain.mp4", source, crf=16)
        command = [sys.executable, "-m", "master_thesis", "remove", "clip.mp4", "--mask", "mask.png", "--output"]
        for words in (["out.mp4"], ["lossless.mkv", "--lossless"]):
            subprocess.run([*command, *words], cwd=folder, check=True, capture_output=True)
        print(f"{'':12s}" + "".join(f"{plane:>8s}" for plane in NAMES))
        for file, what in (("plain.mp4", "plain x264"), ("out.mp4", "removed"), ("lossless.mkv", "lossless")):
            print(f"{what:12s}" + "".join(f"{value:8.3f}" for value in differences(folder / file, source, far)))


if __name__ == "__main__":
    main()
