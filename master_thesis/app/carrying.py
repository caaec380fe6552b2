"""What the page lets one choose before masks are carried, and which of it this installation has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from master_thesis.configs.graphics import Graphics
from master_thesis.configs.masking import BUILT_IN, CARRIER
from master_thesis.errors import UserError, require
from master_thesis.masking.text_detector import NEEDED, PACKAGES
from master_thesis.masking.trackers import TRACKERS
from master_thesis.runtime.atomic import atomic_path
from master_thesis.runtime.installs import is_installed
from master_thesis.video.boxes import clipped
from master_thesis.video.mask_folder import MaskRecord
from master_thesis.wording import counted

CHOICE = "carrying.json"
"""File of a session that keeps what was chosen."""
LOGOS = "a logo should be four whole numbers: left, top, width and height; @FIRST-LAST after them names its frames"
UNSURE = "the least probability of what is unsure should lie between 0.1 and 100 %"
REGION = "the part to look for text in should be four whole numbers: left, top, width and height"


def offers() -> dict[str, Any]:
    """What can be chosen: by name, what is needed for it; empty where that is installed."""
    trackers = {name: "" if is_installed(spec.module) else f"needs {spec.install}" for name, spec in TRACKERS.items()}
    return {"text": "" if is_installed(*PACKAGES) else f"needs {NEEDED}", "trackers": {BUILT_IN: "", **trackers}}


@dataclass(frozen=True)
class CarryChoice:
    """What is masked besides what is drawn, and what carries masks.

    Attributes:
        shadow: also the shadow that moves with the object.
        reflection: also its reflection on the ground.
        text: also burnt-in text.
        lines: entire lines of it instead of letters.
        region: where to look for it: left, top, width and height; None: everywhere.
        logos: rectangles that are masked as they are: left, top, width and height, and the frames if not all.
        unsure: least probability of what is masked, in grey, although it may not be the object.
        tracker: what carries masks.
        weights: of another tracker than the built-in one: a file or folder.
    """

    shadow: bool = False
    reflection: bool = False
    text: bool = False
    lines: bool = False
    region: tuple[int, int, int, int] | None = None
    logos: tuple[str, ...] = ()
    unsure: float = CARRIER.unsure
    tracker: str = BUILT_IN
    weights: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any], size: tuple[int, int]) -> CarryChoice:
        """The choice in a request; what is missing is the default.

        Args:
            values: those of the request.
            size: height and width of the frames.

        Raises:
            UserError: something is unknown, not installed or out of range.
        """
        strange = [name for name in values if name not in cls.__dataclass_fields__]
        require(not strange, f"there is no option {', '.join(strange)[:40]}")
        ticked = {name: values.get(name) is True for name in ("shadow", "reflection", "text", "lines")}
        require(not ticked["text"] or not offers()["text"], f"text {offers()['text']}")
        tracker = str(values.get("tracker", BUILT_IN))
        weights = "" if tracker == BUILT_IN else str(values.get("weights", "")).strip()
        _check_tracker(tracker, weights)
        region, logos = _region(values.get("region"), size), _logos(values.get("logos", []), size)
        unsure = _unsure(values.get("unsure", CARRIER.unsure))
        return cls(**ticked, region=region, logos=logos, unsure=unsure, tracker=tracker, weights=weights)

    @classmethod
    def read(cls, folder: Path) -> CarryChoice:
        """The choice of a session; the default if none was made."""
        try:
            content = json.loads((folder / CHOICE).read_text(encoding="utf-8"))
            logos = tuple(content.get("logos", ()))
            return cls(**content | {"region": content["region"] and tuple(content["region"]), "logos": logos})
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def write(self, folder: Path) -> None:
        """Keeps the choice in the folder of a session."""
        with atomic_path(folder / CHOICE) as part:
            part.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @property
    def is_enough(self) -> bool:
        """Whether there is something to mask although nothing is drawn."""
        return self.text or bool(self.logos)

    def words(self, is_drawn: bool) -> list[str]:
        """The options of ``mask`` that say the same.

        Args:
            is_drawn: whether an object is drawn; the shadow, what is unsure and the tracker are of it.
        """
        words = ["--text"] * self.text
        if self.text and self.region:
            words += ["--region", *map(str, self.region)]
        words += ["--text_boxes"] * (self.text and self.lines)
        for logo in self.logos:
            words += ["--fixed_box", *logo.split()]
        if is_drawn and self.unsure != CARRIER.unsure:
            words += ["--unsure", f"{self.unsure:g}"]
        grown = "both" if self.shadow and self.reflection else "shadow" if self.shadow else "reflection"
        words += ["--grow", grown] * (is_drawn and (self.shadow or self.reflection))
        if is_drawn and self.tracker != BUILT_IN:
            words += ["--tracker", self.tracker, "--tracker_weights", self.weights]
        return words


def require_weights(choice: CarryChoice) -> None:
    """Raises :class:`UserError` if another tracker than the built-in one is chosen without weights."""
    is_fine = choice.tracker == BUILT_IN or choice.weights != ""
    require(is_fine, f"the tracker {choice.tracker} needs weights: type the entire path of their file or folder")


def added(record: MaskRecord) -> list[str]:
    """What masks hold besides the drawn object, in words."""
    notes = []
    if record.text:
        first, last = min(line["first"] for line in record.text), max(line["last"] for line in record.text)
        notes.append(f"Text: {counted(len(record.text), 'line')} in frames {first} to {last}.")
    elif record.options.get("text"):
        notes.append("No text was found.")
    if logos := record.options.get("fixed_box"):
        notes.append(f"Logo: {counted(len(logos) // 4, 'rectangle')}.")
    for kind, pixels in record.grown_pixels.items():
        num_grown = sum(count > 0 for count in pixels)
        found = f"{kind.capitalize()}: added to {num_grown} of {counted(len(pixels), 'mask')}."
        notes.append(found if num_grown else f"No {kind} of the object was found.")
    return notes


def _check_tracker(tracker: str, weights: str) -> None:
    known = offers()["trackers"]
    require(tracker in known, f"the tracker should be one of {', '.join(known)}, got {tracker[:20]}")
    require(not known[tracker], f"the tracker {tracker} {known[tracker]}")
    path = Path(weights)  # a name would be downloaded, and the page asks nobody else
    is_there = not weights or ("\0" not in weights and path.is_absolute() and path.exists())
    require(is_there, f"{weights[:200]}: should be the entire path of a file or folder of weights")


def _region(values: object, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Where to look for text, as far as it lies in the frame."""
    if values is None:
        return None
    is_box = isinstance(values, list) and len(values) == 4 and all(type(number) is int for number in values)
    if not is_box or not isinstance(values, list):
        raise UserError(REGION)
    x, y, w, h = values
    left, top, right, bottom = clipped("the part to look for text in", (x, y, x + w, y + h), size)
    return left, top, right - left, bottom - top


def _logos(values: object, size: tuple[int, int]) -> tuple[str, ...]:
    """The rectangles in a request, all of which lie in the frame, at least in part."""
    if not isinstance(values, list) or not all(isinstance(v, str) and len(v.split()) == 4 for v in values):
        raise UserError(LOGOS)
    try:
        boxes = Graphics(fixed_box=tuple(word for value in values for word in value.split())).fixed_boxes
    except UserError:
        raise UserError(LOGOS) from None
    for x, y, w, h in (fixed.box for fixed in boxes):
        clipped("a logo", (x, y, x + w, y + h), size)
    return tuple(" ".join(value.split()) for value in values)


def _unsure(value: object) -> float:
    """The least probability of what is unsure."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.001 <= value <= 1:
        raise UserError(UNSURE)
    return float(value)
