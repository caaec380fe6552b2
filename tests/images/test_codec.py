import io
import logging
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from master_thesis.images import codec
from master_thesis.images.codec import (
    read_frame,
    read_mask,
    read_numbers,
    write_jpeg,
    write_numbers,
    write_png,
)
from master_thesis.images.header import UnreadableFrame, frame_size
from tests.factories import png_claiming


@pytest.fixture
def image():
    y, x = np.mgrid[:48, :80]
    return np.stack((x * 3, y * 5, 255 - x * 2), axis=-1).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "convert", "tolerance"),
    [
        ("rgb.png", lambda im: im, 0),
        ("rgb.jpg", lambda im: im, 12),
        ("cmyk.jpg", lambda im: im.convert("CMYK"), 14),
        ("with_alpha.png", lambda im: im.convert("RGBA"), 0),
        ("palette.png", lambda im: im.quantize(256), 24),
        ("image.webp", lambda im: im, 24),
        ("image.bmp", lambda im: im, 0),
        ("image.tiff", lambda im: im, 0),
    ],
)
def test_any_kind_of_image_is_read_as_rgb(tmp_path, image, name, convert, tolerance):
    convert(Image.fromarray(image)).save(tmp_path / name)
    read = read_frame(tmp_path / name)
    assert read.shape == image.shape
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - image).mean() <= tolerance / 4
    assert np.abs(read.astype(int) - image).max() <= tolerance * 2


def test_grey_and_16_bit_images_fill_three_channels(tmp_path, image):
    grey = image[..., 0]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    cv2.imwrite(str(tmp_path / "deep.png"), grey.astype(np.uint16) * 257)
    for name in ("grey.png", "deep.png"):
        np.testing.assert_array_equal(read_frame(tmp_path / name), np.repeat(grey[..., None], 3, axis=2))


def test_the_format_is_read_from_the_content_not_the_extension(tmp_path, image):
    Image.fromarray(image).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    np.testing.assert_array_equal(read_frame(tmp_path / "a.jpg"), image)


@pytest.mark.parametrize(
    ("min_size", "expected"),
    [(None, (200, 320)), ((100, 160), (100, 160)), ((101, 16), (200, 320)), ((50, 60), (50, 80)), ((1, 1), (25, 40)),
     ((900, 900), (200, 320))],
)  # fmt: skip
def test_jpeg_is_decoded_at_the_smallest_scale_that_suffices(tmp_path, min_size, expected):
    write_jpeg(tmp_path / "a.jpg", np.full((200, 320, 3), 90, np.uint8))
    assert read_frame(tmp_path / "a.jpg", min_size).shape[:2] == expected
    assert frame_size(tmp_path / "a.jpg") == (200, 320)


def test_the_orientation_of_a_frame_is_applied(tmp_path, image):
    exif = Image.Exif()
    exif[274] = 6  # the camera was rotated by 90 degrees
    Image.fromarray(image).save(tmp_path / "a.jpg", exif=exif, quality=95)
    assert frame_size(tmp_path / "a.jpg") == (80, 48)
    upright = np.rot90(image, -1).astype(int)
    assert np.abs(read_frame(tmp_path / "a.jpg").astype(int) - upright).mean() < 3
    assert read_frame(tmp_path / "a.jpg", (20, 20)).shape == (40, 24, 3)


def jpeg_bytes(image):
    file = io.BytesIO()
    thumbnail = io.BytesIO()
    Image.fromarray(image[:8, :8]).save(thumbnail, "JPEG")
    Image.fromarray(image).save(file, "JPEG", comment=thumbnail.getvalue())  # has its own end marker
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda p: b"", "is empty"),
        (lambda p: b"not an image", "is not a readable image"),
        (lambda p: jpeg_bytes(p)[:-40], "is truncated"),
        # Cut within a marker, which Pillow 10.1 does not recognise as an image.
        (lambda p: jpeg_bytes(p)[: jpeg_bytes(p).rindex(b"\xff\xda") + 1], "is (truncated|not a readable image)"),
        (lambda p: png_claiming(40, 40), "is damaged"),
        (lambda p: png_claiming(9000, 9000), r"has 9000 x 9000 pixels, more than the limit of 67108864"),
        (lambda p: png_claiming(60_000, 60_000), "is larger than the limit of 67108864 pixels"),
    ],
)
@pytest.mark.parametrize("read", [read_frame, read_mask])
def test_the_error_names_the_unusable_image(tmp_path, image, content, message, read):
    path = tmp_path / "bad.jpg"
    path.write_bytes(content(image))
    with pytest.raises(UnreadableFrame, match=rf"bad\.jpg {message}"):
        read(path)


def test_the_error_names_the_missing_file(tmp_path):
    for read in (read_frame, read_mask, frame_size):
        with pytest.raises(UnreadableFrame, match=r"gone\.png cannot be read: No such file"):
            read(tmp_path / "gone.png")


def test_only_regular_files_of_sensible_size_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    with open(tmp_path / "large.jpg", "wb") as file:
        file.truncate(2**29 + 1)
    for name, message in (("pipe", "is not a file"), ("folder", "is not a file"), ("large", "has 536870913 bytes")):
        with pytest.raises(UnreadableFrame, match=rf"{name}\.jpg {message}"):
            read_frame(tmp_path / f"{name}.jpg")


def test_a_complete_jpeg_with_a_thumbnail_is_read(tmp_path, image):
    (tmp_path / "a.jpg").write_bytes(jpeg_bytes(image) + b"trailing bytes")
    assert read_frame(tmp_path / "a.jpg").shape == image.shape


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"]))
def test_a_mutated_image_gives_pixels_or_an_error_that_names_it(tmp_path, image, data, kind):
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    content = bytearray(file.getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "mutated"
    path.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    for read in (read_frame, read_mask):
        try:
            assert read(path).dtype in (np.uint8, np.bool_)
        except UnreadableFrame as error:
            message = str(error)
            assert message.startswith(str(path))


def test_the_log_names_the_jpeg_decoder_once(tmp_path, image, caplog):
    write_jpeg(tmp_path / "a.jpg", image)
    codec._turbojpeg.cache_clear()
    with caplog.at_level(logging.INFO, logger="master_thesis"):
        for _ in range(3):
            read_frame(tmp_path / "a.jpg")
    assert [("JPEG is decoded by" in record.message) for record in caplog.records] == [True]


class StandInForTurboJPEG:
    """Decodes with OpenCV and records the scaling factors requested."""

    def __init__(self):
        self.factors = []

    def decode(self, data, pixel_format, scaling_factor):
        assert pixel_format == 0
        self.factors.append(scaling_factor)
        if data[-1] == 0:
            raise OSError("Corrupt JPEG data")
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_COLOR_2)[..., ::-1]


def test_turbojpeg_decodes_only_upright_rgb_jpeg(tmp_path, image, monkeypatch):
    turbo = StandInForTurboJPEG()
    monkeypatch.setattr(codec, "_turbojpeg", lambda: turbo)
    write_jpeg(tmp_path / "a.jpg", image)
    Image.fromarray(image).convert("CMYK").save(tmp_path / "cmyk.jpg")
    write_png(tmp_path / "a.png", image)
    for name in ("a.jpg", "cmyk.jpg", "a.png"):
        read_frame(tmp_path / name, (20, 20))
    assert turbo.factors == [(1, 2)]
    (tmp_path / "bad.jpg").write_bytes((tmp_path / "a.jpg").read_bytes() + b"\0")
    with pytest.raises(UnreadableFrame, match=r"bad\.jpg is damaged: Corrupt JPEG data"):
        read_frame(tmp_path / "bad.jpg")


def test_both_decoders_agree(tmp_path, image, monkeypatch):
    if codec._turbojpeg() is None:
        pytest.skip("libturbojpeg is not installed")
    write_jpeg(tmp_path / "a.jpg", image)
    for min_size in (None, (20, 20)):
        turbo = read_frame(tmp_path / "a.jpg", min_size).astype(int)
        with monkeypatch.context() as patch:
            patch.setattr(codec, "_turbojpeg", lambda: None)
            assert np.abs(turbo - read_frame(tmp_path / "a.jpg", min_size)).max() <= 3


@pytest.fixture
def objects():
    index = np.zeros((12, 20), np.uint8)
    index[2:6, 3:9], index[7:11, 10:18] = 1, 3
    return index


def test_in_an_indexed_mask_the_index_counts_not_the_colour(tmp_path, objects):
    image = Image.fromarray(objects)
    image.putpalette([255, 255, 255, 0, 0, 0, 9, 9, 9, 0, 0, 0])  # background white, objects black
    image.save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), objects > 0)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png", [3]), objects == 3)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png", [2]), np.zeros_like(objects, bool))


def test_every_kind_of_mask_is_read(tmp_path, objects):
    hole = objects > 0
    white = np.where(hole, 255, 0).astype(np.uint8)
    black = np.zeros_like(white)
    kinds = {
        "grey.png": Image.fromarray(objects),
        "bilevel.png": Image.fromarray(white).convert("1"),
        "colour.png": Image.fromarray(np.stack((black, objects, black), axis=-1)),
        "opaque.png": Image.fromarray(np.stack((white, black, black, black + 255), axis=-1)),
        "alpha_only.png": Image.fromarray(np.stack((black, black, black, white), axis=-1)),
        "transparent.png": Image.fromarray(np.stack((black + 255,) * 3 + (white,), axis=-1)),
        "lossy.jpg": Image.fromarray(np.kron(white, np.ones((16, 16), np.uint8))),
    }
    for name, image in kinds.items():
        image.save(tmp_path / name)
        read = read_mask(tmp_path / name)
        assert read.dtype == np.bool_
        expected = np.kron(hole, np.ones((16, 16), bool)) if name == "lossy.jpg" else hole
        np.testing.assert_array_equal(read, expected, err_msg=name)


def test_object_ids_need_an_indexed_or_grey_mask(tmp_path, image):
    write_png(tmp_path / "m.png", image)
    with pytest.raises(UnreadableFrame, match=r"m\.png is a colour image: object ids need an indexed or grey mask"):
        read_mask(tmp_path / "m.png", [1])


def test_only_images_of_16_bits_hold_numbers(tmp_path, image):
    numbers = np.array([[0, 1, 700], [65535, 2, 3]], np.uint16)
    write_numbers(tmp_path / "n.png", numbers)
    np.testing.assert_array_equal(read_numbers(tmp_path / "n.png"), numbers)
    write_png(tmp_path / "n.png", image)
    with pytest.raises(UnreadableFrame, match=r"n\.png should be a grey PNG image of 16 bits"):
        read_numbers(tmp_path / "n.png")


def test_written_images_are_read_back_unchanged(tmp_path, image, objects):
    write_png(tmp_path / "frame.png", image)
    np.testing.assert_array_equal(read_frame(tmp_path / "frame.png"), image)
    write_png(tmp_path / "mask.png", objects > 0)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), objects > 0)
    with Image.open(tmp_path / "mask.png") as stored:
        assert stored.mode == "P"


def test_pillow_knows_all_formats_without_loading_those_that_are_refused() -> None:
    script = """
from master_thesis.images import header
from PIL import Image
Image.preinit()
assert set(header.FORMATS) <= set(Image.OPEN), Image.OPEN.keys()
"""
    subprocess.run([sys.executable, "-c", script], check=True)
