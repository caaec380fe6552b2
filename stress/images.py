"""Images in every format and colour mode that is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE = (48, 64)
SIDEWAYS = 6
"""Exif's orientation of an image that is to be rotated by a quarter turn."""


def write_images(folder: Path) -> list[Path]:
    """Writes one picture in all formats and modes; returns the paths."""
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (SIZE[0] // 8, SIZE[1] // 8, 3), dtype=np.uint8))
    picture = small.resize(SIZE[::-1], Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x112] = SIDEWAYS
    deep = Image.fromarray((np.asarray(picture.convert("L")).astype(np.uint16) * 257).astype(np.uint16))
    made = {
        "plain.jpg": picture,
        "turned.jpg": picture,
        "cmyk.jpg": picture.convert("CMYK"),
        "progressive.jpg": picture,
        "plain.png": picture,
        "grey.png": picture.convert("L"),
        "clear.png": picture.convert("RGBA"),
        "indexed.png": picture.convert("P"),
        "deep.png": deep,
        "plain.webp": picture,
        "plain.bmp": picture,
        "plain.tiff": picture,
        "plain.gif": picture,
    }
    options: dict[str, dict[str, Any]] = {"turned.jpg": {"exif": exif}, "progressive.jpg": {"progressive": True}}
    for name, image in made.items():
        image.save(folder / name, **options.get(name, {}))
    return [folder / name for name in made]
