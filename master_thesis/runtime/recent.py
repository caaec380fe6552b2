"""Keeps the arrays that were read last, so that several readers of the same ones do not make them again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import numpy as np

K = TypeVar("K", bound=Hashable)


class RecentArrays(Generic[K]):
    """Arrays by a key, such as a number; several threads may read them, and must not write to them.

    Args:
        read: makes an array.
        num_bytes: those read last are kept up to this size, and one of any size.
    """

    def __init__(self, read: Callable[[K], np.ndarray], num_bytes: int) -> None:
        self.read, self.num_bytes = read, num_bytes
        self._kept: OrderedDict[K, np.ndarray] = OrderedDict()
        self._size = 0
        self._lock = threading.RLock()

    def __getitem__(self, key: K) -> np.ndarray:
        """The array of some key, made unless it is kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            array = self._kept[key] = self.read(key)
            self._size += array.nbytes
            while self._size > self.num_bytes and len(self._kept) > 1:
                self._size -= self._kept.popitem(last=False)[1].nbytes
            return array
