"""Root, as whom tests may run, stopped by permissions like everybody else."""

import contextlib
import ctypes

VERSION_3 = 0x20080522  # of Linux' structure of capabilities
PASSING_OVER = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


@contextlib.contextmanager
def permissions_count():
    """This thread lays down what passes over permissions, and takes it up again; nothing happens to other users."""
    libc = ctypes.CDLL(None)
    head = (ctypes.c_uint32 * 2)(VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: the lower halves, then the upper ones
    is_linux = hasattr(libc, "capget") and libc.capget(head, sets) == 0
    before, sets[0] = sets[0], sets[0] & ~PASSING_OVER
    if is_linux:
        libc.capset(head, sets)
    try:
        yield
    finally:
        sets[0] = before
        if is_linux:
            libc.capset(head, sets)
