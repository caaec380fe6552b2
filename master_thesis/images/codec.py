"""Reads and writes frames and masks; no file is trusted.

Convention:
    Frames are upright (EXIF orientation applied), RGB, uint8, ``(H, W, 3)``; masks are bool, ``(H, W)``, True = hole.
    JPEG is decoded by PyTurboJPEG where libturbojpeg is installed, otherwise by OpenCV; the log names the decoder.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Shaped, UInt8, UInt16
from PIL import Image, ImageOps

from master_thesis.errors import UserError
from master_thesis.images.header import FORMATS, Header, UnreadableFrame, frame_size, load

__all__ = [
    "MaskPicture",
    "UnreadableFrame",
    "frame_size",
    "read_frame",
    "read_mask",
    "read_mask_pictures",
    "write_jpeg",
    "write_png",
]

log = logging.getLogger(__name__)

_REDUCED = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
            8: cv2.IMREAD_REDUCED_COLOR_8}  # fmt: skip
_JPEG_MASK_THRESHOLD = 127


def read_frame(path: str | Path, min_size: tuple[int, int] | None = None) -> UInt8[np.ndarray, "H W 3"]:
    """Reads an image as RGB, be it grey, CMYK, indexed, 16 bits deep or with alpha.

    Args:
        path: the image; its format is read from its content, not from its extension.
        min_size: smallest height and width the caller can use. JPEG is decoded at the smallest of the scales 1, 1/2,
            1/4 and 1/8 that still reaches them, which is faster and does not alias. None: full size.

    Raises:
        UnreadableFrame: the file is missing, damaged, not an image, or larger than ``MAX_PIXELS``.
    """
    data, header = load(path)
    reduction = _reduction(header, min_size) if header.is_jpeg else 1
    turbo = _turbojpeg()
    # libturbojpeg neither converts CMYK nor applies the orientation; OpenCV does both.
    if turbo is not None and header.is_jpeg and header.is_upright and header.mode in ("RGB", "L"):
        return _decode_with_turbojpeg(turbo, data, reduction, path)
    return _decode_with_opencv(data, reduction, path)


def read_mask(path: str | Path, object_ids: Sequence[int] | None = None) -> Bool[np.ndarray, "H W"]:
    """Reads a mask: True where the value, or the palette index of an indexed image, is above 0.

    Convention:
        Transparent pixels are known. If every colour of an image with alpha is black, the alpha channel alone is the
        mask. JPEG is lossy: its threshold is 127 instead of 0.

    Args:
        path: the image, usually a PNG.
        object_ids: values of an indexed or grey image that are holes; None: all above 0.

    Raises:
        UnreadableFrame: the file is missing, damaged, not an image, too large, or a colour image although object ids
            are given.
    """
    picture = next(read_mask_pictures(path))
    if object_ids is not None:
        return picture.objects(object_ids, path)
    return picture.above(_JPEG_MASK_THRESHOLD if picture.is_lossy else 0)


@dataclass(frozen=True)
class MaskPicture:
    """A mask as it is stored.

    Attributes:
        values: grey values, palette indices or colours; the last channel of a picture with transparency is that.
        has_alpha: whether the last channel is transparency.
        is_lossy: whether compression has changed the values.
        is_indexed: whether the values are numbers of colours.
    """

    values: Shaped[np.ndarray, "H W *c"]
    has_alpha: bool = False
    is_lossy: bool = False
    is_indexed: bool = False

    def above(self, threshold: int, alpha_threshold: int | None = None) -> Bool[np.ndarray, "H W"]:
        """Where a value is above a threshold and not transparent; where it is opaque if all colours are black."""
        is_set: np.ndarray = np.greater(self.values, threshold)
        if is_set.ndim == 2:
            return is_set
        if not self.has_alpha:
            return np.logical_or.reduce(is_set, axis=-1)
        is_opaque = np.greater(self.values[..., -1], threshold if alpha_threshold is None else alpha_threshold)
        is_coloured = np.logical_or.reduce(is_set[..., :-1], axis=-1)
        return is_opaque & is_coloured if is_coloured.any() else is_opaque

    def objects(self, object_ids: Sequence[int], path: str | Path) -> Bool[np.ndarray, "H W"]:
        """Where the values are those of some objects.

        Raises:
            UnreadableFrame: it is a colour image.
        """
        if self.values.ndim != 2:
            raise UnreadableFrame(f"{path} is a colour image: object ids need an indexed or grey mask")
        return np.isin(self.values, list(object_ids))


def read_mask_pictures(path: str | Path) -> Iterator[MaskPicture]:
    """Reads the pictures of a mask image one after another: one, or those of an animation.

    Raises:
        UnreadableFrame: the file is missing, damaged, not an image, or too large.
    """
    data, header = load(path)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            for number in range(1 if header.is_jpeg else getattr(opened, "n_frames", 1)):
                opened.seek(number)
                image: Image.Image = opened if header.is_upright else ImageOps.exif_transpose(opened)
                if image.mode == "CMYK":  # in which black is 255
                    image = image.convert("L")
                is_indexed = image.mode in ("P", "1")
                yield MaskPicture(np.asarray(image), image.getbands()[-1] == "A", header.is_jpeg, is_indexed)
    except Exception as error:  # Pillow raises errors of many types on damaged files
        raise UnreadableFrame(f"{path} is damaged: {error}") from error


def write_png(path: str | Path, image: UInt8[np.ndarray, "H W 3"] | Bool[np.ndarray, "H W"]) -> None:
    """Writes an RGB frame, or a mask as an indexed PNG (index 1 = hole, shown white)."""
    if image.dtype == np.bool_:
        indexed = Image.fromarray(image.view(np.uint8))
        indexed.putpalette([0, 0, 0, 255, 255, 255])
        data = io.BytesIO()
        indexed.save(data, format="PNG", bits=1)
        _write(path, data.getvalue())
    else:
        _encode(path, image, ".png", [])


def write_numbers(path: str | Path, numbers: UInt16[np.ndarray, "H W"]) -> None:
    """Writes whole numbers up to 65535 as a grey PNG of 16 bits."""
    _write(path, cv2.imencode(".png", numbers, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())


def read_numbers(path: str | Path) -> UInt16[np.ndarray, "H W"]:
    """Reads whole numbers from a grey PNG of 16 bits.

    Raises:
        UnreadableFrame: the file is not such an image.
    """
    numbers = cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if numbers is None or numbers.dtype != np.uint16 or numbers.ndim != 2:
        raise UnreadableFrame(f"{path} should be a grey PNG image of 16 bits")
    return numbers


def write_jpeg(path: str | Path, image: UInt8[np.ndarray, "H W 3"], quality: int = 95) -> None:
    """Writes an RGB frame as JPEG."""
    _encode(path, image, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])


def png_bytes(image: UInt8[np.ndarray, "H W 3"]) -> bytes:
    """An RGB frame as the content of a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def _encode(path: str | Path, image: np.ndarray, kind: str, options: list[int]) -> None:
    is_done, data = cv2.imencode(kind, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not is_done:
        raise UserError(f"{path} could not be encoded")
    _write(path, data.tobytes())


def _write(path: str | Path, data: bytes) -> None:
    try:
        Path(path).write_bytes(data)
    except OSError:
        with contextlib.suppress(OSError):
            Path(path).unlink()  # a partial image would look like a damaged one
        raise


def _reduction(header: Header, min_size: tuple[int, int] | None) -> int:
    """The largest reduction among 8, 4, 2 and 1 that leaves at least ``min_size``."""
    if min_size is None:
        return 1
    fits = (r for r in (8, 4, 2) if -(-header.height // r) >= min_size[0] and -(-header.width // r) >= min_size[1])
    return next(fits, 1)


@functools.cache
def _turbojpeg() -> Any | None:
    """PyTurboJPEG, or None where libturbojpeg is not installed; logs the decoder once per process."""
    try:
        from turbojpeg import TurboJPEG

        turbo = TurboJPEG()
    except (ImportError, RuntimeError, OSError):
        log.info("JPEG is decoded by OpenCV (libturbojpeg is not installed)")
        return None
    except AttributeError:  # libjpeg under the name of libturbojpeg
        log.info("JPEG is decoded by OpenCV (what is installed as libturbojpeg is another library)")
        return None
    warnings.filterwarnings("ignore", module="turbojpeg")  # about slightly damaged data, which OpenCV accepts silently
    log.info("JPEG is decoded by PyTurboJPEG")
    return turbo


def _decode_with_turbojpeg(turbo: Any, data: bytes, reduction: int, path: str | Path) -> np.ndarray:
    try:
        return np.asarray(turbo.decode(data, pixel_format=0, scaling_factor=(1, reduction)))  # 0: RGB
    except (OSError, ValueError, RuntimeError) as error:
        raise UnreadableFrame(f"{path} is damaged: {error}") from error


def _decode_with_opencv(data: bytes, reduction: int, path: str | Path) -> np.ndarray:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), _REDUCED[reduction])
    except cv2.error as error:
        raise UnreadableFrame(f"{path} is damaged") from error
    if image is None:
        raise UnreadableFrame(f"{path} is damaged")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
