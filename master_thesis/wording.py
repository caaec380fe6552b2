"""Numbers and lists in the sentences of reports and messages."""

from __future__ import annotations

from collections.abc import Sequence

MAX_LISTED = 10
"""Numbers that a sentence lists; more are cut short."""


def counted(number: int, what: str) -> str:
    """A number and what it counts.

    >>> counted(1, "frame"), counted(2, "frame")
    ('1 frame', '2 frames')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def listed(what: str, numbers: Sequence[int]) -> str:
    """The first of some numbered things.

    >>> listed("frame", [3]), listed("frame", range(20))
    ('frame 3', 'frames 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 ...')
    """
    shown = ", ".join(map(str, numbers[:MAX_LISTED])) + (" ..." if len(numbers) > MAX_LISTED else "")
    return f"{what if len(numbers) == 1 else f'{what}s'} {shown}"


def in_one_message(problems: Sequence[str]) -> str:
    """A single problem as it is, several as a list."""
    if len(problems) == 1:
        return problems[0]
    return f"{len(problems)} problems:\n" + "\n".join(f"- {problem}" for problem in problems)
