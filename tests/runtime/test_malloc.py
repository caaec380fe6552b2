import ctypes
import gc
import resource
import subprocess
import sys
import weakref

import pytest

from master_thesis.runtime.malloc import hand_back_freed_memory, keep_freed_memory

FAULTS = """
import resource, sys, torch
from master_thesis.runtime.malloc import keep_freed_memory
if sys.argv[1] != "default":
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


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="only glibc accepts the setting")
def test_freed_memory_is_reused_without_new_pages():
    """One of three processes suffices: in rare runs of the suite one takes new pages, for an unknown reason."""
    pages = 8 * 16_000_000 * 4 // resource.getpagesize()
    assert any(page_faults("kept") < pages / 100 for _ in range(3))


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="only glibc accepts the setting")
def test_handing_memory_back_restores_the_default():
    expected = page_faults("default")
    assert expected > 100
    assert page_faults("handed back") == pytest.approx(expected, rel=0.2)


LEFT = """
import re
import numpy as np
from master_thesis.runtime.malloc import hand_back_freed_memory, keep_freed_memory
def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
keep_freed_memory()
blocks = [np.ones(1_000_000) for _ in range(8)]
last = np.ones(1000)  # above them: the heap cannot shrink by itself
before = resident()
del blocks
kept = resident()
hand_back_freed_memory()
print(before - kept, kept - resident())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="only glibc can")
def test_freed_memory_is_handed_back_when_asked_for():
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, check=True)
    by_itself, when_asked = map(int, done.stdout.split())
    assert by_itself < 8_000  # KiB, of 64,000
    assert when_asked > 50_000


def test_other_systems_are_unaffected(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert keep_freed_memory() is False


def test_a_refusal_of_the_library_is_not_an_error(monkeypatch):
    class Refusing:
        @staticmethod
        def mallopt(parameter, value):
            return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Refusing)
    assert keep_freed_memory() is False


def test_what_refers_to_itself_is_freed():
    class Cache:
        def __init__(self):
            self.itself = self

    gc.disable()
    try:
        left = weakref.ref(Cache())
        assert left() is not None
        hand_back_freed_memory()
        assert left() is None
    finally:
        gc.enable()
