"""Which versions a figure or a checkpoint was made with."""

from __future__ import annotations

from importlib import metadata


def installed_version(package: str) -> str:
    """The version of a package as pip knows it; ``not installed`` where it does not, as for a clone that is just run.

    >>> installed_version("no-such-package")
    'not installed'
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
