"""Options of the inpainting algorithms."""

from __future__ import annotations

from dataclasses import dataclass

from master_thesis.errors import require

MONTAGE = "pm"
"""Name of the one algorithm that is not from the thesis."""
ALGORITHMS = {
    "ff": "frame by frame",
    "ip": "inpaint and propagate",
    "cp": "copy and propagate",
    MONTAGE: "photomontage of the original frames",
}
"""Name of each algorithm, and what it stands for."""
THESIS_ALGORITHMS = tuple(name for name in ALGORITHMS if name != MONTAGE)

STEADY = frozenset({"ip", MONTAGE})
"""Algorithms whose frames pass on what was hallucinated, so that a texture is painted once and does not flicker."""


@dataclass(frozen=True)
class InpaintOptions:
    """How one algorithm fills a sequence.

    Attributes:
        algorithm: a key of :data:`ALGORITHMS`.
        spacing: frames between references, which lie at multiples of it.
        max_distance: largest distance of a reference, in frames (ff, ip).
        tolerance: a frame is closed when at most this share of it is open, in percent.
        sweeps: passes over the sequence, at least 2: the last two close every frame (cp).
        skip_idle: skip references while they show nothing new: one after the second in a row, two after the third and
            so on (ff, ip). Not part of the thesis; several times faster where no frame shows what is hidden.
        pair_batch: pairs that pass through the networks together; None: as many as fit into memory, at most 8.
        exhaustive: copy everything that any reference shows, as in ``remove``. References are planned from the
            camera's motion (ff, ip), so that those which show nothing are never aligned. A frame is closed when nothing
            is open or no reference is left, whatever ``tolerance`` says. Pixels that the aligner doubts are then copied
            as well, and copies are matched to the colours around the hole. Not part of the thesis.

    Raises:
        UserError: a value is out of range.
    """

    algorithm: str = "ip"
    spacing: int = 1
    max_distance: int = 20
    tolerance: float = 1.0
    sweeps: int = 20
    skip_idle: bool = False
    pair_batch: int | None = None
    exhaustive: bool = False

    def __post_init__(self) -> None:
        names = ", ".join(ALGORITHMS)
        require(self.algorithm in ALGORITHMS, f"the algorithm should be one of {names}, got {self.algorithm!r}")
        pair_batch = 1 if self.pair_batch is None else self.pair_batch
        is_positive = min(self.spacing, self.max_distance, pair_batch) >= 1
        require(is_positive, "spacing, max_distance and pair_batch should be at least 1")
        require(self.sweeps >= 2, f"sweeps should be at least 2 (the last two close every frame), got {self.sweeps}")

    @property
    def asks_all(self) -> bool:
        """Whether every frame within reach is asked for what it shows of a hole, as the motion of the camera tells."""
        return self.algorithm == MONTAGE or (self.exhaustive and self.algorithm in ("ff", "ip"))

    @property
    def reach(self) -> int:
        """How many frames away a frame can be filled from."""
        return self.sweeps * self.spacing if self.algorithm == "cp" else self.max_distance
