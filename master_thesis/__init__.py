"""Temporal copying and local hallucination for video inpainting: the public names, imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from master_thesis.clip import Alignment as Alignment
    from master_thesis.clip import Clip as Clip
    from master_thesis.clip import FlowPrediction as FlowPrediction
    from master_thesis.clip import Hallucination as Hallucination
    from master_thesis.config import UserError as UserError
    from master_thesis.config import VideoConfig as VideoConfig
    from master_thesis.inpainting.algorithms import Inpainted as Inpainted
    from master_thesis.inpainting.algorithms import inpaint as inpaint
    from master_thesis.inpainting.video import VideoResult as VideoResult
    from master_thesis.inpainting.video import inpaint_video as inpaint_video
    from master_thesis.models.aligner import Aligner as Aligner
    from master_thesis.models.chn import CHN as CHN
    from master_thesis.models.cpn import CPN as CPN
    from master_thesis.models.dfpn import DFPN as DFPN
    from master_thesis.models.opencv import OpenCVAligner as OpenCVAligner
    from master_thesis.zoo import load_chn as load_chn
    from master_thesis.zoo import load_cpn as load_cpn
    from master_thesis.zoo import load_dfpn as load_dfpn
    from master_thesis.zoo import load_small as load_small

# Importing the package must not import torch: `--help` and the telling of mistakes should not wait for it.
_HOMES = {
    "CHN": "models.chn",
    "CPN": "models.cpn",
    "DFPN": "models.dfpn",
    "Aligner": "models.aligner",
    "Alignment": "clip",
    "Clip": "clip",
    "FlowPrediction": "clip",
    "Hallucination": "clip",
    "Inpainted": "inpainting.algorithms",
    "OpenCVAligner": "models.opencv",
    "UserError": "config",
    "VideoConfig": "config",
    "VideoResult": "inpainting.video",
    "inpaint": "inpainting.algorithms",
    "inpaint_video": "inpainting.video",
    "load_chn": "zoo",
    "load_cpn": "zoo",
    "load_dfpn": "zoo",
    "load_small": "zoo",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
