"""Ways to spoil a file: by its bytes, or by what they mean."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NUMBERS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\1\0", b"\x80\0\0\0")
"""Values that overwrite fields of a header."""
ODD: tuple[Any, ...] = (None, True, -1, 0, 2**31, 10**30, 1e308, "", "..", "/etc", "\0", "a" * 5000, [], {}, [[[]]])
"""Values that replace those of JSON."""


def spoiled(data: bytes, rng: random.Random) -> bytes:
    """Returns bytes with one to eight faults: changed, overwritten, removed, repeated, inserted or truncated."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        # Headers decide what is allocated, so half of the faults go there.
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
    """Returns a zip file, as checkpoints are, with one spoiled member and valid checksums."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as original, zipfile.ZipFile(made, "w", rng.choice((0, 8))) as changed:
        names = original.namelist()
        # The pickle decides how everything else is read, so half of the faults go there.
        pickles = [name for name in names if name.endswith(".pkl")]
        target = rng.choice(pickles if pickles and rng.random() < 0.5 else names)
        for name in names:
            content = original.read(name)
            changed.writestr(name, spoiled(content, rng) if name == target else content)
    return made.getvalue()


def spoiled_json(text: str, rng: random.Random) -> str:
    """Returns JSON with one to three values replaced or removed."""
    document = json.loads(text)
    for _ in range(rng.randint(1, 3)):
        places = list(_places(document))
        if not places:
            break
        container, key = rng.choice(places)
        if rng.random() < 0.2:
            del container[key]
        else:
            container[key] = rng.choice(ODD)
    return json.dumps(document)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Returns the place of every value in a document, as container and key."""
    keys: Sequence[Any] = (
        list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    found = [(value, key) for key in keys]
    return found + [place for key in keys for place in _places(value[key])]


def spoiled_weights(data: bytes, rng: random.Random) -> bytes:
    """Returns a safetensors file with a spoiled header of valid length."""
    (length,) = struct.unpack("<Q", data[:8])
    header = spoiled_json(data[8 : 8 + length].decode(), rng).encode()
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def spoiled_file(path: Path, rng: random.Random) -> bytes:
    """Returns the content of a file, spoiled by its bytes or, half of the time, by what they mean."""
    data = path.read_bytes()
    is_deep = rng.random() < 0.5
    if is_deep and data[:2] == b"PK":
        return spoiled_archive(data, rng)
    if is_deep and path.suffix == ".json":
        return spoiled_json(data.decode(), rng).encode()
    if is_deep and path.suffix == ".safetensors":
        return spoiled_weights(data, rng)
    return spoiled(data, rng)
