"""Looks up the versions of installed packages."""

from __future__ import annotations

from importlib import metadata


def installed_version(package: str) -> str:
    """The installed version of a package; ``not installed`` for others, such as a clone that runs without pip.

    >>> installed_version("no-such-package")
    'not installed'
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
