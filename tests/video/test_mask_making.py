"""A mask for every frame from marks on a few, and only what depends on a changed mark is carried again."""

import json

import numpy as np
import pytest

from master_thesis.configs.masking import Marks, MaskConfig, TrackerChoice
from master_thesis.errors import UserError
from master_thesis.images.codec import read_mask, write_png
from master_thesis.images.graded import read_graded
from master_thesis.masking.carrying import Carried
from master_thesis.masking.outline import Outline
from master_thesis.video import mask_carrying, mask_marks
from master_thesis.video.io.decoding import open_source
from master_thesis.video.mask_making import make_masks, summary
from master_thesis.video.mask_overlay import tinted
from master_thesis.video.progress import watching
from stress.videos import Clip, moving_frames

NUM_FRAMES = 8
ROUTES = []


class Still:
    """A tracker that leaves every mask where it is, and notes the routes."""

    def __init__(self, network, frame_at, size):
        self.size = size

    def carry(self, keys, route):
        ROUTES.append(tuple(route))
        for frame in route[1:]:
            yield Carried(frame, keys[route[0]], 0.2 if frame == 2 else 0.95)


@pytest.fixture(autouse=True)
def still(monkeypatch):
    monkeypatch.setattr(mask_carrying, "make_carrier", Still)
    ROUTES.clear()


@pytest.fixture
def video(tmp_path):
    return Clip("clip.mp4", times=tuple(range(NUM_FRAMES))).write(tmp_path)


def drawn(folder, name, left, size=(48, 64)):
    mask = np.zeros(size, bool)
    mask[10:30, left : left + 12] = True
    write_png(folder / name, mask)
    return mask


def masks_in(folder):
    return [read_mask(path) for path in sorted(folder.glob("*.png"))]


def test_every_frame_has_a_mask_and_its_confidence(tmp_path, video):
    mask = drawn(tmp_path, "a.png", 20)
    result = make_masks(MaskConfig(str(video)), Marks(draw=(f"{tmp_path / 'a.png'}@3",), gone=("@6",)))
    assert result.folder == tmp_path / "clip_masks"
    masks = masks_in(result.folder)
    assert len(masks) == NUM_FRAMES
    assert np.array_equal(masks[3], mask)
    assert [m.any() for m in masks] == [True] * 6 + [False] * 2
    record = json.loads((result.folder / "masks.json").read_text())
    assert record["key_frames"] == [3, 6]
    assert record["size"] == [48, 64]
    confidence = np.array(record["confidence"])
    assert (confidence[[3, 6, 7]] == 1).all()
    assert (confidence[[0, 1, 4, 5]] > 0.9).all()
    assert confidence[2] < 0.7
    assert record["doubtful"] == [2]
    assert record["options"]["gone"] == ["@6"]


def test_only_what_depends_on_a_changed_mark_is_carried_again(tmp_path, video):
    for name, left in (("a.png", 10), ("b.png", 20), ("c.png", 30), ("other.png", 40)):
        drawn(tmp_path, name, left)
    config = MaskConfig(str(video), overwrite=True)

    def make(*names):
        ROUTES.clear()
        words = (f"{tmp_path / name}@{frame}" for name, frame in zip(names, (0, 3, 7), strict=True))
        return masks_in(make_masks(config, Marks(draw=tuple(words))).folder)

    first = make("a.png", "b.png", "c.png")
    assert sorted(ROUTES) == [(0, 1, 2), (3, 2, 1), (3, 4, 5, 6), (7, 6, 5, 4)]
    second = make("a.png", "b.png", "other.png")
    assert sorted(ROUTES) == [(3, 4, 5, 6), (7, 6, 5, 4)]
    assert all(np.array_equal(a, b) for a, b in zip(first[:4], second[:4], strict=True))
    assert not np.array_equal(first[6], second[6])
    make("a.png", "b.png", "other.png")
    assert ROUTES == []


def test_an_ambiguous_outline_makes_all_that_is_carried_from_it_doubtful(tmp_path, video, monkeypatch):
    mask = drawn(tmp_path, "a.png", 20)
    monkeypatch.setattr(mask_marks, "outline", lambda *_: Outline(mask, 0.6))
    config = MaskConfig(str(video), overwrite=True)
    result = make_masks(config, Marks(box=("20", "10", "12", "20@3")))
    assert result.record.doubtful == list(range(NUM_FRAMES))
    assert result.record.confidence[3] == 0.6
    assert summary(result)[1].startswith("look at frame 3 first: what its box holds is ambiguous")
    ROUTES.clear()
    monkeypatch.setattr(mask_marks, "outline", lambda *_: Outline(mask))
    result = make_masks(config, Marks(box=("20", "10", "12", "20@3")))
    assert result.record.doubtful == [2]
    assert summary(result)[1].startswith("look at frame 2: if its mask is wrong")
    assert ROUTES, "kept masks would keep their confidence"


def test_progress_counts_the_frames_that_are_carried(tmp_path, video):
    for name, left in (("a.png", 4), ("b.png", 30)):
        drawn(tmp_path, name, left)
    first, last = f"{tmp_path / 'a.png'}@0", f"{tmp_path / 'b.png'}@5"
    steps = []

    def seen(progress):
        if progress.what == "carrying":
            steps.append((progress.num_done, progress.total))

    def make(*marks, gone=()):
        steps.clear()
        with watching(seen):
            make_masks(MaskConfig(str(video), overwrite=True), Marks(draw=marks, gone=gone))
        return list(steps)

    assert make(first) == [(n, 7) for n in range(1, 8)]
    assert make(first, last) == [(n, 6) for n in range(1, 7)], "each way is half of the work where there are two"
    assert make(first, last, gone=("@6",)) == [(1, 1)], "what is kept is not counted"


def test_what_may_be_the_object_is_grey_and_removed_too(tmp_path, video, monkeypatch):
    mask = drawn(tmp_path, "a.png", 20)

    def carry(self, keys, route):
        faint = np.where(np.roll(keys[0], 12 * self.size[1] // 64, axis=1) > 0.5, np.float32(0.1), np.float32(0))
        return (Carried(t, np.maximum(keys[0], faint), 0.95) for t in route[1:])

    monkeypatch.setattr(Still, "carry", carry)

    def made(unsure):
        choice = TrackerChoice(unsure=unsure)
        config = MaskConfig(str(video), overwrite=True)
        folder = make_masks(config, Marks(draw=(str(tmp_path / "a.png"),)), tracker=choice).folder
        return read_graded(folder / "00001.png"), read_mask(folder / "00001.png")

    (sure, unsure), hole = made(0.05)
    assert (sure & mask).sum() > 0.9 * (sure | mask).sum(), "fitted to the frame"
    assert unsure[15:25, 34:42].all()
    assert not unsure[:, 46:].any()
    assert np.array_equal(hole, sure | unsure)
    (sure, unsure), hole = made(0.2)
    assert np.array_equal(hole, sure | unsure), "another threshold makes new ones"
    assert not unsure[15:25, 36:].any()


def test_boxes_are_those_of_the_displayed_frame(tmp_path):
    video = Clip("clip.mov", rotation=-90, times=(0, 1)).write(tmp_path)
    mask = drawn(tmp_path, "upright.png", 20, size=(64, 48))
    result = make_masks(MaskConfig(str(video)), Marks(draw=(str(tmp_path / "upright.png"),)))
    assert np.array_equal(masks_in(result.folder)[0], mask)
    with pytest.raises(UserError, match="--box 50 1 5 5 lies outside the frame, which is 48 x 64"):
        make_masks(MaskConfig(str(video), str(tmp_path / "new")), Marks(box=("50", "1", "5", "5")))


def test_masks_of_a_folder_have_the_names_of_its_frames(tmp_path):
    (tmp_path / "frames").mkdir()
    for i, frame in enumerate(moving_frames(2)):
        write_png(tmp_path / "frames" / f"shot{i + 9}.png", frame)
    drawn(tmp_path, "a.png", 20)
    result = make_masks(MaskConfig(str(tmp_path / "frames")), Marks(draw=(str(tmp_path / "a.png"),)))
    assert {path.name for path in result.folder.iterdir()} == {"shot9.png", "shot10.png", "masks.json"}


def test_nothing_is_carried_across_a_cut(tmp_path):
    frames = moving_frames(4) + moving_frames(4, seed=1)
    video = Clip(times=tuple(range(8))).write(tmp_path, frames)
    drawn(tmp_path, "a.png", 20)
    record = make_masks(MaskConfig(str(video)), Marks(draw=(str(tmp_path / "a.png"),))).record
    assert ROUTES == [(0, 1, 2, 3)]
    assert record.doubtful == [2, 4, 5, 6, 7]


def test_the_overlay_shows_the_masks(tmp_path, video):
    drawn(tmp_path, "a.png", 20)
    make_masks(MaskConfig(str(video), overlay=True), Marks(draw=(str(tmp_path / "a.png"),)))
    frames = [frame.image for frame in open_source(tmp_path / "clip_masks_overlay.mp4").frames()]
    assert len(frames) == NUM_FRAMES
    inside, outside = frames[0][12:28, 22:30].mean(axis=(0, 1)), frames[0][:, 40:].mean(axis=(0, 1))
    assert inside[1] - inside[0] > 40 > outside[1] - outside[0]
    orange = frames[2][12:28, 22:30].mean(axis=(0, 1))
    assert orange[0] - orange[2] > 40


def test_a_tint_leaves_the_frame_as_it_is():
    image = np.full((4, 6, 3), 100, np.uint8)
    mask = np.zeros((4, 6), bool)
    mask[0] = True
    mixed = tinted(image, mask, np.roll(mask, 1, axis=0), np.array([0, 200, 0.0]))
    assert mixed[0, 0].tolist() == [45, 155, 45]
    assert mixed[1, 0].tolist() == [75, 125, 75]
    assert mixed[3, 0].tolist() == [108, 108, 108]
    assert image.max() == 100


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("file", "--output should be a folder of masks, got the file file"),
        ("others", "--output others holds files other than masks made here: choose another folder"),
        ("made", "--output made exists already: --overwrite replaces it"),
    ],
)
def test_folders_in_the_way_are_kept(tmp_path, video, monkeypatch, place, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    for name in ("others", "made"):
        (tmp_path / name).mkdir()
    (tmp_path / "others" / "photo.png").write_text("dear to somebody")
    (tmp_path / "made" / "masks.json").write_text("{}")
    drawn(tmp_path, "a.png", 20)
    with pytest.raises(UserError) as error:
        make_masks(MaskConfig("clip.mp4", place), Marks(draw=("a.png",)))
    assert str(error.value) == message


def test_an_interruption_keeps_the_masks_that_were_there_and_says_so(tmp_path, video, monkeypatch, caplog):
    drawn(tmp_path, "a.png", 20)
    config, marks = MaskConfig(str(video), overwrite=True), Marks(draw=(str(tmp_path / "a.png"),))
    before = masks_in(make_masks(config, marks).folder)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Still, "carry", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_masks(config, Marks(draw=(f"{tmp_path / 'a.png'}@5",)))
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "clip.mp4", "clip_masks"}
    after = masks_in(tmp_path / "clip_masks")
    assert len(after) == len(before)
    assert np.array_equal(after[0], before[0])
    kept = f"interrupted: the masks in {tmp_path / 'clip_masks'} are as they were; the same command starts again"
    with pytest.raises(KeyboardInterrupt):
        make_masks(MaskConfig(str(video), output=str(tmp_path / "new")), marks)
    assert caplog.messages[-2:] == [kept, "interrupted: no mask is written; the same command starts again"]


def test_a_failure_leaves_nothing_behind(tmp_path, video):
    with pytest.raises(UserError, match="frame 99 is marked, but the video ends at frame 7"):
        make_masks(MaskConfig(str(video)), Marks(box=("1", "1", "9", "9@99")))
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
