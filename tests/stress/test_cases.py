"""Files as people have them: each row of ``stress.cases`` with what is right for it."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.video.io.colours import PQ
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.masks import MaskTally, open_masks
from master_thesis.video.pipeline import inpaint_video
from stress.case_files import Case
from stress.cases import CASES
from stress.videos import Clip, box_mask, moving_frames, packets, shown
from tests.factories import Copier, StillAligner


def fill(case: Case, folder: Path, **options):
    """Fills the video of a case; the default output lies beside it."""
    flags = {"keep_going": "--keep_going" in case.options, "invert_mask": "--invert_mask" in case.options}
    output = str(folder / case.output) if case.output else None
    video = case.video if case.video.is_absolute() else folder / case.video
    config = VideoConfig(**({"video": str(video), "mask": str(case.mask), "output": output} | flags | options))
    return inpaint_video(config, StillAligner(), Copier(), "ff", (24, 32), max_distance=1)


def holes(case: Case, tally: MaskTally | None = None, invert: bool = False, hold: bool = False) -> np.ndarray:
    masks = open_masks(str(case.mask), open_source(case.video), None, invert, 0, hold)
    return np.stack([mask for _, mask in masks.pairs(tally)])


def streams(path: Path) -> list[tuple[str, str]]:
    with av.open(f"file:{path}") as container:
        return [(s.type, s.codec_context.name) for s in container.streams]


def refused(case: Case, folder: Path, message: str, **options) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(UserError, match=message):
        fill(case, folder, **options)
    assert sorted(folder.iterdir()) == before  # nothing is left behind


def test_sound_that_mp4_cannot_hold(tmp_path: Path) -> None:
    case = CASES["sound-pcm"](tmp_path)
    result = fill(case, tmp_path)
    assert result.output == tmp_path / "pcm_inpainted.mkv"
    assert packets(result.output, "audio")[1] == packets(case.video, "audio")[1]
    message = r"\.mp4 cannot hold the sound of .*pcm\.avi \(pcm_s16le\): use \.mkv or \.mov"
    refused(Case(case.video, case.mask, "x.mp4"), tmp_path, message)


def test_sound_that_mov_cannot_hold(tmp_path: Path) -> None:
    refused(CASES["sound-opus"](tmp_path), tmp_path, r"\.mov cannot hold the sound of .*\(opus\): use \.mp4 or \.mkv")


def test_a_track_that_nobody_can_decode_is_left_out(tmp_path: Path) -> None:
    case = CASES["sound-unknown"](tmp_path)
    result = fill(case, tmp_path)
    assert "sound 2 (unknown) is left out" in result.report.notices
    assert streams(result.output) == [("video", "h264"), ("audio", "aac")]
    assert packets(result.output, "audio") == packets(case.video, "audio")


def test_sound_that_no_container_takes_is_converted(tmp_path: Path) -> None:
    case = CASES["sound-wma"](tmp_path)
    result = fill(case, tmp_path)
    assert streams(result.output) == [("video", "h264"), ("audio", "aac")]
    assert "sound 1 (wmav2) is converted to AAC, because no container takes it" in result.report.notices
    with av.open(str(result.output)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.sample_rate, stream.codec_context.channels) == (48000, 2)
        assert abs(float(stream.duration * stream.time_base) - 0.32) < 0.1


def test_joined_recordings_stay_in_step(tmp_path: Path) -> None:
    case = CASES["sound-back"](tmp_path)
    result = fill(case, tmp_path)
    pictures, sounds = [time for time, _ in shown(result.output)], packets(result.output, "audio")[0]
    assert len(pictures) == 50
    assert pictures == sorted(pictures)
    assert sounds == sorted(sounds)
    first, second = pictures[:25], pictures[25:]
    assert abs((second[0] - first[0]) - 1) < Fraction(1, 10)
    lag = min(abs(time - second[0]) for time in sounds)
    assert lag < Fraction(3, 100)  # there is sound at the start of the second part
    assert pictures[-1] < Fraction(21, 10)


def test_what_an_edit_list_hides_stays_hidden(tmp_path: Path) -> None:
    case = CASES["hidden-start"](tmp_path)
    assert open_source(case.video).info.estimated_frames == 0  # the header counts 20
    for output in ("out.mkv", "out.mp4"):
        result = fill(Case(case.video, case.mask, output), tmp_path, overwrite=True)
        times = [time for time, _ in shown(result.output)]
        assert len(times) == 15
        assert (times[0], times[-1]) == (0, Fraction(14, 25))
        sounds = packets(result.output, "audio")[0]
        assert (sounds[0] >= 0) if output == "out.mkv" else (sounds[1] >= -Fraction(1, 40))
        assert sounds[0] < Fraction(3, 100)


def test_a_recording_starts_at_0(tmp_path: Path) -> None:
    case = CASES["clock"](tmp_path)
    result = fill(case, tmp_path)
    pictures, sounds = [time for time, _ in shown(result.output)], packets(result.output, "audio")[0]
    assert sounds[0] == 0
    assert abs(pictures[0] - Fraction(1024, 48000)) < Fraction(1, 1000)
    assert pictures[-1] < Fraction(2, 5)
    assert [o.seconds for o in result.origins] == pytest.approx([float(time) for time in pictures], abs=1e-3)


def test_the_last_frame_is_shown_as_long(tmp_path: Path) -> None:
    result = fill(CASES["last-frame"](tmp_path), tmp_path)
    assert not [line for line in result.report.notices if "soft" not in line]
    with av.open(str(result.output)) as container:
        assert container.duration == 2_400_000


def test_hdr_keeps_its_values_and_their_tags(tmp_path: Path) -> None:
    case = CASES["hdr"](tmp_path)
    for codec, name in ((None, "hevc"), ("h264", "h264")):
        result = fill(case, tmp_path, codec=codec, overwrite=True)
        info = open_source(result.output).info
        assert streams(result.output)[0] == ("video", name)
        assert (info.bits, info.is_hdr, info.colours.transfer, info.colours.primaries) == (10, True, PQ, 9)
        with av.open(str(case.video)) as before, av.open(str(result.output)) as after:
            for a, b in zip(before.decode(video=0), after.decode(video=0), strict=True):
                difference = a.to_ndarray()[:48].astype(int) - b.to_ndarray()[:48]
                assert abs(difference[~box_mask(box=(8, 16, 40, 48))].mean()) < 1  # of 1024


def test_facts_about_tracks_travel(tmp_path: Path) -> None:
    case = CASES["tracks"](tmp_path)
    result = fill(case, tmp_path)
    with av.open(str(result.output)) as container:
        german, english = container.streams.audio
        assert (german.language, english.language) == ("ger", "eng")
        assert english.metadata["title"] == "Commentary"
        assert (bool(german.disposition & 1), bool(english.disposition & 1)) == (False, True)
        assert [s.codec_context.name for s in container.streams.subtitles] == ["srt"]
        (chapter,) = container.chapters()
        assert chapter["metadata"] == {"title": "one"}
        assert container.metadata["creation_time"] == "2025-06-20T16:58:15.000000Z"
    result = fill(Case(case.video, case.mask, "out.mp4"), tmp_path, overwrite=True)
    assert "subtitles 3 (srt) is left out: .mkv would keep it" in result.report.notices


def test_the_film_is_filled_and_not_its_thumbnail(tmp_path: Path) -> None:
    result = fill(CASES["two-pictures"](tmp_path), tmp_path)
    assert len(shown(result.output)) == 8
    assert open_source(result.output).info.size == (48, 64)
    assert "another picture 0 (mjpeg) is left out" in result.report.notices


def test_side_data_that_is_not_known_is_ignored(tmp_path: Path) -> None:
    assert len(shown(fill(CASES["side-data"](tmp_path), tmp_path).output)) == 1


@pytest.mark.parametrize("name", ["Movie: Title 3D.mp4", "http:x.mp4", "%03d.mp4", "concat:a|b.mp4", "pipe:.mp4"])
def test_names_are_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    case = CASES["name-colon"](tmp_path)
    (tmp_path / case.video).rename(tmp_path / name)
    config = VideoConfig(video=name, mask=str(case.mask), output=f"new {name}")
    result = inpaint_video(config, StillAligner(), Copier(), "ff", (24, 32), max_distance=1)
    assert result.output == Path(f"new {name}")
    assert (tmp_path / f"new {name}").is_file()
    assert len(list(open_masks(name, open_source(Path(name)), None, False, 0).pairs())) == 8


@pytest.mark.parametrize(
    "text",
    ["ffconcat version 1.0\nfile 'secret.ts'\n", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n"],
    ids=["concat", "hls"],
)
def test_lists_of_other_files_are_refused(tmp_path: Path, text: str) -> None:
    case = CASES["playlist"](tmp_path)
    for name in ("list.mp4", "list.m3u8"):
        (tmp_path / name).write_text(text)
        with pytest.raises(UserError, match="cannot be read as a video"):
            open_source(tmp_path / name)
    with pytest.raises(UserError, match="cannot be read as a video"):
        open_masks(str(case.video), open_source(tmp_path / "secret.ts"), None, False, 0)


def test_a_damaged_frame_is_made_from_its_neighbours(tmp_path: Path) -> None:
    case = CASES["damaged"](tmp_path)
    message = r"damaged after 6 complete frames .* or add --keep_going, which makes it from its neighbours"
    refused(case, tmp_path, message, keep_going=False)
    result = fill(case, tmp_path, lossless=True, output=str(tmp_path / "out.mkv"))
    assert "damaged frame 6: made from neighbouring frames" in result.report.notices
    frames = shown(result.output)
    assert [time for time, _ in frames] == [Fraction(i, 25) for i in range(12)]
    pictures = [frame.image for frame in open_source(case.video, 25, True).frames()]
    true = moving_frames(12)[6].astype(int)
    errors = [np.abs(pictures[i].astype(int) - true)[:, 4:-4].mean() for i in (5, 6, 7)]
    assert errors[1] < min(errors[0], errors[2]) / 2
    assert np.abs(frames[6][1].astype(int) - pictures[6])[:8].mean() < 8, "its known pixels are in the result"


def test_a_change_of_size_names_frame_and_time(tmp_path: Path) -> None:
    message = r"the size changes from 64 x 48 to 128 x 96 at frame 8 \(0\.32 s\): cut it there, .*-t 0\.320 "
    refused(CASES["size-change"](tmp_path), tmp_path, message)


def test_masks_are_drawn_on_what_players_show(tmp_path: Path) -> None:
    case = CASES["shown-size"](tmp_path)
    info = open_source(case.video).info
    assert (info.size, info.shown_size) == ((48, 64), (48, 91))
    hole = holes(case)[0]
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    assert (rows[0], rows[-1]) == (16, 31)
    assert abs(columns[0] - 24 / 91 * 64) <= 1
    assert abs(columns[-1] - 39 / 91 * 64) <= 1
    Image.new("L", (200, 48)).save(tmp_path / "mask.png")
    with pytest.raises(UserError, match=r"the shape of the video, 64 x 48 or 91 x 48, got 200 x 48"):
        holes(case)


def test_noise_is_not_hole(tmp_path: Path) -> None:
    assert (holes(CASES["mask-noise"](tmp_path)) == box_mask()).all()


def test_a_zone_is_in_or_out_as_a_zone(tmp_path: Path) -> None:
    case = CASES["mask-zones"](tmp_path)
    zone = np.zeros((48, 64), bool)
    zone[8:40, 8:56] = True
    found = holes(case, invert=True)
    assert (found != zone).mean() < 0.03  # soft edges
    assert found[:, 10:38, 10:54].all()
    plain = np.where(zone, 127, 255).astype(np.uint8)
    Image.fromarray(plain).save(tmp_path / "zones.png")
    assert (holes(Case(case.video, tmp_path / "zones.png"), invert=True) == zone).all()


def test_0_and_1_are_numbers_where_nothing_is_lost(tmp_path: Path) -> None:
    case = CASES["mask-ones"](tmp_path)
    refused(case, tmp_path, r"nothing to fill: its brightest value is 1 \(above 127 counts\)")
    Image.fromarray(box_mask().astype(np.uint8)).save(tmp_path / "ones.png")
    assert (holes(Case(case.video, tmp_path / "ones.png")) == box_mask()).all()
    ones = [np.repeat(box_mask().astype(np.uint8)[..., None], 3, axis=2)] * 8
    masks = Clip("ones.mkv", "ffv1", "bgr0").write(tmp_path, ones)
    refused(Case(case.video, masks), tmp_path, r"its brightest value is 1 \(above 127 counts\)")


def test_a_black_video_shows_its_shape_by_transparency(tmp_path: Path) -> None:
    assert (holes(CASES["mask-alpha"](tmp_path)) == box_mask()).all()


def test_pictures_of_an_animated_image_are_masks_one_by_one(tmp_path: Path) -> None:
    case = CASES["mask-animated"](tmp_path)
    expected = np.stack([box_mask(box=(8, 4 * i, 24, 4 * i + 16)) for i in range(8)])
    assert (holes(case) == expected).all()
    pictures = [Image.fromarray((mask * 255).astype(np.uint8)) for mask in expected]
    for name, options in (("a.png", {"duration": 40}), ("a.tiff", {})):
        pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:], **options)
        assert (holes(Case(case.video, tmp_path / name)) == expected).all()
    folder = tmp_path / "folder"
    folder.mkdir()
    case.mask.rename(folder / "0.webp")
    with pytest.raises(UserError, match=r"0\.webp holds 8 pictures, but one is expected"):
        holes(Case(case.video, folder))
    with pytest.raises(UserError, match=r"0\.webp holds 8 pictures"):
        open_source(folder)


def test_masks_numbered_from_1_belong_to_frames_numbered_from_0(tmp_path: Path) -> None:
    tally = MaskTally()
    assert holes(CASES["mask-shifted"](tmp_path), tally).any(axis=(1, 2)).all()
    assert tally.notes == ["masks are numbered 1 to 8, frames 0 to 7: they are matched in order, not by name"]


def test_sparse_masks_make_an_object_flash_unless_they_are_held(tmp_path: Path) -> None:
    case, tally = CASES["mask-sparse"](tmp_path), MaskTally()
    assert holes(case, tally).any(axis=(1, 2)).sum() == 2
    assert tally.notes == [
        "only every 4th frame has a mask: the object will flash, removed in these and shown between them: "
        "make one for every frame, or add --hold_masks"
    ]
    assert holes(case, hold=True).any(axis=(1, 2)).all()
    video = Clip().write(tmp_path)
    assert holes(Case(video, case.mask), hold=True).any(axis=(1, 2)).all()


def test_masks_of_another_rate_are_matched_by_time(tmp_path: Path) -> None:
    case, tally = CASES["mask-rates"](tmp_path), MaskTally()
    assert len(holes(case, tally)) == 20
    assert (tally.used, tally.held, tally.extra) == (16, 0, 0)
    assert tally.notes == ["masks of another rate (20 per second) are matched by time"]
    moving = [np.repeat(box_mask(box=(8, 2 * i, 24, 2 * i + 16))[..., None], 3, axis=2) for i in range(16)]
    whites = [(picture * 255).astype(np.uint8) for picture in moving]
    masks = Clip("moving.mkv", "ffv1", "bgr0", rate=20, times=tuple(range(16))).write(tmp_path, whites)
    for frame, hole in enumerate(holes(Case(case.video, masks))):
        assert np.flatnonzero(hole.any(axis=0))[0] == 2 * (frame * 20 // 25)
