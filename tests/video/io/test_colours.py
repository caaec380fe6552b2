"""Known pixels keep the numbers that the video stores, and conversions neither darken nor shift them."""

from pathlib import Path

import av
import numpy as np
import pytest

from master_thesis.ops.image import FINE
from master_thesis.video.io.colours import BT709, Colours, colours_of, from_rgb, to_fine_rgb, to_rgb, with_known
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.encoding import Encoding, choose_encoding
from master_thesis.video.io.writer import Geometry, Known, Timing, VideoWriter
from stress.videos import Clip, panorama

FULL = Colours(BT709, is_full_range=True)


def bright(height: int = 64, width: int = 96) -> np.ndarray:
    """A sunlit pavement: bright, with fine grain."""
    noise = np.random.default_rng(0).normal(0, 12, (height, width, 1))
    return np.clip(panorama(height, width) // 4 + 170 + noise, 0, 255).astype(np.uint8)


def as_video(pix_fmt: str, colours: Colours = Colours()) -> av.VideoFrame:  # noqa: B008 - it is frozen
    picture = from_rgb(bright(), pix_fmt, colours)
    picture.color_range, picture.colorspace = colours.range_tag, colours.matrix
    return picture


def numbers(picture: av.VideoFrame) -> np.ndarray:
    return picture.to_ndarray().astype(int)


@pytest.mark.parametrize("colours", [Colours(), FULL, Colours(6), Colours(9)], ids=["hd", "full range", "sd", "2020"])
def test_a_bright_picture_survives_rgb(colours: Colours) -> None:
    before = as_video("yuv420p", colours)
    after = from_rgb(to_rgb(before), "yuv420p", colours)
    difference = (numbers(after) - numbers(before))[:64]  # brightness
    assert abs(difference.mean()) < 0.02
    assert np.abs(difference).max() <= 1
    # FFmpeg rounds the colours of full range down once; known pixels are not converted.
    assert abs((numbers(after) - numbers(before))[64:].mean()) < (0.6 if colours.is_full_range else 0.05)


@pytest.mark.parametrize("colours", [Colours(), FULL, Colours(9)], ids=["hd", "full range", "2020"])
def test_16_bits_keep_every_level_of_10(colours: Colours) -> None:
    before = as_video("yuv420p10le", colours)
    levels = np.linspace(64, 940, 64 * 96).reshape(64, 96)
    for plane, values in zip(before.planes, (levels, 512, 512), strict=True):
        np.frombuffer(plane, np.uint16).reshape(plane.height, -1)[:, : plane.width] = values
    after = from_rgb(to_fine_rgb(before), "yuv420p10le", colours)
    assert np.abs((numbers(after) - numbers(before))[:64]).max() <= (1 if colours.is_full_range else 0)
    assert np.abs(to_fine_rgb(before) / FINE - to_rgb(before)).max() < 1.3


def test_full_range_is_read_by_its_tag() -> None:
    white = np.full((16, 16, 3), 255, np.uint8)
    for colours, value in ((Colours(), 235), (FULL, 255)):
        picture = from_rgb(white, "yuv420p", colours)
        picture.color_range = colours.range_tag
        assert (numbers(picture)[:16] == value).all()
        assert (to_rgb(picture) == 255).all()
        assert colours_of(picture).is_full_range == (value == 255)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "nv12", "yuva420p", "yuv411p"])
def test_known_pixels_are_passed_on_and_the_hole_is_filled(pix_fmt: str) -> None:
    native = as_video("yuv420p").reformat(format=pix_fmt)
    target = choose_encoding(pix_fmt, Colours(), (64, 96), "ffv1", None, False).pix_fmt
    hole = np.zeros((64, 96), bool)
    hole[15:32, 33:64] = True
    filled = np.where(hole[..., None], 0, to_rgb(native)[..., :3]).astype(np.uint8)
    result = with_known(filled, hole, native, str(target), Colours())
    plain = native.reformat(format=target)
    for plane, expected in zip(result.planes, plain.planes, strict=False):
        rows, columns = 64 // plane.height, 96 // plane.width
        size = 2 if "10" in str(target) else 1
        got, want = (
            np.frombuffer(p, np.uint16 if size == 2 else np.uint8).reshape(-1, p.line_size // size)[
                : plane.height, : plane.width
            ]
            for p in (plane, expected)
        )
        shared = hole[: plane.height * rows, : plane.width * columns]
        inside = shared.reshape(plane.height, rows, plane.width, columns).all(axis=(1, 3))
        assert (got[~inside] == want[~inside]).all()
    luma = np.frombuffer(result.planes[0], np.uint16 if "10" in str(target) else np.uint8)
    luma = luma.reshape(-1, result.planes[0].line_size // luma.itemsize)[:64, :96]
    assert (luma[hole] == (64 if "10" in str(target) else 16)).all()


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(((a - b) ** 2).mean(), 1e-9)))


def encoded(path: Path, frames, known: bool) -> list[np.ndarray]:
    with VideoWriter(
        path, Geometry((64, 96)), Timing.constant(25), Encoding(colours=Colours(2, False, 2, 2))
    ) as writer:
        for frame in frames:
            writer.write(frame.image, known=Known(frame.native, np.zeros((64, 96), bool)) if known else None)
    with av.open(str(path)) as container:
        return [numbers(picture) for picture in container.decode(video=0)]


def test_h264_loses_no_more_than_plain_x264(tmp_path: Path) -> None:
    frames = [np.roll(bright(), 2 * i, axis=1) for i in range(4)]
    path = Clip("clip.mkv", "ffv1", "yuv420p", size=(64, 96), times=(0, 1, 2, 3)).write(tmp_path, frames)
    with av.open(str(path)) as container:
        source = [numbers(picture) for picture in container.decode(video=0)]
    plain = Clip("plain.mp4", size=(64, 96), times=(0, 1, 2, 3), options={"crf": "16", "bf": "0"})
    with av.open(str(path)) as container, av.open(str(tmp_path / plain.name), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"preset": "medium", "crf": "16", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for picture in container.decode(video=0):
            picture.pict_type = 0
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    with av.open(str(tmp_path / plain.name)) as container:
        wanted = [numbers(picture) for picture in container.decode(video=0)]
    got = encoded(tmp_path / "got.mp4", list(open_source(path).frames()), known=True)
    for rows in (slice(64), slice(64, None)):  # brightness, colours
        ours, theirs = (
            np.mean([psnr(a[rows], s[rows]) for a, s in zip(v, source, strict=True)]) for v in (got, wanted)
        )
        assert ours > theirs - 0.1
    assert abs(np.mean([(a - s)[:64].mean() for a, s in zip(got, source, strict=True)])) < 0.1


@pytest.mark.parametrize("pix_fmt", ["yuv420p10le", "yuv422p10le", "yuv420p"])
def test_ffv1_keeps_every_number_of_known_pixels(tmp_path: Path, pix_fmt: str) -> None:
    frames = [np.roll(bright(), 2 * i, axis=1) for i in range(2)]
    path = Clip("clip.mkv", "ffv1", pix_fmt, size=(64, 96), times=(0, 1)).write(tmp_path, frames)
    source = open_source(path)
    encoding = choose_encoding(source.info.pix_fmt, source.info.colours, (64, 96), "ffv1", None, False)
    with VideoWriter(tmp_path / "out.mkv", source.info.geometry, source.info.timing, encoding) as writer:
        for frame in source.frames():
            writer.write(frame.image, frame.pts, Known(frame.native, np.zeros((64, 96), bool)))
    with av.open(str(path)) as before, av.open(str(tmp_path / "out.mkv")) as after:
        for want, got in zip(before.decode(video=0), after.decode(video=0), strict=True):
            assert got.format.name == want.format.name == pix_fmt
            assert all(bytes(a) == bytes(b) for a, b in zip(got.planes, want.planes, strict=True))


@pytest.mark.parametrize(("pix_fmt", "rows", "columns"), [("yuv420p", 2, 2), ("yuv422p", 1, 2), ("yuv444p", 1, 1)])
def test_a_shared_sample_is_filled_where_all_of_its_pixels_are(pix_fmt: str, rows: int, columns: int) -> None:
    native = as_video(pix_fmt)
    hole = np.random.default_rng(0).random((64, 96)) < 0.8
    inverted = 255 - to_rgb(native)
    result, filled = with_known(inverted, hole, native, pix_fmt, Colours()), from_rgb(inverted, pix_fmt, Colours())
    inside = hole.reshape(64 // rows, rows, 96 // columns, columns).all(axis=(1, 3))
    for got, new, old in zip(result.planes, filled.planes, native.planes, strict=True):
        values = [
            np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width] for plane in (got, new, old)
        ]
        where = hole if values[0].shape == hole.shape else inside
        assert (values[0] == np.where(where, values[1], values[2])).all()
