"""Recognises broken installations of packages, whose own errors say little."""

from __future__ import annotations

from importlib import import_module

from master_thesis.errors import UserError, require

REPAIR = "reinstall it: pip uninstall -y opencv-python opencv-python-headless; pip install opencv-python-headless"


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
