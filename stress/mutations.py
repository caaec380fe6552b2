"""Good files of every kind that the package reads, and ways to spoil them."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE = (48, 64)
NUMBERS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\1\0", b"\x80\0\0\0")
"""What fields of a header are overwritten with."""
ODD: tuple[Any, ...] = (None, True, -1, 0, 2**31, 10**30, 1e308, "", "..", "/etc", "\0", "a" * 5000, [], {}, [[[]]])
"""What values of JSON are replaced with."""


def write_images(folder: Path) -> list[Path]:
    """A picture in every format and colour mode that is read."""
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (SIZE[0] // 8, SIZE[1] // 8, 3), dtype=np.uint8))
    picture = small.resize(SIZE[::-1], Image.Resampling.BICUBIC)
    turned = Image.Exif()
    turned[0x112] = 6
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
    options: dict[str, dict[str, Any]] = {"turned.jpg": {"exif": turned}, "progressive.jpg": {"progressive": True}}
    for name, image in made.items():
        image.save(folder / name, **options.get(name, {}))
    return [folder / name for name in made]


def spoiled(data: bytes, rng: random.Random) -> bytes:
    """Bytes with one to eight faults: flipped, overwritten, cut out, doubled, inserted, truncated."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        # Headers decide what is allocated: half of the faults lie there.
        end = len(changed) if rng.random() < 0.5 else min(len(changed), 512)
        at, length = rng.randrange(end) if end else 0, rng.randint(1, 32)
        match rng.randrange(8):
            case 0 | 1:
                changed[at : at + 1] = bytes([rng.randrange(256)])
            case 2:
                changed[at : at + 4] = rng.choice(NUMBERS)
            case 3:
                changed[at : at + length] = rng.randbytes(length)
            case 4:
                del changed[at : at + length]
            case 5:
                changed[at:at] = changed[at : at + length] * rng.choice((1, 2, 50))
            case 6:
                changed[at:at] = rng.randbytes(length)
            case 7 if rng.random() < 0.4:
                del changed[rng.randrange(len(changed) + 1) :]
    return bytes(changed)


def spoiled_archive(data: bytes, rng: random.Random) -> bytes:
    """A zip file (checkpoints are such) with a spoiled member: checksums are right again."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as whole, zipfile.ZipFile(made, "w", rng.choice((0, 8))) as changed:
        names = whole.namelist()
        # The list of objects decides all else: every second time it is that one.
        pickles = [name for name in names if name.endswith(".pkl")]
        target = rng.choice(pickles if pickles and rng.random() < 0.5 else names)
        for name in names:
            content = whole.read(name)
            changed.writestr(name, spoiled(content, rng) if name == target else content)
    return made.getvalue()


def spoiled_json(text: str, rng: random.Random) -> str:
    """JSON with one to three values replaced or left out."""
    document = json.loads(text)
    for _ in range(rng.randint(1, 3)):
        places = list(_places(document))
        if not places:
            break
        holder, key = rng.choice(places)
        if rng.random() < 0.2:
            del holder[key]
        else:
            holder[key] = rng.choice(ODD)
    return json.dumps(document)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Everything inside a document, as holder and key."""
    keys: Sequence[Any] = (
        list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    found = [(value, key) for key in keys]
    return found + [place for key in keys for place in _places(value[key])]


def spoiled_weights(data: bytes, rng: random.Random) -> bytes:
    """A safetensors file whose header claims something else."""
    (length,) = struct.unpack("<Q", data[:8])
    header = spoiled_json(data[8 : 8 + length].decode(), rng).encode()
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def spoiled_file(path: Path, rng: random.Random) -> bytes:
    """The content of a file, spoiled by its bytes or, every second time, by what they mean."""
    data = path.read_bytes()
    is_deep = rng.random() < 0.5
    if is_deep and data[:2] == b"PK":
        return spoiled_archive(data, rng)
    if is_deep and path.suffix == ".json":
        return spoiled_json(data.decode(), rng).encode()
    if is_deep and path.suffix == ".safetensors":
        return spoiled_weights(data, rng)
    return spoiled(data, rng)
