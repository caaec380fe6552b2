"""Temporal copying and local hallucination for video inpainting: the public names, imported on first use."""

from typing import Any

import lazy_loader

from master_thesis.runtime.installs import require_opencv

# Importing the package must not import torch: `--help` and errors in the command line should not wait for it.
_import, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    try:
        return _import(name)
    except (AttributeError, ImportError):  # which Python would report as a name that cannot be imported
        if name in __all__:
            require_opencv()
        raise
