"""What the rows of ``stress.cases`` are made with."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from stress.videos import box_mask


@dataclass(frozen=True)
class Case:
    """One row: the files, and how they are filled.

    Attributes:
        video: the video.
        mask: its mask.
        output: name of the result; empty: the default.
        options: further words of the command.
        is_doubled: whether every frame is there twice, so that both should be filled alike.
    """

    video: Path
    mask: Path
    output: str = "out.mp4"
    options: list[str] = field(default_factory=list)
    is_doubled: bool = False


def white(mask: np.ndarray, value: int = 255) -> np.ndarray:
    """A mask as a grey picture."""
    return (mask * value).astype(np.uint8)


def save(path: Path, picture: np.ndarray) -> Path:
    """Writes a picture."""
    Image.fromarray(picture).save(path)
    return path


def mask_png(folder: Path, size: tuple[int, int] = (48, 64)) -> Path:
    """Writes a mask with the usual box."""
    return save(folder / "mask.png", white(box_mask(size)))


def remux(path: Path, made: Path, shift: Fraction = Fraction(0)) -> Path:
    """Copies all streams to another container, with all times moved."""
    with av.open(str(path)) as source, av.open(str(made), "w") as output:
        streams = {s.index: output.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                ticks = round(shift / packet.time_base)
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
    return made


def joined(path: Path, parts: list[Path]) -> Path:
    """Appends files to one another."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path
