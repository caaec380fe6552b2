"""Frames and headers of videos, and the messages about broken ones."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.video.io import decoding
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.writer import write_video
from stress.videos import CONTAINERS, VARIABLE, Clip, moving_frames, write_noise


@pytest.mark.parametrize("clip", CONTAINERS, ids=lambda clip: clip.name)
def test_frames_are_read_as_they_were_written(tmp_path: Path, clip: Clip) -> None:
    source = open_source(clip.write(tmp_path))
    frames = list(source.frames())
    assert len(frames) == len(clip.times)
    assert source.info.size == clip.size == frames[0].image.shape[:2]
    assert len(source.info.audio_codecs) == (clip.audio is not None)
    tolerance = 60 if clip.codec == "gif" else 25
    for frame, written in zip(frames, moving_frames(len(clip.times), clip.size), strict=True):
        assert np.abs(frame.image.astype(int) - written).mean() < tolerance


def test_times_may_vary(tmp_path: Path) -> None:
    source = open_source(Clip(times=VARIABLE).write(tmp_path))
    times = [frame.pts * source.info.timing.time_base for frame in source.frames()]
    assert times == [Fraction(t, 25) for t in VARIABLE]


def test_a_source_can_be_decoded_repeatedly(tmp_path: Path) -> None:
    source = open_source(Clip().write(tmp_path))
    first, second = ([frame.image for frame in source.frames()] for _ in range(2))
    assert (np.stack(first) == np.stack(second)).all()


def test_colours_are_read_as_players_read_them(tmp_path: Path) -> None:
    red = [np.full((720, 16, 3), (200, 20, 20), np.uint8)]
    for name, size in (("hd.mkv", 720), ("sd.mkv", 64)):  # untagged: written as BT.601, so that HD must differ
        path = Clip(name, "ffv1", "yuv444p", times=(0,)).write(tmp_path, [red[0][:size]])
        shown = next(open_source(path).frames()).image[0, 0].astype(int)
        assert (np.abs(shown - red[0][0, 0]).max() > 8) == (size == 720)


def test_headers_give_bits_transparency_and_rotation(tmp_path: Path) -> None:
    assert open_source(Clip("ten.mkv", "ffv1", "yuv420p10le").write(tmp_path)).info.bits == 10
    alpha = Clip("alpha.mov", "qtrle", "argb", alpha=np.zeros((48, 64), np.uint8))
    assert open_source(alpha.write(tmp_path)).info.has_alpha
    hdr = Clip("hdr.mp4", pix_fmt="yuv420p10le", options={"color_trc": "smpte2084"})
    assert open_source(hdr.write(tmp_path)).info.is_hdr
    combed = Clip("combed.mp4", options={"flags": "+ildct", "x264-params": "tff=1"})
    assert open_source(combed.write(tmp_path)).info.is_interlaced
    info = open_source(Clip("turned.mp4", rotation=90).write(tmp_path)).info
    assert not info.is_hdr
    assert not info.is_interlaced
    assert info.display_matrix is not None
    assert (info.display_matrix[0], info.has_alpha, info.bits) == (0, False, 8)


def test_a_damaged_tail_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, moving_frames(60), 25)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    source = open_source(path)
    with pytest.raises(
        UserError, match=r"damaged after \d+ complete frames \(truncated packet\); repair it, or cut it before"
    ):
        list(source.frames())


def overwrite_packet(path: Path, number: int, start: float) -> Path:
    """Replaces the end of a packet by zeros, from a share of its length on."""
    with av.open(str(path)) as container:
        packet = [bytes(p) for p in container.demux(video=0) if p.size][number]
    kept = int(start * len(packet))
    path.write_bytes(path.read_bytes().replace(packet, packet[:kept] + bytes(len(packet) - kept)))
    return path


def test_damaged_frames_are_reported(tmp_path: Path) -> None:
    source = open_source(overwrite_packet(Clip("clip.mkv").write(tmp_path), 0, start=0.5))
    with pytest.raises(
        UserError, match=r"damaged after 0 complete frames \(damaged frame\); repair it, or cut it before"
    ):
        list(source.frames())
    with pytest.raises(UserError, match=r"ffv1\.mkv: the first frame cannot be decoded \(invalid data found"):
        open_source(overwrite_packet(Clip("ffv1.mkv", "ffv1").write(tmp_path), 0, start=0))


def test_a_change_of_size_is_reported(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sizes.mkv"), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for time, size in enumerate(((48, 64), (32, 64))):
            for packet in jpeg_packets(moving_frames(1, size)[0]):
                packet.stream, packet.pts, packet.dts, packet.time_base = stream, time, time, Fraction(1, 25)
                container.mux(packet)
    with pytest.raises(UserError, match=r"sizes\.mkv: the size changes from 64 x 48 to 64 x 32"):
        list(open_source(tmp_path / "sizes.mkv").frames())


def jpeg_packets(image: np.ndarray) -> list[av.Packet]:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.height, encoder.width = image.shape[:2]
    encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
    picture = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuvj420p")
    return [*encoder.encode(picture), *encoder.encode(None)]


def test_the_end_of_the_last_frame_is_read(tmp_path: Path) -> None:
    for name in ("clip.mp4", "clip.mkv"):
        timing = open_source(Clip(name).write(tmp_path)).info.timing
        assert timing.end is not None
        assert timing.end * timing.time_base == Fraction(8, 25)


def test_files_that_are_not_videos_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.mp4: there is no such file or folder"):
        open_source(tmp_path / "nowhere.mp4")
    (tmp_path / "text.mp4").write_text("this is not a video")
    with pytest.raises(UserError, match=r"text\.mp4: cannot be read as a video"):
        open_source(tmp_path / "text.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UserError, match=r"empty\.mp4: cannot be read as a video"):
        open_source(tmp_path / "empty.mp4")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="folder: contains no images"):
        open_source(tmp_path / "folder")


def test_files_without_video_are_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        sound = container.add_stream("aac", rate=48000)
        sound.layout = "mono"
        write_noise(container, sound, 0.2)
    with pytest.raises(UserError, match=r"sound\.mp4: contains sound but no video"):
        open_source(tmp_path / "sound.mp4")
    (tmp_path / "text.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    with pytest.raises(UserError, match=r"text\.srt: contains no video"):
        open_source(tmp_path / "text.srt")
    with av.open(str(tmp_path / "no_frames.avi"), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(UserError, match=r"no_frames\.avi: contains no frames"):
        open_source(tmp_path / "no_frames.avi")


def test_unknown_codecs_of_video_and_sound(tmp_path: Path) -> None:
    video = Clip("clip.mkv", audio="libopus").write(tmp_path)
    data = video.read_bytes()
    assert b"V_MPEG4/ISO/AVC" in data
    video.write_bytes(data.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/AVC"))
    with pytest.raises(UserError, match=r"clip\.mkv: the video codec is unknown"):
        open_source(video)
    video.write_bytes(data.replace(b"A_OPUS", b"A_SUPO"))
    assert open_source(video).info.audio_codecs == ("unknown",)


def test_frames_larger_than_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Clip().write(tmp_path)
    monkeypatch.setattr(decoding, "MAX_PIXELS", 1000)
    with pytest.raises(UserError, match="frames should have at most 67 megapixels, got 0"):
        open_source(path)


def test_frames_of_a_folder_should_have_one_size(tmp_path: Path) -> None:
    for name, size in (("0", (8, 8)), ("1", (8, 9))):
        write_png(tmp_path / f"{name}.png", np.zeros((*size, 3), np.uint8))
    with pytest.raises(UserError, match=r"1\.png: should be 8 x 8 like the first frame, got 9 x 8"):
        list(open_source(tmp_path).frames())
