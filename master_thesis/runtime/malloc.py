"""Tunes the memory allocator of the C library."""

from __future__ import annotations

import ctypes
import gc
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -3, -4, -8
"""Parameters of glibc's ``mallopt`` (malloc.h)."""
KEEP = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_ARENA_MAX, 1))
"""In one arena, so that what one thread has freed serves the others, too."""
HAND_BACK = ((M_MMAP_MAX, 65536), (M_MMAP_THRESHOLD, 32 * 2**20), (M_TRIM_THRESHOLD, 64 * 2**20))
"""The thresholds that glibc reaches by itself once a large block was freed; it stops adapting them once any is set."""


def keep_freed_memory(is_kept: bool = True) -> bool:
    """Makes glibc keep the memory of freed CPU tensors for later ones.

    By default it returns large blocks to the system at once, which then has to zero the pages of every new block.

    Args:
        is_kept: false returns free memory to the system now, and restores the default.

    Returns:
        Whether the C library accepted the setting; only glibc does.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    mallopt = getattr(library, "mallopt", None)
    if mallopt is None or not all(mallopt(*option) for option in (KEEP if is_kept else HAND_BACK)):
        return False
    if not is_kept:
        library.malloc_trim(0)
    return True


def hand_back_freed_memory() -> None:
    """Returns what is free now to the system, before other work needs memory of its own; only glibc can.

    What refers to itself, such as a cache to what fills it, counts as free if nothing else refers to it.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is not None:
        trim(0)
