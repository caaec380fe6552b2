"""Every network there is: adding one takes its own file and one line here.

Nothing here imports torch, so that the command line can be checked before anything heavy is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from master_thesis.models import reference

WEIGHTS = Path(__file__).parent.parent / "weights"
"""The folder of the shipped weights."""


@dataclass(frozen=True)
class NetworkSpec:
    """What is known of a network without importing it.

    Attributes:
        kind: its name in checkpoints.
        path: where its class is defined, ``module:Class``, below ``master_thesis.models``.
        family: the published name of the networks that can stand in for each other: ``dfpn``, ``cpn``, ``chn`` ...
        preset: ``thesis``, ``small`` or ``texture``.
        is_aligner: whether it aligns references; otherwise it hallucinates.
        sizes: argument of its class to the option that sets it.
        shipped: file in :data:`WEIGHTS`; empty: no weights are shipped.
        reference_keys: names of its tensors in checkpoints of the reference implementation (patterns, see
            :mod:`master_thesis.models.reference`) to ours.
        has_weights: whether it is loaded from a checkpoint.
        trainer: where the class that trains it is defined, ``module:Class``, below ``master_thesis.training``;
            empty: it is not trained here.
    """

    kind: str
    path: str
    family: str
    preset: str = "thesis"
    is_aligner: bool = True
    sizes: Mapping[str, str] = field(default_factory=dict)
    shipped: str = ""
    reference_keys: Mapping[str, str] = field(default_factory=dict)
    has_weights: bool = True
    trainer: str = ""

    @property
    def cls(self) -> type[Any]:
        """Its class; imports torch."""
        return _import(f"models.{self.path}")

    @property
    def trainer_cls(self) -> type[Any]:
        """The class that trains it; imports Lightning."""
        return _import(f"training.{self.trainer}")

    @property
    def weights(self) -> Path | None:
        """The shipped weights; None where there are none."""
        return WEIGHTS / self.shipped if self.shipped else None


def _import(path: str) -> type[Any]:
    module, _, name = path.partition(":")
    return getattr(import_module(f"master_thesis.{module}"), name)


_DFPN_SIZES = {"size": "dfpn_size", "corr_widths": "dfpn_corr_widths", "width": "dfpn_width", "vgg_width": "vgg_width"}
_CHN_SIZES = {"width": "chn_width", "growth": "chn_growth", "num_blocks": "chn_num_blocks"}

_SPECS = (
    NetworkSpec(
        "dfpn",
        "dfpn:DFPN",
        "dfpn",
        sizes=_DFPN_SIZES,
        reference_keys=reference.DFPN_KEYS,
        trainer="dfpn:DFPNTraining",
    ),
    NetworkSpec("cpn", "cpn:CPN", "cpn", reference_keys=reference.CPN_KEYS),
    NetworkSpec("opencv", "classical.opencv:OpenCVAligner", "opencv", has_weights=False),
    NetworkSpec("none", "classical.blind:BlindAligner", "none", has_weights=False),
    NetworkSpec(
        "small_dfpn",
        "small.aligner:SmallDFPN",
        "dfpn",
        preset="small",
        sizes={"size": "small_size", "start": "small_start"},
        shipped="small_dfpn.safetensors",
        trainer="small:SmallDFPNTraining",
    ),
    NetworkSpec(
        "chn",
        "chn:CHN",
        "chn",
        is_aligner=False,
        sizes=_CHN_SIZES,
        reference_keys=reference.CHN_KEYS,
        trainer="chn:CHNTraining",
    ),
    NetworkSpec(
        "small_chn",
        "small.chn:SmallCHN",
        "chn",
        preset="small",
        is_aligner=False,
        shipped="small_chn.safetensors",
        trainer="chn:CHNTraining",
    ),
    NetworkSpec(
        "texture_chn",
        "small.texture:TextureCHN",
        "chn",
        preset="texture",
        is_aligner=False,
        sizes={"width": "texture_width", "num_blocks": "texture_num_blocks"},
        trainer="chn:CHNTraining",
    ),
    NetworkSpec("exemplar", "painter:ExemplarPainter", "exemplar", is_aligner=False, has_weights=False),
    NetworkSpec("smooth", "painter:SmoothPainter", "smooth", is_aligner=False, has_weights=False),
)
NETWORKS: Mapping[str, NetworkSpec] = MappingProxyType({spec.kind: spec for spec in _SPECS})
"""By kind."""


def families(is_aligner: bool) -> tuple[str, ...]:
    """The families of all aligners, or of all hallucinators, each once."""
    return tuple(dict.fromkeys(spec.family for spec in _SPECS if spec.is_aligner == is_aligner))


def find_network(family: str, preset: str = "thesis") -> NetworkSpec:
    """The network of a family in a preset; the texture preset is the small one with another CHN."""
    presets = (preset, "small") if preset == "texture" else (preset,)
    return next(spec for name in presets for spec in _SPECS if (spec.family, spec.preset) == (family, name))
