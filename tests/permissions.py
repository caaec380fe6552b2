"""File permissions that also stop root, who may run the tests."""

import contextlib
import ctypes

VERSION_3 = 0x20080522  # of Linux's capability structure
BYPASSING = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


@contextlib.contextmanager
def permissions_count():
    """Drops the capabilities of this thread that bypass permissions, and restores them; other users have none."""
    libc = ctypes.CDLL(None)
    head = (ctypes.c_uint32 * 2)(VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: lower halves, then upper halves
    is_linux = hasattr(libc, "capget") and libc.capget(head, sets) == 0
    before, sets[0] = sets[0], sets[0] & ~BYPASSING
    if is_linux:
        libc.capset(head, sets)
    try:
        yield
    finally:
        sets[0] = before
        if is_linux:
            libc.capset(head, sets)
