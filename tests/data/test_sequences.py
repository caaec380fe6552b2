import os
import shutil

import numpy as np
import pytest

from master_thesis.data.sequences import (
    find_backgrounds,
    find_masks,
    find_test_sequences,
    image_files,
    read_list,
    split_masks,
)
from master_thesis.errors import UserError
from master_thesis.images.codec import write_jpeg, write_png

FRAME = np.zeros((4, 6, 3), np.uint8)


@pytest.fixture
def tree(tmp_path):
    for name in ("one", "two words", "trois-é"):
        folder = tmp_path / "data" / "GOT10k" / "train" / name
        folder.mkdir(parents=True)
        write_jpeg(folder / "1.jpg", FRAME)
    write_list(tmp_path, ["one", "two words", "trois-é", ""])
    return tmp_path


def write_list(tmp_path, names):
    (tmp_path / "data" / "GOT10k" / "train" / "list.txt").write_text("\n".join(names), encoding="utf-8")


def test_listed_sequences_are_found(tree):
    found = find_backgrounds(str(tree / "data"), "train")
    assert found.names == ("one", "two words", "trois-é")
    assert [os.path.basename(path) for path in found.files("two words")] == ["1.jpg"]
    assert str(found).endswith("train: 3 sequences")


def test_missing_sequences_are_skipped_and_counted(tree):
    (tree / "data/GOT10k/train/empty").mkdir()
    write_list(tree, ["one", "nowhere", "empty", "one"])
    found = find_backgrounds(str(tree / "data"), "train")
    assert (found.names, found.num_missing, found.num_outside) == (("one",), 2, 0)
    assert str(found).endswith("train: 1 sequence (skipped: 2 not on disk)")


def test_sequences_and_links_that_lead_outside_are_left_out(tree):
    outside = tree / "outside"
    outside.mkdir()
    write_jpeg(outside / "1.jpg", FRAME)
    inside = tree / "data/GOT10k/train"
    (inside / "link").symlink_to(outside)
    (inside / "loop").symlink_to(inside / "loop")
    (inside / "one" / "2.jpg").symlink_to(outside / "1.jpg")
    write_list(tree, ["one", "link", "loop", "../../../outside", str(outside), ".", "..", "nul\0"])
    found = find_backgrounds(str(tree / "data"), "train")
    assert found.names == ("one",)
    assert found.num_outside + found.num_missing == 7
    assert found.num_outside >= 6
    assert [os.path.basename(path) for path in found.files("one")] == ["1.jpg"]
    followed = find_backgrounds(str(tree / "data"), "train", follow_links=True)
    assert followed.names == ("one", "link"), "names that are no links never lead outside"
    assert [os.path.basename(path) for path in followed.files("one")] == ["1.jpg", "2.jpg"]
    assert [os.path.basename(path) for path in followed.files("link")] == ["1.jpg"]


def test_the_reason_is_named_where_links_lead_outside(tree, caplog):
    """A subset of another data set, with sequences or single frames as links."""
    inside, outside = tree / "data/GOT10k/train", tree / "outside"
    shutil.move(inside / "one", outside)
    (inside / "one").symlink_to(outside)
    (inside / "frames").mkdir()
    (inside / "frames" / "1.jpg").symlink_to(outside / "1.jpg")
    write_list(tree, ["one", "frames"])
    with pytest.raises(UserError, match=r"\(2 lead outside: give --follow_links if these are links that you trust\)"):
        find_backgrounds(str(tree / "data"), "train")
    write_list(tree, ["one", "two words"])
    found = find_backgrounds(str(tree / "data"), "train")
    assert str(found).endswith("1 sequence (skipped: 1 leads outside, which --follow_links allows for links)")
    write_list(tree, ["one", "frames", "two words"])
    found = find_backgrounds(str(tree / "data"), "train")
    assert str(found).endswith("1 sequence (skipped: 2 lead outside, which --follow_links allows for links)")
    (inside / "two words" / "2.jpg").symlink_to(outside / "1.jpg")
    assert len(found.files("two words")) == 1
    assert "two words: left out 1 link to images outside, which --follow_links allows" in caplog.text
    followed = find_backgrounds(str(tree / "data"), "train", follow_links=True)
    assert followed.names == ("one", "frames", "two words")
    assert [len(followed.files(name)) for name in followed.names] == [1, 1, 2]


def test_a_data_set_may_itself_be_a_link(tree):
    (tree / "elsewhere").mkdir()
    (tree / "elsewhere" / "GOT10k").symlink_to(tree / "data" / "GOT10k")
    assert len(find_backgrounds(str(tree / "elsewhere"), "train").names) == 3


def test_only_visible_images_are_listed_in_natural_order(tmp_path):
    for name in ("frame10.png", "frame9.jpg", "²1.png", "frame1.JPG", ".hidden.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    names = [os.path.basename(path) for path in image_files(str(tmp_path))]
    assert names == ["frame1.JPG", "frame9.jpg", "frame10.png", "²1.png"]
    assert image_files(str(tmp_path / "nowhere")) == ()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda root: shutil.rmtree(root), r"--data_path should be an existing folder with the data sets, got .*data"),
        (lambda root: shutil.rmtree(root / "GOT10k"), r"should hold a folder GOT10k, but has none"),
        (lambda root: (root / "GOT10k/train/list.txt").unlink(), r"list\.txt should list .* cannot be read \(No such"),
        (lambda root: (root / "GOT10k/train/list.txt").write_text("\n \n"), r"list\.txt should list .* but is empty"),
        (
            lambda root: (root / "GOT10k/train/list.txt").write_text("a/1.jpg 0\nb"),
            r"has none for the 2 sequences listed \(the first one: 'a/1\.jpg 0'\)",
        ),
    ],
)
def test_the_error_says_what_a_tree_lacks(tree, damage, message):
    damage(tree / "data")
    with pytest.raises(UserError, match=message):
        find_backgrounds(str(tree / "data"), "train")


def test_a_list_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert read_list(tmp_path / "list.txt") == ("one", "two")


def test_masks_are_split_nine_to_one_and_the_same_way_every_time():
    names = tuple(f"s{i:03}" for i in range(200))
    train, val = split_masks(names)
    assert (len(train), len(val)) == (180, 20)
    assert sorted(train + val) == sorted(names)
    assert split_masks(names) == (train, val)
    assert val != names[-20:]
    assert [len(part) for part in split_masks(("a", "b"))] == [1, 1]


def test_missing_annotations_are_reported(tmp_path):
    (tmp_path / "YouTubeVOS").mkdir()
    with pytest.raises(UserError, match="Annotations should hold the mask sequences, but cannot be read"):
        find_masks(str(tmp_path))


def davis(root, annotations, listed):
    for folder in (root / "JPEGImages/480p/cat", root / annotations / "480p/cat"):
        folder.mkdir(parents=True)
    for i in range(2):
        write_jpeg(root / f"JPEGImages/480p/cat/{i}.jpg", FRAME)
    write_png(root / annotations / "480p/cat/1.png", np.ones((4, 6), bool))
    (root / listed).parent.mkdir(parents=True)
    (root / listed).write_text("cat\ndog\n")


@pytest.mark.parametrize(
    ("annotations", "listed"),
    [("Annotations_Dense", "ImageSets/custom.txt"), ("Annotations", "ImageSets/2017/val.txt")],
)
def test_both_layouts_of_davis_are_found(tmp_path, annotations, listed):
    davis(tmp_path / "DAVIS-2017", annotations, listed)
    sequences, found = find_test_sequences(str(tmp_path))
    assert [sequence.name for sequence in sequences] == ["cat"]
    assert found.num_missing == 1
    assert [mask and os.path.basename(mask) for mask in sequences[0].masks] == [None, "1.png"]
    shutil.rmtree(tmp_path / "DAVIS-2017" / annotations)
    with pytest.raises(UserError, match="should hold Annotations_Dense/480p or Annotations/480p, but has none of them"):
        find_test_sequences(str(tmp_path))
    (tmp_path / "DAVIS-2017" / listed).unlink()
    with pytest.raises(UserError, match=r"ImageSets/custom.txt or ImageSets/2017/val.txt or .*, but has none of them"):
        find_test_sequences(str(tmp_path))


def test_the_list_of_davis_2016_names_images_and_masks(tmp_path):
    davis(tmp_path / "DAVIS-2017", "Annotations", "ImageSets/480p/val.txt")
    lines = [
        f"/JPEGImages/480p/{s}/{i:05d}.jpg /Annotations/480p/{s}/{i:05d}.png " for s in ("cat", "dog") for i in (0, 1)
    ]
    (tmp_path / "DAVIS-2017/ImageSets/480p/val.txt").write_text("\n".join(lines))
    sequences, found = find_test_sequences(str(tmp_path))
    assert [sequence.name for sequence in sequences] == ["cat"]
    assert found.num_missing == 1


@pytest.mark.parametrize("line", ["two words", "a/1.jpg", "cat.jpg dog.png", "a b c/d.jpg"])
def test_other_lines_are_names(tmp_path, line):
    (tmp_path / "list.txt").write_text(line)
    assert read_list(tmp_path / "list.txt") == (line,)
