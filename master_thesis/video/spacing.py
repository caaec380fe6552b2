"""Keeps items at equal distances, without knowing in advance how many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class EvenlySpaced(Generic[T]):
    """Keeps some of the items that come one after another, the first among them.

    Whenever there are too many, every second one is dropped, and only every second one is kept from there on.

    Args:
        most: largest number of items to keep.

    Attributes:
        kept: the items.

    >>> spaced = EvenlySpaced(3)
    >>> for number in range(9):
    ...     spaced.add(lambda: number)
    >>> spaced.kept
    [0, 4, 8]
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept: list[T] = []
        self._step, self._count = 1, 0

    def add(self, make: Callable[[], T]) -> None:
        """Takes the next item, which is made only if it is kept."""
        if self._count % self._step == 0:
            self.kept.append(make())
            if len(self.kept) > self.most:
                self.kept, self._step = self.kept[::2], 2 * self._step
        self._count += 1
