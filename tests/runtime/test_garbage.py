"""What is loaded until the end is never searched for garbage; everything else is, also after an error."""

import gc
import sys

import pytest

from master_thesis.runtime.garbage import loaded_for_good


@pytest.fixture
def without_torch(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    yield
    gc.unfreeze()


def test_what_is_loaded_is_not_searched_for_garbage(without_torch):
    with loaded_for_good():
        assert not gc.isenabled()
        loaded = [[]]
    assert gc.isenabled()
    assert not any(each is loaded for each in gc.get_objects())


def test_garbage_is_searched_for_after_an_error(without_torch):
    with pytest.raises(ImportError), loaded_for_good():
        raise ImportError
    assert gc.isenabled()


def test_nothing_changes_once_torch_is_imported():
    with loaded_for_good():
        assert gc.isenabled()
        loaded = [[]]
    assert any(each is loaded for each in gc.get_objects())
