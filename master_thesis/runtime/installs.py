"""Recognises broken installations of packages, whose own errors say little."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from master_thesis.errors import UserError, require

REPAIR = "reinstall it: pip uninstall -y opencv-python opencv-python-headless; pip install opencv-python-headless"
INSTALL_PATCHMATCH = 'pip install "pypatchmatch>=2.2", or choose --hallucinate chn or smooth'


def is_installed(*modules: str) -> bool:
    """Whether all of some modules are there; of those inside a package, the package is imported."""
    try:
        return all(find_spec(module) is not None for module in modules)
    except (ImportError, ValueError):  # there is no such package, or another one of this name
        return False


def require_opencv() -> None:
    """Refuses an OpenCV that cannot be loaded, or of which only a part is left.

    Two wheels share the folder ``cv2``: removing one of them leaves an empty shell.

    Raises:
        UserError: it cannot be used.
    """
    try:
        cv2 = import_module("cv2")
    except ImportError as error:
        raise UserError(f"OpenCV cannot be loaded ({error}): {REPAIR}") from error
    require(hasattr(cv2, "imdecode"), f"OpenCV is incomplete: {REPAIR}")


def find_patchmatch() -> ModuleType | None:
    """The optional package of the exemplar method; None where it is not installed or its library cannot be loaded."""
    try:
        module = import_module("patchmatch.patch_match")
    except (ImportError, OSError):  # a library for another system raises the latter
        return None
    return module if module.patchmatch_available else None


def require_patchmatch() -> ModuleType:
    """The optional package of the exemplar method.

    Raises:
        UserError: it cannot be used.
    """
    module = find_patchmatch()
    if module is None:
        raise UserError(f"the exemplar method needs the package pypatchmatch: {INSTALL_PATCHMATCH}")
    return module
