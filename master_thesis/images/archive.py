"""Images packed in a zip, as published frames and masks of a video are."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from master_thesis.errors import UserError, require
from master_thesis.images.header import MAX_BYTES
from master_thesis.images.listing import is_image, natural_key


def extract_images(archive: Path, folder: Path) -> tuple[str, ...]:
    """Writes the images of a zip into a folder, numbered in natural order of their names.

    Names inside the zip never become paths, and hidden files (``__MACOSX/._00000.png``) are left out.

    Returns:
        The files written.

    Raises:
        UserError: it is not a zip, is damaged or encrypted, holds no images, or more bytes than one image may have.
    """
    files = []
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [m for m in packed.infolist() if is_image(PurePosixPath(m.filename).name)]
            require(len(members) > 0, f"{archive} should hold images, but has none")
            num_bytes = sum(member.file_size for member in members)
            require(num_bytes <= MAX_BYTES, f"{archive} holds {num_bytes} bytes, more than the limit of {MAX_BYTES}")
            for i, member in enumerate(sorted(members, key=lambda m: natural_key(m.filename))):
                path = folder / f"{i:06d}{PurePosixPath(member.filename).suffix.lower()}"
                path.write_bytes(packed.read(member))
                files.append(str(path))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise UserError(f"{archive} should be a zip of images, but cannot be read ({error})") from None
    return tuple(files)
