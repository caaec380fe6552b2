"""Files whose times, pictures or names are not those of a plain video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from PIL import Image

from stress.case_files import Case, joined, mask_png, remux
from stress.videos import Clip, moving_frames


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
