"""What a run asks of its machine before it starts."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
"""Parameters of glibc's ``mallopt`` (malloc.h)."""
KEEPING = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1))
HANDING_BACK = ((M_MMAP_MAX, 65536), (M_MMAP_THRESHOLD, 32 * 2**20), (M_TRIM_THRESHOLD, 64 * 2**20))
"""Where glibc's own thresholds end once a large block was freed; it stops moving them when it is told anything."""


def keep_freed_memory(is_kept: bool = True) -> bool:
    """Lets glibc keep what tensors on the CPU free, for the tensors that follow.

    By default it hands large blocks back to the system at once, which then fills each new one with zeros page by page.

    Args:
        is_kept: false: what is free is handed back now, and again at once from now on.

    Returns:
        Whether the C library took it; others than glibc do not know it.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    mallopt = getattr(library, "mallopt", None)
    if mallopt is None or not all(mallopt(*option) for option in (KEEPING if is_kept else HANDING_BACK)):
        return False
    if not is_kept:
        library.malloc_trim(0)
    return True
