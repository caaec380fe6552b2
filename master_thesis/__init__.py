"""Temporal copying and local hallucination for video inpainting: the public names, imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from master_thesis.checkpoints.loading import load_chn as load_chn
    from master_thesis.checkpoints.loading import load_cpn as load_cpn
    from master_thesis.checkpoints.loading import load_dfpn as load_dfpn
    from master_thesis.checkpoints.loading import load_small as load_small
    from master_thesis.configs.video import VideoConfig as VideoConfig
    from master_thesis.errors import UserError as UserError
    from master_thesis.inpainting.inpainter import Inpainted as Inpainted
    from master_thesis.inpainting.inpainter import inpaint as inpaint
    from master_thesis.models.aligner import Aligner as Aligner
    from master_thesis.models.chn import CHN as CHN
    from master_thesis.models.classical.opencv import OpenCVAligner as OpenCVAligner
    from master_thesis.models.cpn import CPN as CPN
    from master_thesis.models.dfpn import DFPN as DFPN
    from master_thesis.records import Alignment as Alignment
    from master_thesis.records import Clip as Clip
    from master_thesis.records import FlowPrediction as FlowPrediction
    from master_thesis.records import Hallucination as Hallucination
    from master_thesis.video.pipeline import VideoResult as VideoResult
    from master_thesis.video.pipeline import inpaint_video as inpaint_video

# Importing the package must not import torch: `--help` and the telling of mistakes should not wait for it.
_HOMES = {
    "CHN": "models.chn",
    "CPN": "models.cpn",
    "DFPN": "models.dfpn",
    "Aligner": "models.aligner",
    "Alignment": "records",
    "Clip": "records",
    "FlowPrediction": "records",
    "Hallucination": "records",
    "Inpainted": "inpainting.inpainter",
    "OpenCVAligner": "models.classical.opencv",
    "UserError": "errors",
    "VideoConfig": "configs.video",
    "VideoResult": "video.pipeline",
    "inpaint": "inpainting.inpainter",
    "inpaint_video": "video.pipeline",
    "load_chn": "checkpoints.loading",
    "load_cpn": "checkpoints.loading",
    "load_dfpn": "checkpoints.loading",
    "load_small": "checkpoints.loading",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
