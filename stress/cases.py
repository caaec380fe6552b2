"""Files as people really have them, made small: what a removal says and writes for each.

The rows are those of the table in docs/reliability.md. ``python -m stress cases`` makes the files, runs every row and
prints the result.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from stress.commands import run_here
from stress.videos import Clip, box_mask, moving_frames, shown, write_noise

EIGHT = tuple(range(8))


@dataclass(frozen=True)
class Case:
    """One row: the files, and how they are filled.

    Attributes:
        video: the video.
        mask: its mask.
        output: name of the result; empty: the default.
        options: further words of the command.
        is_doubled: whether every frame is there twice, so that both should be filled alike.
    """

    video: Path
    mask: Path
    output: str = "out.mp4"
    options: list[str] = field(default_factory=list)
    is_doubled: bool = False


def white(mask: np.ndarray, value: int = 255) -> np.ndarray:
    """A mask as a grey picture."""
    return (mask * value).astype(np.uint8)


def save(path: Path, picture: np.ndarray) -> Path:
    """Writes a picture."""
    Image.fromarray(picture).save(path)
    return path


def mask_png(folder: Path, size: tuple[int, int] = (48, 64)) -> Path:
    """Writes a mask with the usual box."""
    return save(folder / "mask.png", white(box_mask(size)))


def remux(path: Path, made: Path, shift: Fraction = Fraction(0)) -> Path:
    """Copies all streams to another container, with all times moved."""
    with av.open(str(path)) as source, av.open(str(made), "w") as output:
        streams = {s.index: output.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                ticks = round(shift / packet.time_base)
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
    return made


def joined(path: Path, parts: list[Path]) -> Path:
    """Appends files to one another."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def sound_pcm(folder: Path) -> Case:
    """Sound that .mp4 cannot hold."""
    return Case(Clip("pcm.avi", "mpeg4", audio="pcm_s16le", layout="stereo").write(folder), mask_png(folder), "")


def sound_opus(folder: Path) -> Case:
    """Sound that .mov cannot hold."""
    return Case(Clip("opus.mkv", audio="libopus").write(folder), mask_png(folder), "x.mov")


def sound_unknown(folder: Path) -> Case:
    """A phone's second track, which nobody can decode."""
    path = folder / "IMG_1.MOV"
    with av.open(str(path), "w", format="mov") as container:
        video: Any = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sounds = [container.add_stream("aac", rate=48000, layout="mono") for _ in range(2)]
        for frame in moving_frames(8):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode(None))
        for sound in sounds:
            write_noise(container, sound, 0.3)
    data = path.read_bytes()
    place = data.rindex(b"trak")
    data = data[:place] + data[place:].replace(b"mp4a", b"apac").replace(b"esds", b"none")
    path.write_bytes(data)
    return Case(path, mask_png(folder), "")


def sound_wma(folder: Path) -> Case:
    """Sound that no container takes."""
    return Case(Clip("clip.wmv", "wmv2", audio="wmav2", layout="stereo").write(folder), mask_png(folder), "")


def sound_back(folder: Path) -> Case:
    """Two program streams, joined."""
    clip = Clip("part.mpg", "mpeg2video", audio="mp2", times=tuple(range(25))).write(folder)
    return Case(joined(folder / "joined.mpg", [clip, clip]), mask_png(folder))


def hidden_start(folder: Path) -> Case:
    """Cut without encoding: five frames are stored, but not shown."""
    clip = Clip("full.mp4", audio="aac", times=tuple(range(20)), options={"bf": "0"}).write(folder)
    return Case(remux(clip, folder / "cut.mp4", -Fraction(5, 25)), mask_png(folder), "out.mkv")


def clock(folder: Path) -> Case:
    """A recording that starts ten hours later."""
    clip = Clip("clip.mp4", audio="aac", options={"bf": "0"}).write(folder)
    return Case(remux(clip, folder / "tv.ts", Fraction(36000)), mask_png(folder))


def last_frame(folder: Path) -> Case:
    """A GIF whose last frame is shown for two seconds."""
    with av.open(str(folder / "delays.gif"), "w", options={"final_delay": "200"}) as container:
        video: Any = container.add_stream("gif", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "rgb8"
        for frame in moving_frames(5):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="rgb8")))
        container.mux(video.encode(None))
    return Case(folder / "delays.gif", mask_png(folder))


def hdr(folder: Path) -> Case:
    """HDR10."""
    tags = {"color_trc": "smpte2084", "color_primaries": "bt2020", "colorspace": "bt2020nc"}
    return Case(Clip("hdr.mp4", pix_fmt="yuv420p10le", options=tags).write(folder), mask_png(folder))


def tracks(folder: Path) -> Case:
    """Two languages, subtitles, chapters and a date."""
    (folder / "text.srt").write_text("1\n00:00:00,000 --> 00:00:00,200\nHello\n")
    with av.open(str(folder / "text.srt")) as text, av.open(str(folder / "two.mkv"), "w") as container:
        video: Any = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sounds: list[Any] = [container.add_stream("aac", rate=48000, layout="mono") for _ in range(2)]
        for sound, language, title in zip(sounds, ("ger", "eng"), ("", "Commentary"), strict=True):
            sound.metadata.update({"language": language, "title": title})
            sound.disposition = sound.disposition.default if title else sound.disposition.__class__(0)
        subtitles = container.add_stream_from_template(text.streams.subtitles[0])
        second = {"time_base": Fraction(1, 1000), "metadata": {"title": "one"}}
        container.set_chapters([{"id": 1, "start": 0, "end": 200, **second}])
        container.metadata["creation_time"] = "2025-06-20T16:58:15.000000Z"
        for frame in moving_frames(8):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode(None))
        for sound in sounds:
            write_noise(container, sound, 0.3)
        for packet in text.demux():
            if packet.dts is not None:
                packet.stream = subtitles
                container.mux(packet)
    return Case(folder / "two.mkv", mask_png(folder), "out.mkv")


def two_pictures(folder: Path) -> Case:
    """A thumbnail before the film."""
    with av.open(str(folder / "thumb.MP4"), "w", format="mp4") as container:
        thumb: Any = container.add_stream("mjpeg", rate=25)
        thumb.width, thumb.height, thumb.pix_fmt = 32, 24, "yuvj420p"
        film: Any = container.add_stream("libx264", rate=25)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        small = av.VideoFrame.from_ndarray(moving_frames(1, (24, 32))[0], format="rgb24")
        container.mux(thumb.encode(small.reformat(format="yuvj420p")))
        for frame in moving_frames(8):
            container.mux(film.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(thumb.encode(None))
        container.mux(film.encode(None))
    return Case(folder / "thumb.MP4", mask_png(folder))


def side_data(folder: Path) -> Case:
    """A photo with EXIF."""
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    Image.fromarray(moving_frames(1)[0]).save(folder / "photo.jpg", exif=exif)
    return Case(folder / "photo.jpg", mask_png(folder))


def name_colon(folder: Path) -> Case:
    """Names that could be those of a protocol."""
    Clip("plain.mp4").write(folder).rename(folder / "Movie: Title 3D.mp4")
    return Case(Path("Movie: Title 3D.mp4"), mask_png(folder), "Title: cleaned.mp4")


def playlist(folder: Path) -> Case:
    """A text that names another file."""
    Clip("secret.ts").write(folder)
    (folder / "list.mp4").write_text("ffconcat version 1.0\nfile 'secret.ts'\n")
    return Case(folder / "list.mp4", mask_png(folder))


def damaged(folder: Path) -> Case:
    """One damaged frame in the middle."""
    path = Clip("clip.mkv", times=tuple(range(12)), options={"bf": "0", "g": "1"}).write(folder)
    with av.open(str(path)) as container:
        packet = [bytes(p) for p in container.demux(video=0) if p.size][6]
    half = len(packet) // 2
    path.write_bytes(path.read_bytes().replace(packet, packet[:half] + bytes(len(packet) - half)))
    return Case(path, mask_png(folder), options=["--keep_going"])


def size_change(folder: Path) -> Case:
    """A recording whose size changes."""
    parts = [Clip(f"{size[0]}.ts", size=size, options={"bf": "0"}).write(folder) for size in ((48, 64), (96, 128))]
    return Case(joined(folder / "grows.ts", parts), mask_png(folder))


def shown_size(folder: Path) -> Case:
    """Pixels that are wider than high, and a mask drawn on what players show."""
    clip = Clip("dvd.mkv", options={"x264-params": "sar=64/45"}).write(folder)
    return Case(clip, mask_png(folder, (48, 91)), "out.mkv")


def mask_noise(folder: Path) -> Case:
    """A background that is not quite black."""
    noise = np.random.default_rng(0).integers(1, 4, (48, 64)).astype(np.uint8)
    return Case(Clip().write(folder), save(folder / "noise.png", np.maximum(noise, white(box_mask()))))


def mask_zones(folder: Path) -> Case:
    """Zones of 0, 127 and 255 in a lossy video."""
    zones = np.full((48, 64), 255, np.uint8)
    zones[8:40, 8:56], zones[16:32, 24:40] = 127, 0
    frames = [np.repeat(zones[..., None], 3, axis=2)] * 8
    masks = Clip("zones.mp4", options={"crf": "30"}).write(folder, frames)
    return Case(Clip().write(folder), masks, options=["--invert_mask", "--mask_dilation", "0"])


def mask_ones(folder: Path) -> Case:
    """0 and 1 in a lossy image."""
    path = folder / "ones.jpg"
    Image.fromarray(white(box_mask(), 1)).save(path, quality=100)
    return Case(Clip().write(folder), path)


def mask_alpha(folder: Path) -> Case:
    """A black video whose shape is its transparency."""
    clip = Clip("alpha.mov", "qtrle", "argb", alpha=white(box_mask()))
    return Case(Clip().write(folder), clip.write(folder, [np.zeros((48, 64, 3), np.uint8)] * 8))


def mask_animated(folder: Path) -> Case:
    """An animated image."""
    boxes = [Image.fromarray(white(box_mask(box=(8, 4 * i, 24, 4 * i + 16)))) for i in range(8)]
    boxes[0].save(folder / "masks.webp", save_all=True, append_images=boxes[1:], lossless=True, duration=40)
    return Case(Clip().write(folder), folder / "masks.webp")


def _numbered(folder: Path, name: str, numbers: range, pictures: list[np.ndarray]) -> Path:
    place = folder / name
    place.mkdir()
    for number, picture in zip(numbers, pictures, strict=True):
        save(place / f"{number:05d}.png", picture)
    return place


def mask_shifted(folder: Path) -> Case:
    """Frames from 0, masks from 1."""
    frames = _numbered(folder, "frames", range(8), moving_frames(8))
    return Case(frames, _numbered(folder, "masks", range(1, 9), [white(box_mask())] * 8))


def mask_sparse(folder: Path) -> Case:
    """A mask for every fourth frame."""
    frames = _numbered(folder, "frames", range(8), moving_frames(8))
    return Case(frames, _numbered(folder, "masks", range(0, 8, 4), [white(box_mask())] * 2))


def mask_rates(folder: Path) -> Case:
    """A video at 25 frames per second, masks at 20."""
    pictures = [np.repeat(white(box_mask())[..., None], 3, axis=2)] * 16
    masks = Clip("masks.mp4", rate=20, times=tuple(range(16))).write(folder, pictures)
    return Case(Clip(times=tuple(range(20))).write(folder), masks)


def identical_frames(folder: Path) -> Case:
    """Every frame twice, before a hole that moves with every pair."""
    frames = [frame for frame in moving_frames(6) for _ in range(2)]
    boxes = [white(box_mask(box=(16, 10 + 4 * (i // 2), 32, 26 + 4 * (i // 2)))) for i in range(12)]
    clip = Clip("twice.mp4", times=tuple(range(12))).write(folder, frames)
    return Case(clip, _numbered(folder, "masks", range(12), boxes), "out.mkv", ["--lossless"], is_doubled=True)


CASES: dict[str, Callable[[Path], Case]] = {
    made.__name__.replace("_", "-"): made
    for made in (
        *(sound_pcm, sound_opus, sound_unknown, sound_wma, sound_back, hidden_start, clock, last_frame, hdr, tracks),
        *(two_pictures, side_data, name_colon, playlist, damaged, size_change, shown_size),
        *(mask_noise, mask_zones, mask_ones, mask_alpha, mask_animated, mask_shifted, mask_sparse, mask_rates),
        identical_frames,
    )
}
"""How the files of every row are made."""


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run_case(name: str, folder: Path) -> str:
    """Makes the files of a row, fills the video, and says in one line what came of it."""
    case = CASES[name](folder)
    named = ["--output", case.output] if case.output else []
    words = ["remove", str(case.video), "--mask", str(case.mask), *named, *case.options]
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        with _inside(folder), contextlib.redirect_stderr(log):
            code = run_here(words)
    finally:
        logging.getLogger().removeHandler(handler)
    lines = [line.strip() for line in log.getvalue().splitlines()]
    said = [line for line in lines if line.startswith("note:")]
    if code:
        return next(line.split("error: ")[-1] for line in reversed(lines) if line)
    made = next(p for p in sorted(folder.iterdir()) if p.name == case.output or "_inpainted.m" in p.name)
    alike = [f"fills of a pair differ by {_difference_of_pairs(made, case.mask):.2f} of 255"] if case.is_doubled else []
    return "; ".join([_described(made), *alike, *dict.fromkeys(said)])


def _difference_of_pairs(path: Path, masks: Path) -> float:
    """The mean difference in the holes between frames 0 and 1, 2 and 3, and so on."""
    holes = [np.asarray(Image.open(mask)) > 0 for mask in sorted(masks.iterdir())]
    frames = [picture.astype(float) for _, picture in shown(path)]
    pairs = zip(frames[::2], frames[1::2], holes[::2], strict=True)
    return float(np.mean([np.abs(first - second)[hole].mean() for first, second, hole in pairs]))


def _described(path: Path) -> str:
    with av.open(f"file:{path}") as container:
        streams = [s.codec_context.name if s.codec_context else s.type for s in container.streams]
        times = [float(frame.time) for frame in container.decode(video=0)]
        end = float(Fraction(container.duration or 0, 1_000_000))
    return f"{path.suffix} ({', '.join(streams)}), {len(times)} frames from {times[0]:.3f} s, {end:.2f} s"


def main() -> None:
    """Runs the rows and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help="rows to run (default: all)")
    rows = parser.parse_args().rows or list(CASES)
    print("| file | result |\n|---|---|")
    for row in rows:
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {row} | {run_case(row, Path(folder))} |", flush=True)


if __name__ == "__main__":
    main()
