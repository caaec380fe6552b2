"""Whether a container takes a track is tried, and what was said before the work is what happens."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
import pytest

from master_thesis.configs.video import VideoConfig
from master_thesis.video.io.copying import Companions
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.tracks import CONTAINERS, FALLBACKS, Track, carry, holds_codec, read_tracks, suitable, takes
from master_thesis.video.io.writer import Geometry, Timing, VideoWriter
from master_thesis.video.outputs import output_notices, output_problems, video_suffix
from stress.videos import Clip, moving_frames, packets

TELEPHONES = ("gsm", "gsm_ms", "libopencore_amrnb", "nellymoser")
RATES = dict.fromkeys(TELEPHONES, 8000) | {"g722": 16000, "libopencore_amrwb": 16000}
"""Samples per second of encoders that take no other."""


def encoders() -> list[str]:
    """The encoders of sound that this FFmpeg has."""
    found = []
    for name in sorted(av.codecs_available):
        try:
            found += [name] if av.Codec(name, "w").type == "audio" else []
        except av.codec.codec.UnknownCodecError:
            continue
    return found


def write_sound(folder: Path, encoder: str) -> Path | None:
    """Writes sound into a container that takes it; None if there is none for it."""
    rate = RATES.get(encoder, 48000)
    for suffix in (".nut", ".mkv", ".mov", ".avi", ".wav"):
        path = folder / f"{encoder}{suffix}"
        try:
            with av.open(str(path), "w", options={"strict": "experimental"}) as container:
                layout = "stereo" if encoder.startswith(("s302m", "pcm_s16", "wma", "truehd", "sonic")) else "mono"
                sound = container.add_stream(encoder, rate=rate, options={"strict": "experimental"})
                sound.layout = layout
                sound.bit_rate = 128_000 if encoder.startswith("wma") else 32_000
                for k in range(6):
                    samples = np.zeros((1, 1024), np.int16)
                    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
                    frame.sample_rate, frame.pts = rate, 1024 * k
                    container.mux(sound.encode(frame))
                container.mux(sound.encode(None))
        except (av.error.FFmpegError, ValueError):
            path.unlink(missing_ok=True)
            continue
        return path
    return None


def remuxes(path: Path, tracks: tuple[Track, ...], made: Path) -> bool:
    """Whether the writer can copy tracks into a container."""
    carried = replace(carry(path, (), made.suffix), copied=tracks)
    try:
        with VideoWriter(made, Geometry((16, 16)), Timing.constant(25), None, Companions(path, carried)) as writer:
            for frame in moving_frames(4, (16, 16)):
                writer.write(frame)
    except (av.error.FFmpegError, ValueError):
        return False
    return True


@pytest.mark.filterwarnings("ignore")
def test_every_codec_of_sound_in_every_container(tmp_path: Path) -> None:
    tried, kept = 0, 0
    for encoder in encoders():
        path = write_sound(tmp_path, encoder)
        if path is None:
            continue
        with av.open(str(path)) as container:
            codecs = [s.codec_context.name if s.codec_context else "unknown" for s in container.streams]
            tracks = tuple(Track(i, "audio", codec) for i, codec in enumerate(codecs))
        for suffix in FALLBACKS:
            tried += 1
            is_taken = all(takes(path, track, suffix) for track in tracks)
            kept += is_taken
            known = tuple(track for track in tracks if track.codec != "unknown")
            assert is_taken == (bool(known) and remuxes(path, known, tmp_path / f"out{suffix}")), (encoder, suffix)
            carried = carry(path, tracks, suffix)
            assert len(carried.copied) + len(carried.converted) + len(carried.left_out) == len(tracks)
    assert tried >= 100
    assert kept >= 50
    assert not list(tmp_path.glob("*.part*"))


def test_streams_besides_the_picture_are_listed(tmp_path: Path) -> None:
    path = Clip(audio="aac").write(tmp_path)
    with av.open(str(path)) as container:
        (track,) = read_tracks(container, container.streams.video[0])
    assert (track.kind, track.codec, str(track)) == ("audio", "aac", "sound 1 (aac)")
    assert str(Track(3, "subtitle", "srt", "eng", "Signs")) == "subtitles 3 (srt, eng, Signs)"
    assert not takes(path, replace(track, codec="unknown"), ".mp4")
    assert not takes(path, replace(track, kind="data"), ".mp4")
    assert suitable(path, [track]) == [".mp4", ".mkv", ".mov"]


@pytest.mark.parametrize(
    ("codec", "containers"),
    [("h264", {".mp4", ".m4v", ".mov", ".mkv"}), ("prores", {".mov", ".mkv"}), ("ffv1", {".mkv"})],
)
def test_codecs_of_the_result_are_tried_too(tmp_path: Path, codec: str, containers: set[str]) -> None:
    assert containers <= {suffix for suffix in CONTAINERS if holds_codec(suffix, codec)}
    info = open_source(Clip().write(tmp_path)).info
    config = VideoConfig(video="clip.mp4", mask="mask.png", codec=codec)
    assert video_suffix(config, info) == {"h264": ".mp4", "prores": ".mov", "ffv1": ".mkv"}[codec]
    if not holds_codec(".mp4", codec):
        (problem,) = output_problems(tmp_path / "out.mp4", config, info)
        assert problem.startswith(f".mp4 cannot hold --codec {codec}: use .m")


def test_a_writer_that_cannot_start_leaves_nothing(tmp_path: Path) -> None:
    path = Clip("opus.mkv", audio="libopus").write(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert not remuxes(path, open_source(path).info.tracks, tmp_path / "out.mov")
    assert sorted(tmp_path.iterdir()) == before


def test_sound_survives_both_ways_between_containers(tmp_path: Path) -> None:
    for audio, name, other in (("aac", "a.mp4", ".mkv"), ("libopus", "b.mkv", ".mp4"), ("ac3", "c.mkv", ".mov")):
        path = Clip(name, audio=audio).write(tmp_path)
        info = open_source(path).info
        assert not output_notices(tmp_path / f"o{other}", VideoConfig(video="v", mask="m", output="o"), info)
        assert remuxes(path, info.tracks, tmp_path / f"out{other}")
        kept = packets(path, "audio")[1]
        kept = kept[1:] if audio == "aac" else kept  # in Matroska, without the priming
        assert packets(tmp_path / f"out{other}", "audio")[1] == kept


def write_beep(path: Path, start: float, shift: int = 0) -> Path:
    """Writes a clip of a second whose tone begins at a moment; its times are moved by some samples."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=48000, layout="mono")
        for frame in moving_frames(25):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode(None))
        for k in range(47):
            t = (k * 1024 + np.arange(1024) + shift) / 48000
            wave = np.where(t >= start, np.sin(2 * np.pi * 1000 * (t - start)) / 2, 0)
            frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, k * 1024 + shift, Fraction(1, 48000)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def onsets(path: Path) -> tuple[float, float]:
    """When the tone begins: by the times of the packets, and by counting samples as simple players do."""
    count = 0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.1)
            if loud.size:
                return float(frame.time) + loud[0] / 48000, (count + loud[0]) / 48000
            count += frame.samples
    raise AssertionError("no tone")


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize("shift", [0, 300, -700])
def test_sound_stays_in_step_though_aac_begins_before_the_start(tmp_path: Path, suffix: str, shift: int) -> None:
    """Matroska, as it is written here, cannot say that players should skip the priming of AAC."""
    path = write_beep(tmp_path / "beep.mp4", 0.4, shift)
    source = open_source(path)
    carried = carry(path, source.info.tracks, suffix)
    companions = Companions(path, carried, source.info.clock)
    with VideoWriter(tmp_path / f"out{suffix}", Geometry((48, 64)), Timing.constant(25), None, companions) as writer:
        for frame in source.frames():
            writer.write(frame.image)
    for onset in onsets(tmp_path / f"out{suffix}"):
        assert onset == pytest.approx(onsets(path)[0] - float(source.info.clock.origin), abs=0.012)
