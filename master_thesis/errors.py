"""Errors that are the user's to correct."""

from __future__ import annotations


class UserError(Exception):
    """A user error, printed as one line without a traceback; exit code 2."""


def require(condition: bool, message: str) -> None:
    """Raises :class:`UserError` with ``message`` unless ``condition`` is true."""
    if not condition:
        raise UserError(message)
