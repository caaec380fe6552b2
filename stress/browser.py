"""Plays results in a browser and compares them with their sources: length, sound in step, colours.

The same pictures encoded by x264 alone are played, too, because a browser shows no codec's colours exactly as a formula
does: what the removal itself changes is the difference between both.

A phone's clip (HEVC, turned, variable rate, full range, 1/600, AAC with an edit list beside a track that cannot be
decoded) and a recording of television (MPEG-2 and AAC, ten hours from 0). At one moment the picture flashes and
the sound begins. Needs ``pip install playwright`` and a Chromium:

    python -m stress browser --chromium /usr/bin/chromium --sheet browser.png
"""

from __future__ import annotations

import argparse
import base64
import functools
import http.server
import io
import json
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

from master_thesis.video.io.encoding import Encoding
from stress.case_files import remux, save, white
from stress.commands import run_here
from stress.videos import box_mask, moving_frames

SIZE, HOLE = (120, 160), (50, 70, 75, 100)
FLASH, FLASH_FRAMES = 24, 3
"""The frame that flashes first, and how many do."""
TONE_HZ, RATE_HZ = 1000, 48000
PLAIN = {"plain": 16, "fine": 1}
"""Encodings by x264 alone, with their CRF: that of a removal, and the finest one that browsers play."""
PAIRS = (("result", "formula"), ("plain", "formula"), ("fine", "formula"), ("result", "plain"), ("plain", "fine"))
"""What is compared: the result, and the source by formula or encoded by x264 alone."""
PAGE = """<body style="margin:0"><video id="v" muted></video><canvas id="c"></canvas><script>
const load = async url => { const data = await (await fetch(url)).blob();  // a blob can be sought in
  return await new Promise((done, fail) => { v.onloadeddata = () => done(v.duration);
    v.onerror = () => fail(v.error.message); v.src = URL.createObjectURL(data); v.load(); }); };
const picture = time => new Promise(done => { v.onseeked = () => requestAnimationFrame(() => {
  c.width = v.videoWidth; c.height = v.videoHeight; c.getContext('2d').drawImage(v, 0, 0);
  done(c.toDataURL('image/png').split(',')[1]); }); v.currentTime = time; });
const onset = async url => { const data = await (await fetch(url)).arrayBuffer();
  const sound = await new OfflineAudioContext(1, 48000, 48000).decodeAudioData(data);
  const samples = sound.getChannelData(0), first = samples.findIndex(s => Math.abs(s) > 0.1);
  return [first / sound.sampleRate, sound.duration]; };
</script>"""


@dataclass(frozen=True)
class Film:
    """A film to fill and to play.

    Attributes:
        path: of the file.
        codecs: of picture and sound.
        times: of the frames, in seconds from the start.
        rotation: degrees by which players turn it.
    """

    path: Path
    codecs: tuple[str, str]
    times: list[Fraction]
    rotation: int = 0


def write(film: Film, base: Fraction, is_full: bool, lead: int) -> Film:
    """Writes a film; the first ``lead`` frames lie before its start."""
    frames = moving_frames(lead + len(film.times), SIZE)
    with av.open(str(film.path), "w") as container:
        options = {"x265-params": "log-level=none:bframes=0"} if film.codecs[0] == "libx265" else {"bf": "0"}
        video: Any = container.add_stream(film.codecs[0], rate=25, options=options)
        video.height, video.width, video.pix_fmt, video.time_base = *SIZE, "yuv420p", base
        video.codec_context.time_base = base
        video.codec_context.color_range, video.codec_context.colorspace = (2 if is_full else 1), 1
        video.codec_context.color_primaries = video.codec_context.color_trc = 1
        video.bit_rate = 4_000_000
        if film.rotation:
            video.set_display_rotation(film.rotation)
        sound: Any = container.add_stream(film.codecs[1], rate=RATE_HZ, layout="mono")
        hidden = Fraction(lead, 25)
        times = [Fraction(i, 25) for i in range(lead)] + [hidden + time for time in film.times]
        for i, (time, image) in enumerate(zip(times, frames, strict=True)):
            picture = np.full_like(image, 255) if 0 <= i - lead - FLASH < FLASH_FRAMES else image
            stored = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="JPEG" if is_full else "MPEG"
            )
            stored.pts, stored.time_base = int(time / base), base
            container.mux(video.encode(stored))
        container.mux(video.encode(None))
        write_tone(container, sound, float(hidden + film.times[FLASH]), float(times[-1]) + 0.04)
    return film


def write_tone(container: Any, sound: Any, start: float, seconds: float) -> None:
    """Writes silence until a moment, and a tone from there."""
    samples = sound.codec_context.frame_size or 1024
    for k in range(int(seconds * RATE_HZ / samples)):
        t = (k * samples + np.arange(samples)) / RATE_HZ
        wave = np.where(t >= start, 0.5 * np.sin(2 * np.pi * TONE_HZ * (t - start)), 0)
        frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, k * samples, Fraction(1, RATE_HZ)
        container.mux(sound.encode(frame))
    container.mux(sound.encode(None))


def phone(folder: Path) -> Film:
    """What a phone records, trimmed without encoding: five frames and their sound are stored, but hidden."""
    steps = [1 + (i % 3 == 1) for i in range(60)]
    times = [Fraction(sum(steps[:i]), 25) for i in range(60)]
    film = Film(folder / "full.mov", ("libx265", "aac"), times, rotation=-90)
    write(film, Fraction(1, 600), is_full=True, lead=5)
    cut = remux(film.path, folder / "IMG_0001.MOV", -Fraction(5, 25))
    data = cut.read_bytes()
    return Film(with_unknown_track(cut, data), film.codecs, times, film.rotation)


def with_unknown_track(path: Path, data: bytes) -> Path:
    """Adds a second sound, then renames its codec to an unknown one."""
    with av.open(io.BytesIO(data)) as source, av.open(str(path), "w", format="mov") as output:
        streams = [output.add_stream_from_template(s) for s in source.streams]
        extra = output.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux():
            if packet.dts is not None:
                is_sound = packet.stream.type == "audio"
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
                if is_sound:
                    packet.stream = extra
                    output.mux(packet)
    written = path.read_bytes()
    place = written.rindex(b"trak")
    path.write_bytes(written[:place] + written[place:].replace(b"mp4a", b"apac").replace(b"esds", b"none"))
    return path


def television(folder: Path) -> Film:
    """A recording whose clock is ten hours old."""
    film = Film(folder / "part.ts", ("mpeg2video", "aac"), [Fraction(i, 25) for i in range(60)])
    write(film, Fraction(1, 25), is_full=False, lead=0)
    return Film(remux(film.path, folder / "tv.ts", Fraction(36000)), film.codecs, film.times)


def source_frames(film: Film) -> list[Any]:
    """The frames of a source that are shown, as decoded."""
    with av.open(str(film.path)) as container:
        shown = [f for f in container.decode(video=0) if f.pts is not None]
        start = (container.start_time or 0) / 1e6
        return [f for f in shown if f.time >= max(start, 0) - 1e-3][-len(film.times) :]


def source_pictures(film: Film) -> list[np.ndarray]:
    """The same as a viewer sees them."""
    return [turned(rgb_of(f), film.rotation) for f in source_frames(film)]


def write_plain(film: Film, path: Path, crf: int) -> None:
    """Encodes the frames of a source by x264 with the options of a removal, at a constant rate."""
    encoding = Encoding(crf=crf)
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=25, options=encoding.options())
        video.height, video.width, video.pix_fmt = *SIZE, "yuv420p"
        frames = source_frames(film)
        video.codec_context.color_range, video.codec_context.colorspace = frames[0].color_range, 1
        video.codec_context.color_primaries = video.codec_context.color_trc = 1
        if film.rotation:
            video.set_display_rotation(film.rotation)
        for i, frame in enumerate(frames):
            stored = av.VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")
            stored.color_range, stored.colorspace, stored.pts = frame.color_range, 1, i
            container.mux(video.encode(stored))
        container.mux(video.encode(None))


def rgb_of(frame: Any) -> np.ndarray:
    """A frame of BT.709 in RGB, by the formula."""
    height, width = frame.height, frame.width
    planes = frame.reformat(format="yuvj420p" if frame.color_range == 2 else "yuv420p").to_ndarray().astype(np.float64)
    y = planes[:height]
    u, v = (
        cv2.resize(p.reshape(height // 2, width // 2), (width, height), interpolation=cv2.INTER_LINEAR) - 128
        for p in np.split(planes[height:].ravel(), 2)
    )
    if frame.color_range != 2:
        y, u, v = (y - 16) * 255 / 219, u * 255 / 224, v * 255 / 224
    rgb = np.stack((y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u), axis=-1)
    return rgb.round().clip(0, 255).astype(np.uint8)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder on this machine, because browsers do not let pages read files."""
    (folder / "page.html").write_text(PAGE)
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Logs nothing."""

    def log_message(self, *args: Any) -> None:
        """Does nothing."""


def frame_times(path: Path) -> list[float]:
    """When the frames of a file are shown, in seconds."""
    with av.open(str(path)) as container:
        return [float(f.pts * f.time_base) for f in container.decode(video=0) if f.pts is not None]


def play(page: Any, url: str, times: list[float]) -> tuple[float, list[float], list[np.ndarray]]:
    """Plays a result; returns its length, its sound (start, length), and its picture in the middle of each frame."""
    length = page.evaluate("url => load(url)", url)
    pictures = play_loaded(page, times)
    return length, page.evaluate("url => onset(url)", url), pictures


def play_silently(page: Any, url: str, times: list[float]) -> list[np.ndarray]:
    """Plays a film without sound; returns its picture in the middle of each frame."""
    page.evaluate("url => load(url)", url)
    return play_loaded(page, times)


def play_loaded(page: Any, times: list[float]) -> list[np.ndarray]:
    """The picture in the middle of each frame of the film that is loaded."""
    pictures = []
    for time, after in zip(times, [*times[1:], times[-1] + 0.04], strict=True):
        data = page.evaluate("time => picture(time)", (time + after) / 2)
        pictures.append(np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")))
    return pictures


def sound_onset(film: Film) -> float:
    """When the tone of a source begins, by its own clock."""
    with av.open(str(film.path)) as container:
        for frame in container.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.1)
            if loud.size:
                return float(frame.pts * frame.time_base) + float(loud[0]) / RATE_HZ
    raise AssertionError("no tone")


def compare(film: Film, times: list[float], length: float, sound: list[float], pictures: list[np.ndarray]) -> dict:
    """What a viewer could notice of length, size and sound."""
    flash = int(np.argmax([p[~hole_of(film)].mean() for p in pictures]))
    source_times = frame_times(film.path)[-len(film.times) :]
    return {
        "length (s)": [round(length, 3), round(float(film.times[-1] + Fraction(1, 25)), 3)],
        "size": [pictures[0].shape[:2][::-1], turned(np.empty(SIZE), film.rotation).shape[::-1]],
        "first frame of the flash": [flash, FLASH],
        "sound after the flash (ms)": [
            round(1000 * (sound[0] - times[flash]), 1),
            round(1000 * (sound_onset(film) - source_times[FLASH]), 1),
        ],
    }


def compare_colours(film: Film, pictures: list[np.ndarray], others: list[np.ndarray]) -> dict:
    """By how much pictures differ outside the hole."""
    hole = hole_of(film)[..., None]
    errors = [blocks((a.astype(np.float32) - b) * ~hole) for a, b in zip(pictures, others, strict=True)]
    means = np.mean([e.mean(axis=(0, 1)) for e in errors], axis=0)
    return {
        "largest of a square of 8 x 8": round(float(max(np.abs(e).max() for e in errors)), 1),
        "mean size of a square's": round(float(np.mean([np.abs(e).mean() for e in errors])), 2),
        "mean of R, G, B": [round(float(v), 2) for v in means],
    }


def hole_of(film: Film) -> np.ndarray:
    """What is not compared, as players show it."""
    return turned(box_mask(SIZE, tuple(np.add(HOLE, (-10, -10, 10, 10)))), film.rotation)


def blocks(picture: np.ndarray) -> np.ndarray:
    """The means of blocks of 8 x 8 pixels, in which neither noise of coding nor ways to enlarge chroma show."""
    return cv2.resize(picture, (picture.shape[1] // 8, picture.shape[0] // 8), interpolation=cv2.INTER_AREA)


def turned(picture: np.ndarray, degrees: int) -> np.ndarray:
    """A picture as players show it."""
    return np.rot90(picture, degrees // 90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    films = {"phone": phone, "television": television}
    parser.add_argument("--films", nargs="+", choices=films, default=list(films))
    parser.add_argument("--sheet", help="write frames of sources and results side by side to this PNG file")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        browser = driver.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        with served(folder) as url:
            rows = [compared(browser, url, films[name](folder), folder / f"{name}.mp4") for name in options.films]
        browser.close()
    if options.sheet:
        write_rows(Path(options.sheet), rows)


def compared(browser: Any, url: str, film: Film, output: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Removes a box from a film, plays the result, and prints how it differs; returns frames of source and result."""
    mask = save(output.with_name("mask.png"), white(turned(box_mask(SIZE, HOLE), film.rotation)))
    words = ["remove", str(film.path), "--mask", str(mask), "--output", str(output)]
    assert run_here([*words, "--chn_aligner", "opencv", "--accelerator", "cpu"]) == 0
    page = browser.new_page()
    page.goto(f"{url}/page.html")
    times = frame_times(output)
    length, sound, pictures = play(page, f"{url}/{output.name}", times)
    print(output.stem, "(result, source)", json.dumps(compare(film, times, length, sound, pictures)))
    source = source_pictures(film)
    shown = {"result": pictures, "formula": source}
    for name, crf in PLAIN.items():
        write_plain(film, output.with_name(f"{name}.mp4"), crf)
        shown[name] = play_silently(page, f"{url}/{name}.mp4", frame_times(output.with_name(f"{name}.mp4")))
    for pair in PAIRS:
        print("  colours:", *pair, json.dumps(compare_colours(film, *(shown[name] for name in pair))))
    return [(source[i], pictures[i]) for i in (0, FLASH - 1, FLASH, len(pictures) - 1)]


def write_rows(path: Path, rows: Sequence[Sequence[tuple[np.ndarray, np.ndarray]]]) -> None:
    """Writes pairs of frames side by side, a row for each film."""
    lines = [np.hstack([np.hstack(pair) for pair in row]) for row in rows]
    width = max(line.shape[1] for line in lines)
    padded = [np.pad(line, ((0, 4), (0, width - line.shape[1]), (0, 0))) for line in lines]
    Image.fromarray(np.vstack(padded)).save(path)
