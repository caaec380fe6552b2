"""What videos say of themselves, and how broken ones are told."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.video.io import decoding
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.writer import write_video
from stress.videos import CONTAINERS, VARIABLE, Clip, moving_frames


@pytest.mark.parametrize("clip", CONTAINERS, ids=lambda clip: clip.name)
def test_frames_come_as_they_were_written(tmp_path: Path, clip: Clip) -> None:
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


def test_a_source_plays_as_often_as_wanted(tmp_path: Path) -> None:
    source = open_source(Clip().write(tmp_path))
    first, second = ([frame.image for frame in source.frames()] for _ in range(2))
    assert (np.stack(first) == np.stack(second)).all()


def test_colours_are_read_as_players_read_them(tmp_path: Path) -> None:
    red = [np.full((720, 16, 3), (200, 20, 20), np.uint8)]
    for name, size in (("hd.mkv", 720), ("sd.mkv", 64)):  # untagged: written as BT.601, so that HD must differ
        path = Clip(name, "ffv1", "yuv444p", times=(0,)).write(tmp_path, [red[0][:size]])
        shown = next(open_source(path).frames()).image[0, 0].astype(int)
        assert (np.abs(shown - red[0][0, 0]).max() > 8) == (size == 720)


def test_bits_transparency_and_rotation_are_known(tmp_path: Path) -> None:
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


def test_a_damaged_tail_is_told(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, moving_frames(60), 25)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    source = open_source(path)
    with pytest.raises(UserError, match=r"is damaged after \d+ whole frames .*repair it, or cut it before second"):
        list(source.frames())


def test_the_end_is_known(tmp_path: Path) -> None:
    for name in ("clip.mp4", "clip.mkv"):
        timing = open_source(Clip(name).write(tmp_path)).info.timing
        assert timing.end is not None
        assert timing.end * timing.time_base == Fraction(8, 25)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.mp4: there is no such file or folder"):
        open_source(tmp_path / "nowhere.mp4")
    (tmp_path / "text.mp4").write_text("this is no video")
    with pytest.raises(UserError, match=r"text\.mp4: cannot be read as a video"):
        open_source(tmp_path / "text.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UserError, match=r"empty\.mp4: cannot be read as a video"):
        open_source(tmp_path / "empty.mp4")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="folder: holds no images"):
        open_source(tmp_path / "folder")


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    import av

    from stress.videos import write_noise

    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        sound = container.add_stream("aac", rate=48000)
        sound.layout = "mono"
        write_noise(container, sound, 0.2)
    with pytest.raises(UserError, match=r"sound\.mp4: holds sound but no picture"):
        open_source(tmp_path / "sound.mp4")


def test_pictures_and_sound_of_an_unknown_kind(tmp_path: Path) -> None:
    video = Clip("clip.mkv", audio="libopus").write(tmp_path)
    data = video.read_bytes()
    assert b"V_MPEG4/ISO/AVC" in data
    video.write_bytes(data.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/AVC"))
    with pytest.raises(UserError, match=r"clip\.mkv: its pictures are coded in a way that is not known"):
        open_source(video)
    video.write_bytes(data.replace(b"A_OPUS", b"A_SUPO"))
    assert open_source(video).info.audio_codecs == ("unknown",)


def test_frames_larger_than_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Clip().write(tmp_path)
    monkeypatch.setattr(decoding, "MAX_PIXELS", 1000)
    with pytest.raises(UserError, match="are too large"):
        open_source(path)


def test_frames_of_a_folder_must_have_one_size(tmp_path: Path) -> None:
    for name, size in (("0", (8, 8)), ("1", (8, 9))):
        write_png(tmp_path / f"{name}.png", np.zeros((*size, 3), np.uint8))
    with pytest.raises(UserError, match=r"1\.png: should be 8 x 8 as the first frame, is 9 x 8"):
        list(open_source(tmp_path).frames())
