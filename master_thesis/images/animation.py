"""Images that hold several pictures: animated WebP, PNG and GIF, and TIFF with pages."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from master_thesis.images.header import FORMATS, UnreadableFrame


def count_pictures(path: str | Path) -> int:
    """Counts the pictures of an image; the further ones of a JPEG (thumbnails, depth) do not count.

    An image that cannot be read counts as one picture, because reading it says why.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            return 1 if image.format in ("JPEG", "MPO") else int(getattr(image, "n_frames", 1))
    except Exception:  # Pillow raises errors of many types on damaged files
        return 1


def refuse_animation(path: str | Path) -> None:
    """Refuses an image that holds several pictures where one is expected.

    Raises:
        UnreadableFrame: it does.
    """
    count = count_pictures(path)
    if count > 1:
        raise UnreadableFrame(f"{path} holds {count} pictures, but one is expected: extract them to single images")
