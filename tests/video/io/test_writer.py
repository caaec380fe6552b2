"""Written videos hold the given frames at their size and times, and appear complete or not at all."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from master_thesis.video.io.encoding import LOSSLESS
from master_thesis.video.io.writer import Geometry, Timing, VideoWriter, write_video


def frames_of(size: tuple[int, int], count: int = 5) -> list[np.ndarray]:
    """A smooth picture that drifts to the right."""
    y, x = np.mgrid[: size[0], : size[1]]
    picture = np.stack((x * 255 // size[1], y * 255 // size[0], (x + y) % 256), axis=-1).astype(np.uint8)
    return [np.roll(picture, 3 * i, axis=1) for i in range(count)]


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("size", [(48, 64), (49, 63), (1, 1)])
def test_write_video_keeps_size_count_and_rate(tmp_path: Path, size: tuple[int, int]) -> None:
    write_video(tmp_path / "clip.mp4", frames_of(size), Fraction(30000, 1001))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        times = [frame.time for frame in container.decode(stream)]
        assert (stream.height, stream.width) == size
        assert stream.average_rate == Fraction(30000, 1001)
        assert times == pytest.approx([i * 1001 / 30000 for i in range(5)])
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_even_sizes_are_stored_as_browsers_need_them(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", frames_of((48, 64)), 25)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
    data = (tmp_path / "clip.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # faststart: plays while it loads


def test_colours_survive_h264(tmp_path: Path) -> None:
    flat = [np.full((32, 32, 3), colour, np.uint8) for colour in ([200, 30, 60], [10, 240, 128])]
    write_video(tmp_path / "clip.mp4", flat, 10)
    for got, want in zip(decoded(tmp_path / "clip.mp4"), flat, strict=True):
        assert np.abs(got.astype(int) - want).max() <= 6


@pytest.mark.parametrize("size", [(48, 64), (49, 63)])
def test_lossless_is_bit_exact(tmp_path: Path, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    with VideoWriter(tmp_path / "clip.mkv", Geometry(size), Timing.constant(25), LOSSLESS) as writer:
        for frame in noise:
            writer.write(frame)
    assert (np.stack(decoded(tmp_path / "clip.mkv")) == noise).all()


def test_an_interrupted_writer_leaves_nothing_and_keeps_an_older_file(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"before")

    def interrupted() -> Iterator[np.ndarray]:
        yield np.zeros((32, 32, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(path, interrupted(), 25)
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]
    assert path.read_bytes() == b"before"


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no frames to write"):
        write_video(tmp_path / "clip.mp4", [], 25)
