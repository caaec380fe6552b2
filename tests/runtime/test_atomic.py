import errno
import os

import pytest

from master_thesis.errors import UserError
from master_thesis.runtime.atomic import (
    atomic_folder,
    atomic_path,
    is_disk_full,
    refuse_overwrite,
    remove_leftovers,
)


def test_a_file_appears_when_the_block_ends(tmp_path):
    (tmp_path / "a").write_text("old")
    with atomic_path(tmp_path / "a") as part:
        part.write_text("new")
        assert (tmp_path / "a").read_text() == "old"
    assert (tmp_path / "a").read_text() == "new"
    assert os.listdir(tmp_path) == ["a"]


def test_writers_do_not_share_an_unfinished_file(tmp_path):
    """Processes of several machines may have the same number, as these two have."""
    with atomic_path(tmp_path / "a") as one, atomic_path(tmp_path / "a") as other:
        assert one != other
        for part in (one, other):
            part.write_text(part.name)
    assert (tmp_path / "a").read_text() == one.name


def write_half(path, error):
    with atomic_path(path) as part:
        part.write_text("half")
        raise error


def test_an_interrupted_write_keeps_the_old_file(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / "a", KeyboardInterrupt())
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_full_disk_is_reported_and_keeps_the_old_file(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(
        UserError, match="a cannot be written: No space left on device; what was there before is kept"
    ) as error:
        write_half(tmp_path / "a", OSError(errno.ENOSPC, "No space left on device"))
    assert is_disk_full(error.value)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_folder_replaces_an_earlier_result_only(tmp_path):
    for text in ("first", "second"):
        with atomic_folder(tmp_path / "sub" / "a", frozenset({"result"})) as part:
            (part / "result").write_text(text)
        assert (tmp_path / "sub" / "a" / "result").read_text() == text
    (tmp_path / "sub" / "a" / "notes").touch()
    with (
        pytest.raises(UserError, match=r"a holds files other than a result \(notes\): choose another name"),
        atomic_folder(tmp_path / "sub" / "a", frozenset({"result"})),
    ):
        pass
    assert os.listdir(tmp_path / "sub") == ["a"]


def test_a_folder_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match="a cannot be written: Not a directory"),
        atomic_folder(tmp_path / "file" / "a", frozenset()),
    ):
        pass


def test_existing_outputs_are_refused_unless_they_may_be_replaced(tmp_path):
    (tmp_path / "empty").mkdir()
    refuse_overwrite("output", [tmp_path / "new", tmp_path / "empty"], overwrite=False)
    (tmp_path / "empty" / "a").touch()
    with pytest.raises(UserError, match=r"--output .*empty exists already: --overwrite replaces it"):
        refuse_overwrite("output", [tmp_path / "new", tmp_path / "empty"], overwrite=False)
    refuse_overwrite("output", [tmp_path / "empty"], overwrite=True)


def test_only_leftovers_of_the_same_file_are_removed(tmp_path):
    for name in ("a", "a.12.part", "a.x.part", "b.12.part", "a.12"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path / "a")
    assert sorted(os.listdir(tmp_path)) == ["a", "a.12", "a.x.part", "b.12.part"]


def test_only_a_full_disk_or_quota_counts_as_full():
    assert is_disk_full(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert not is_disk_full(OSError(errno.EACCES, "Permission denied"))
    assert not is_disk_full(None)
