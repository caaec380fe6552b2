"""Errors that speak to a user."""

from __future__ import annotations


class UserError(Exception):
    """A mistake the user can mend: told in one line, without a traceback, with exit code 2."""


def require(condition: bool, message: str) -> None:
    """Raises :class:`UserError` with ``message`` unless ``condition`` holds."""
    if not condition:
        raise UserError(message)
