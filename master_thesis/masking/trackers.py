"""Trackers other than the built-in one: those of other packages, and the user's own.

Nothing here imports them before they are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import MappingProxyType

from master_thesis.checkpoints.own import import_own
from master_thesis.errors import require
from master_thesis.masking.carrying import GetFrame, Tracker
from master_thesis.models.carrier import MaskCarrier
from master_thesis.runtime.installs import is_installed

MakeTracker = Callable[[GetFrame, tuple[int, int]], Tracker]
"""Makes a tracker from the frames by number, and their height and width."""

OWN_PIXELS = 480 * 864
"""Number of pixels of the frames that the user's own trackers see."""


@dataclass(frozen=True)
class LoadedTracker:
    """A tracker that is ready to run.

    Attributes:
        make: makes it, once for every stretch of a video.
        network: its network; a digest of its weights tells whether masks are still valid.
        pixels: number of pixels of the frames that it is given.
        refiner: redraws the outlines of its masks on these frames; None: they are as good already.
        is_stateless: it keeps nothing of a route, so that several can be followed at once.
    """

    make: MakeTracker
    network: object
    pixels: int
    refiner: MaskCarrier | None = None
    is_stateless: bool = False


@dataclass(frozen=True)
class TrackerSpec:
    """Facts about a tracker that need no import.

    Attributes:
        load: function that makes a :class:`LoadedTracker` from weights, ``module:function``, below
            ``master_thesis.masking``.
        weights: what its weights may be, for messages.
        module: what must be installed.
        install: the same in words.
    """

    load: str
    weights: str
    module: str
    install: str


TRACKERS: Mapping[str, TrackerSpec] = MappingProxyType(
    {
        "sam2": TrackerSpec(
            "sam2:load_sam2",
            "a folder, or a name like facebook/sam2.1-hiera-small",
            "transformers",
            "the package transformers: pip install 'master_thesis[sam2]'",
        ),
        "cutie": TrackerSpec(
            "cutie:load_cutie",
            "a file like cutie-base-mega.pth, or default",
            "cutie.inference.inference_core",
            "the package of github.com/hkchengrex/Cutie, which is not the cutie of PyPI",
        ),
    }
)
"""By name."""


def load_tracker(name: str, weights: str | None) -> LoadedTracker:
    """Loads a tracker.

    Args:
        name: one of :data:`TRACKERS`, or ``PACKAGE.MODULE:CLASS``, called with frames, their size, and the weights if
            there are some.
        weights: its weights.

    Raises:
        UserError: it is unknown, or its package or weights are missing.
    """
    spec = TRACKERS.get(name)
    if spec is None:
        cls = import_own(name, "--tracker")
        require(hasattr(cls, "carry"), f"--tracker {name} should have a method carry, as masking.carrying.Tracker")
        return LoadedTracker(partial(cls, weights=weights) if weights else cls, cls, OWN_PIXELS)
    module, _, function = spec.load.partition(":")
    require(bool(weights), f"--tracker {name} needs --tracker_weights: {spec.weights}")
    require(is_installed(spec.module), f"--tracker {name} needs {spec.install}")
    loaded = getattr(import_module(f"master_thesis.masking.{module}"), function)(weights)
    assert isinstance(loaded, LoadedTracker)
    return loaded
