"""Wrong and odd inputs, by the whole command: what is refused, with its message, and what works all the same."""

import os
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from master_thesis.cli import build
from master_thesis.cli.commands.remove import SHADOW_LEFT, RemoveOptions
from master_thesis.configs.graphics import Graphics
from master_thesis.configs.masking import Marks
from master_thesis.configs.video import VideoConfig
from master_thesis.images import listing
from master_thesis.images.codec import write_png
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.writer import write_video
from stress.videos import Clip, box_mask, moving_frames, write_noise
from tests.commands import run_command
from tests.factories import Copier, StillAligner

DOCS = (Path(__file__).parents[2] / "docs" / "video.md").read_text()
BOX = box_mask()
FOUR = (0, 1, 2, 3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder full of good and bad inputs."""
    folder = tmp_path_factory.mktemp("world")
    write_videos(folder)
    write_masks(folder)
    write_frames(folder)
    return folder


def write_videos(folder: Path) -> None:
    Clip(times=FOUR, audio="aac").write(folder)
    Clip("long.mp4", times=tuple(range(50))).write(folder)
    Clip("ten_bits.mkv", "ffv1", "yuv420p10le", times=FOUR).write(folder)
    Clip("odd.mp4", pix_fmt="yuv444p", size=(47, 63), times=FOUR).write(folder)
    Clip("pixel.mkv", "ffv1", "yuv444p", size=(1, 1), times=FOUR).write(folder)
    Clip("ghost.mov", "qtrle", "argb", alpha=np.where(BOX, 0, 255).astype(np.uint8), times=FOUR).write(folder)
    write_video(folder / "cut.mp4", moving_frames(60), 25)
    data = (folder / "cut.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(data[: len(data) * 2 // 3])
    (folder / "text.mp4").write_text("no video")
    with av.open(str(folder / "sound.mp4"), "w") as container:
        sound = container.add_stream("aac", rate=48000)
        sound.layout = "mono"
        write_noise(container, sound, 0.2)
    with av.open(str(folder / "no_frames.avi"), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    for name in ("clip.xyz", "taken.mp4"):
        (folder / name).write_bytes((folder / "clip.mp4").read_bytes())


def write_masks(folder: Path) -> None:
    drawn = {"mask": BOX, "square": box_mask((48, 48)), "odd": box_mask((47, 63)), "pixel": np.ones((1, 1), bool)}
    for name, mask in drawn.items():
        write_png(folder / f"{name}.png", mask)
    write_png(folder / "double.png", BOX.repeat(2, axis=0).repeat(2, axis=1))
    Image.fromarray(moving_frames(1)[0]).save(folder / "photo.jpg")
    for name, masks in {"nine": [BOX] * 9, "inverted": [~BOX] * 4, "blank": [BOX & False] * 4}.items():
        (folder / name).mkdir()
        for i, mask in enumerate(masks):
            write_png(folder / name / f"{i}.png", mask)
    shutil.make_archive(str(folder / "packed"), "zip", folder / "nine")
    white = np.repeat(BOX[..., None], 3, axis=2).astype(np.uint8) * 255
    Clip("short_mask.mp4", times=(0, 1)).write(folder, [white] * 2)


def write_frames(folder: Path) -> None:
    for name in ("frames", "noted", "fake", "mixed"):
        (folder / name).mkdir()
        for i, frame in enumerate(moving_frames(4)):
            write_png(folder / name / f"{i}.png", frame)
    (folder / "noted" / "notes.txt").write_text("not an image")
    (folder / "fake" / "2.png").write_text("no image")
    write_png(folder / "mixed" / "3.png", np.zeros((48, 66, 3), np.uint8))
    for name in ("empty", "plans", "locked"):
        (folder / name).mkdir()
    (folder / "plans" / "2027.txt").write_text("dear to somebody")
    (folder / "diary.json").write_text("dear to somebody")


CLIP, MASK = "clip.mp4", "--mask mask.png"
NEEDS_A_MASK = (
    "remove needs --mask MASK, or the object marked on a frame: --box X Y W H, --points X Y or --draw FILE; "
    "--fixed_box X Y W H is for logos, --text for subtitles"
)
USAGE = "python -m master_thesis remove VIDEO [options]"
INVERTED = "of the frames, so the masks are probably inverted"
REFUSED = [
    # videos
    (f"nowhere.mp4 {MASK}", "nowhere.mp4: there is no such file or folder"),
    (f"text.mp4 {MASK}", "text.mp4: cannot be read as a video (invalid data found when processing input)"),
    (f"no_frames.avi {MASK}", "no_frames.avi: contains no frames"),
    (f"sound.mp4 {MASK}", "sound.mp4: contains sound but no video"),
    (
        f"cut.mp4 {MASK}",
        "cut.mp4: damaged after 30 complete frames (truncated packet); repair it, or cut it before 1.2 s",
    ),
    (f"empty {MASK}", "empty: contains no images (.bmp, .jpeg, .jpg, .png, .tif, .tiff, .webp)"),
    (f"locked {MASK}", "locked: cannot be read (permission denied)"),
    (f"fake {MASK}", "fake/2.png is not a readable image"),
    (f"mixed {MASK}", "mixed/3.png: should be 64 x 48 like the first frame, got 66 x 48"),
    (
        "pixel.mkv --mask pixel.png",
        f"--mask pixel.png: the hole would cover 100 % {INVERTED}: add --invert_mask",
    ),
    # masks
    (f"{CLIP} --mask nowhere.png", "--mask nowhere.png: there is no such file or folder"),
    (f"{CLIP} --mask empty", "--mask empty: contains no images"),
    (
        f"{CLIP} --mask packed.zip",
        "packed.zip: cannot be read as a video (it is a zip archive: unpack it and name the folder)",
    ),
    (
        f"{CLIP} --mask nine",
        "9 masks for 4 frames: there should be one for every frame, or a single image for all",
    ),
    (
        "long.mp4 --mask short_mask.mp4",
        "2 masks for 50 frames: there should be one for every frame, or a single image for all",
    ),
    (
        f"{CLIP} --mask inverted",
        f"--mask inverted: the hole would cover 100 % {INVERTED}: add --invert_mask",
    ),
    (
        f"{CLIP} {MASK} --invert_mask",
        f"--mask mask.png: the hole would cover 100 % {INVERTED}: leave out --invert_mask",
    ),
    (
        f"{CLIP} {MASK} --mask_dilation 99",
        f"--mask mask.png: the hole would cover 100 % {INVERTED}: add --invert_mask (or reduce --mask_dilation 99)",
    ),
    (f"{CLIP} --mask blank", "--mask blank: no frame has a hole, so there is nothing to fill"),
    (f"{CLIP} --mask square.png", "masks should have the shape of the video, 64 x 48, got 48 x 48"),
    (f"{CLIP} --mask alpha", "--mask alpha needs a video with transparency, clip.mp4 has none"),
    (
        f"{CLIP} {MASK} --object_ids 7",
        "--mask mask.png: no frame has a hole with these --object_ids, so there is nothing to fill",
    ),
    (f"{CLIP} {MASK} --object_ids 0", "--object_ids should be at least 1 (0 is the background)"),
    (
        f"{CLIP} --mask photo.jpg --object_ids 1",
        "photo.jpg is a colour image: object ids need an indexed or grey mask",
    ),
    (
        f"{CLIP} --mask short_mask.mp4 --object_ids 1",
        "--object_ids needs indexed images, --mask short_mask.mp4 is a video",
    ),
    # outputs
    (f"{CLIP} {MASK} --output taken.mp4", "--output taken.mp4 exists already: --overwrite replaces it"),
    (f"{CLIP} {MASK} --output clip.mp4 --overwrite", "--output clip.mp4 is an input and is never overwritten"),
    (f"frames {MASK} --output frames --overwrite", "--output frames is an input and is never overwritten"),
    (
        f"{CLIP} {MASK} --output plans --overwrite",
        "--output plans contains files other than frames (2027.txt): choose another name",
    ),
    (
        f"{CLIP} {MASK} --output diary",
        "--output diary also writes diary.json, which exists already: --overwrite replaces it",
    ),
    (
        f"{CLIP} {MASK} --output new.webm",
        "--output should end in .mp4, .mov or .mkv, or be a folder without a dot, got new.webm",
    ),
    (f"{CLIP} {MASK} --output new.mp4 --lossless", "--lossless needs an --output in .mkv or a folder, got new.mp4"),
    (
        f"{CLIP} {MASK} --output new --codec hevc --crf 20",
        "--output new is a folder of frames: leave out --codec and --crf, or name a video",
    ),
    (f"{CLIP} {MASK} --codec prores --crf 20", "--crf has no effect on prores: leave it out"),
    (f"{CLIP} {MASK} --lossless --crf 20", "--crf has no effect with --lossless: leave it out"),
    (f"{CLIP} {MASK} --output clip.mp4/new.mp4", "--output clip.mp4/new.mp4: {world}/clip.mp4 is a file, not a folder"),
    # options
    (f"frames {MASK} --frame_rate 0", "--frame_rate should lie in [0.01, 1000], got 0"),
    (f"frames {MASK} --frame_rate nan", "--frame_rate: should be a number, got 'nan'"),
    (f"frames {MASK} --frame_rate fast", "--frame_rate: should be a number, got 'fast'"),
    (
        f"long.mp4 {MASK} --window 40",
        "--window should be at least 41 (twice the reach of 20 frames, plus one), got 40",
    ),
    (
        f"{CLIP} {MASK} --feather 9",
        "--feather should be at most --mask_dilation (4), got 9: a wider seam would show the object",
    ),
    (f"{CLIP} {MASK} --test_size nativ", "--test_size should be a height and a width, auto or native; got nativ"),
    (f"{CLIP} {MASK} --algorithms ip ip", "--algorithms should name each once, got ip ip"),
    (f"{CLIP} {MASK} --accelerator fast", "--accelerator should be one of cpu, auto, gpu, cuda, got fast"),
    (CLIP, NEEDS_A_MASK),
    (MASK, f"remove needs VIDEO: {USAGE}"),
    (f"{CLIP} --mask=", NEEDS_A_MASK),
]
"""Arguments, and all that is said."""

WORKS = [
    ("ten_bits.mkv --mask mask.png", "the video has 10 bits per colour, the result has 8"),
    ("odd.mp4 --mask odd.png", "an odd size needs H.264 4:4:4, which some players cannot play"),
    ("ghost.mov --mask mask.png", "the video has transparency, the result has none"),
    ("ghost.mov --mask alpha", "ghost.mov: 4 frames"),
    (f"{CLIP} --mask double.png", "masks of 128 x 96 are resized to the video"),
    (f"{CLIP} --mask inverted --invert_mask", "hole: 17.7 % of the frames on average"),
    ("short_mask.mp4 --mask mask.png", "short_mask.mp4: 2 frames"),
    (f"clip.xyz {MASK}", "clip.xyz: 4 frames"),
    (f"photo.jpg {MASK}", "photo.jpg: 1 frame,"),
    (f"noted {MASK}", "noted: 4 frames"),
    (f"frames {MASK} --frame_rate 0.01", "0.01 frames per second"),
    (f"{CLIP} {MASK} --output {{out}}/deep/new.mp4", "clip.mp4: 4 frames"),
]
"""Arguments that look wrong and are not, and what is noted."""


@pytest.fixture
def command(world: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    """Runs arguments among the inputs, with networks that take no time."""
    monkeypatch.setattr(build, "load_networks", lambda choice: (StillAligner(), Copier()))
    scan = listing.scan

    def guarded(folder):
        if Path(folder).name == "locked":  # root may read everything, and tests may run as root
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(listing, "scan", guarded)
    return lambda arguments: run_command(f"remove {arguments}", world, monkeypatch, capsys)


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=[arguments for arguments, _ in REFUSED])
def test_what_is_wrong_is_reported_in_one_line_and_nothing_is_written(command, world: Path, arguments, message) -> None:
    result = command(arguments)
    assert result.code == 2
    assert result.err.splitlines()[-1] == f"python -m master_thesis: error: {message.format(world=world)}"
    assert "Traceback" not in result.err
    assert result.written == set()


@pytest.mark.parametrize(
    "arguments",
    [
        f"nowhere.mp4 {MASK}",
        f"{CLIP} --mask nowhere.png",
        f"{CLIP} {MASK} --output taken.mp4",
        f"{CLIP} {MASK} --codec prores --output new.mp4",
        f"{CLIP} {MASK} --accelerator fast",
    ],
)
def test_what_needs_no_look_at_frames_is_refused_before_anything_else(command, monkeypatch, arguments) -> None:
    monkeypatch.setattr(build, "load_networks", lambda choice: pytest.fail("networks were loaded"))
    result = command(arguments)
    assert result.code == 2
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(("arguments", "note"), WORKS, ids=[arguments for arguments, _ in WORKS])
def test_what_only_looks_wrong_works_and_is_noted(command, tmp_path: Path, arguments: str, note: str) -> None:
    if "{out}" not in arguments:
        arguments += " --output {out}/new.mp4"
    result = command(arguments.format(out=tmp_path))
    assert (result.code, result.written) == (0, set())
    assert note in result.err
    (made,) = tmp_path.rglob("*.mp4")
    count = len(list(open_source(made).frames()))
    assert count == {"photo.jpg": 1, "short_mask.mp4": 2}.get(arguments.split()[0], 4)


def test_the_documentation_lists_every_message() -> None:
    shown = [message.format(world="...").replace("python -m ", "") for _, message in REFUSED]
    missing = [message for message in shown if message not in DOCS]
    assert missing == []
    assert [note for _, note in WORKS if note.startswith(("the ", "an ", "masks ")) and note not in DOCS] == []


def test_a_removal_writes_the_file_that_repeats_it_beside_its_output(command, world: Path, tmp_path: Path) -> None:
    first = command(f"{CLIP} {MASK} --output {tmp_path}/a.mkv --lossless --algorithms ip ff --feather 2")
    assert first.code == 0, first.err
    assert first.err.count(SHADOW_LEFT) == 1
    config = tmp_path / "a_ff.config.yaml"
    assert (tmp_path / "a_ip.config.yaml").read_text() == config.read_text()
    assert config.read_text().startswith("# repeat with: master_thesis remove --config FILE\n")
    again = command(f"--config {config} --output {tmp_path}/b.mkv")
    assert again.code == 0, again.err
    for name in ("ip", "ff"):
        films = [list(open_source(tmp_path / f"{film}_{name}.mkv").frames()) for film in "ab"]
        assert all(np.array_equal(x.image, y.image) for x, y in zip(*films, strict=True))


def test_checking_writes_only_a_sheet(command) -> None:
    result = command(f"{CLIP} {MASK} --check")
    assert (result.code, result.written) == (0, {"clip_inpainted_check.jpg"})
    assert "time: about" in result.err
    assert SHADOW_LEFT not in result.err


@pytest.mark.parametrize(
    ("options", "may_be_left"),
    [
        (RemoveOptions(video=VideoConfig("v", "m")), True),
        (RemoveOptions(video=VideoConfig("v"), marks=Marks(box=("1", "1", "5", "5"))), True),
        (RemoveOptions(video=VideoConfig("v", "m"), marks=Marks(grow="shadow")), False),
        (RemoveOptions(video=VideoConfig("v"), graphics=Graphics(text=True)), False),
    ],
)
def test_shadows_are_mentioned_where_an_object_is_removed_without_them(options, may_be_left) -> None:
    assert options.may_leave_shadow == may_be_left


def test_a_folder_may_be_named_by_a_dot(command, world: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(world / "frames")
    result = run_command("remove . --mask ../mask.png", world / "frames", monkeypatch, capsys)
    assert result.code == 0, result.err
    assert (world / "frames_inpainted.mp4").exists()
    for made in world.glob("frames_inpainted*"):
        os.remove(made)
