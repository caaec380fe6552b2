"""What a run asks of its machine before it starts."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Parameters of glibc's ``mallopt`` (malloc.h)."""
MOST_KEPT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Lets glibc keep what tensors on the CPU free, for the tensors that follow.

    By default it hands large blocks back to the system at once, which then fills each new one with zeros page by page.

    Returns:
        Whether the C library took it; others than glibc do not know it.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(*option) for option in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, MOST_KEPT)))
