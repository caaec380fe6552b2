import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_thesis.errors import UserError
from master_thesis.images.listing import entries_of, images_in, natural_key
from tests.permissions import permissions_count


@pytest.mark.parametrize(
    "names",
    [
        ["f2", "f10"],
        ["f02.png", "f2.png", "f10.png"],
        ["1.png", "2.png", "10.png"],
        ["2.png", "10.png", "a.png"],
        ["1a2", "1a10", "1b1"],
        ["1.png", "²1.png"],  # "²" is a digit but not a decimal: int("²") fails
        ["٣.png", "4.png"],  # an Arabic 3 is a decimal
    ],
)
def test_natural_order_sorts_decimals_by_value(names):
    for shuffled in itertools.permutations(names):
        assert sorted(shuffled, key=natural_key) == names


@given(st.lists(st.text("²٣½①01289af. ", max_size=6), unique=True))
def test_any_names_have_one_natural_order(names):
    backwards = names[::-1]
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)


def test_a_listing_holds_visible_entries_in_natural_order(tmp_path):
    for name in ("f10.png", "f2.JPG", "²1.png", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    (tmp_path / "f3").mkdir()
    assert [path.name for path in entries_of(tmp_path)] == ["f2.JPG", "f3", "f10.png", "notes.txt", "²1.png"]
    assert images_in(tmp_path) == [tmp_path / name for name in ("f2.JPG", "f10.png", "²1.png")]


def test_a_folder_that_cannot_be_read_is_reported(tmp_path):
    with pytest.raises(UserError, match=r"nowhere: cannot be read \(no such file or directory\)"):
        images_in(tmp_path / "nowhere")
    os.chmod(tmp_path, 0)
    with permissions_count(), pytest.raises(UserError, match=r"cannot be read \(permission denied\)"):
        entries_of(tmp_path)
    os.chmod(tmp_path, 0o755)
