"""Temporal copying and local hallucination for video inpainting: the public names, imported on first use."""

import lazy_loader

# Importing the package must not import torch: `--help` and errors in the command line should not wait for it.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
