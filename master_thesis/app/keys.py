"""Key frames of a session: the masks that were drawn, each in a file."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from PIL import Image

from master_thesis.errors import UserError, require
from master_thesis.images.codec import read_mask, write_png
from master_thesis.runtime.atomic import atomic_path

Mask = Bool[np.ndarray, "H W"]


class KeyFrames:
    """The key frames; an empty mask means that the object is gone from there on.

    Args:
        folder: one file per key frame: ``00012.png``, or ``00012.gone``.
        size: height and width of the masks.
    """

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self.folder, self.size = folder, size
        folder.mkdir(parents=True, exist_ok=True)

    def frames(self) -> dict[int, bool]:
        """Numbers of the key frames, in order, and whether the object is gone."""
        files = [path for path in self.folder.iterdir() if path.stem.isdecimal() and path.suffix in (".png", ".gone")]
        return {int(path.stem): path.suffix == ".gone" for path in sorted(files, key=lambda path: int(path.stem))}

    def mask(self, frame: int) -> Mask | None:
        """The mask of a frame; None if it is no key frame."""
        if self._file(frame, "gone").is_file():
            return np.zeros(self.size, bool)
        path = self._file(frame, "png")
        return read_mask(path) if path.is_file() else None

    def set(self, frame: int, mask: Mask) -> None:
        """Makes a frame a key frame, or replaces its mask."""
        if not mask.any():
            self._file(frame, "gone").touch()
            self._file(frame, "png").unlink(missing_ok=True)
            return
        with atomic_path(self._file(frame, "png")) as part:  # the page may be reading the one before
            write_png(part, np.ascontiguousarray(mask))
        self._file(frame, "gone").unlink(missing_ok=True)

    def remove(self, frame: int) -> None:
        """Turns a key frame into an ordinary frame."""
        for ending in ("png", "gone"):
            self._file(frame, ending).unlink(missing_ok=True)

    @property
    def is_drawn(self) -> bool:
        """Whether the object is drawn on a frame."""
        return not all(self.frames().values())

    def words(self) -> list[str]:
        """The equivalent options of ``mask``; none if the object is drawn on no frame."""
        words = []
        for frame, is_gone in self.frames().items() if self.is_drawn else ():
            words += ["--gone", f"@{frame}"] if is_gone else ["--draw", f"{self._file(frame, 'png')}@{frame}"]
        return words

    def digest(self) -> str:
        """A digest of all masks."""
        digest = hashlib.sha256()
        for frame, is_gone in self.frames().items():
            digest.update(f"{frame} {is_gone}\n".encode())
            digest.update(b"" if is_gone else self._file(frame, "png").read_bytes())
        return digest.hexdigest()[:16]

    def _file(self, frame: int, ending: str) -> Path:
        return self.folder / f"{frame:05d}.{ending}"


def alpha_png(mask: Mask) -> bytes:
    """A mask as a PNG picture: white and opaque inside, transparent outside."""
    alpha = Image.fromarray(mask.view(np.uint8) * np.uint8(255))
    data = io.BytesIO()
    Image.merge("LA", (Image.new("L", alpha.size, 255), alpha)).save(data, format="PNG", compress_level=1)
    return data.getvalue()


def mask_of_png(data: bytes, size: tuple[int, int]) -> Mask:
    """The opaque pixels of a PNG picture.

    Raises:
        UserError: it is not a PNG picture, or has another size.
    """
    height, width = size
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            shown = f"{picture.width} x {picture.height}"
            require(picture.size == (width, height), f"the drawing should be {width} x {height}, got {shown}")
            return np.asarray(picture.convert("RGBA").getchannel("A")) > 127
    except UserError:
        raise
    except Exception as error:  # Pillow raises errors of many types on damaged files
        raise UserError(f"the drawing should be a PNG picture ({error})") from error
