"""Keeps Python from looking for garbage among what stays until the end: the modules that a command runs on."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loaded_for_good() -> Iterator[None]:
    """Imports torch and what needs it in this block; no search for garbage goes through them then or later.

    Has no effect once torch is imported.
    """
    if "torch" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
