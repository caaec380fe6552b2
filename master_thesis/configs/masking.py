"""Options for making masks from marks on a few frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from master_thesis.configs.fields import argument, option
from master_thesis.errors import require

MARK_FLAGS = ("box", "points", "background_points", "draw", "gone")
"""The options that mark frames."""
GROWN = ("shadow", "reflection", "both")
"""What ``--grow`` adds to masks."""
BUILT_IN = "carrier"
"""The tracker that is part of this package."""
NOTHING_MARKED = (
    "nothing marks the object: add --box X Y W H, --points X Y or --draw FILE, with @FRAME for a frame other than the "
    "first; --fixed_box X Y W H masks a logo, --text subtitles"
)
NOTHING_TO_GROW = (
    "--grow needs an object that is marked here: add --box X Y W H, --points X Y or --draw FILE, or leave it out"
)


@dataclass(frozen=True)
class NumberMark:
    """Whole numbers that mark a frame: a box (x, y, width, height) or a point (x, y)."""

    frame: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class DrawMark:
    """A drawing that marks a frame."""

    frame: int
    path: str


@dataclass(frozen=True)
class Marks:
    """Marks on the object, and the frames they are on."""

    box: tuple[str, ...] = option(
        (),
        "box around the object: left, top, width and height in pixels as displayed; without @FRAME, on frame 0",
        metavar="X Y W H[@FRAME]",
        is_repeatable=True,
    )
    points: tuple[str, ...] = option((), "points on the object", metavar="X Y[@FRAME]", is_repeatable=True)
    background_points: tuple[str, ...] = option(
        (), "points on the background", metavar="X Y[@FRAME]", is_repeatable=True
    )
    draw: tuple[str, ...] = option(
        (),
        "a drawing as large as the frame: a mask, or strokes in pure green (object) and pure red (background)",
        metavar="FILE[@FRAME]",
        is_repeatable=True,
    )
    gone: tuple[str, ...] = option(
        (), "the object is not visible from this frame to the next marked one", metavar="@FRAME", is_repeatable=True
    )
    grow: str | None = option(
        None,
        "also mask the shadow that moves with the object, its reflection on the ground, or both",
        choices=GROWN,
        otherwise="nothing",
    )

    def __post_init__(self) -> None:
        require(self.grow in (None, *GROWN), f"--grow should be shadow, reflection or both, got {self.grow}")
        gone = set(self.gone_frames)
        marked: dict[str, Sequence[NumberMark | DrawMark]] = {
            "box": self.boxes,
            "points": self.object_points,
            "draw": self.drawings,
        }
        for flag, marks in marked.items():
            both = gone & {mark.frame for mark in marks}
            require(not both, f"--gone and --{flag} both mark frame {min(both, default=0)}: leave out one of them")
        alone = {m.frame for m in self.off_points} - self.object_frames
        require(
            not alone,
            f"--background_points mark frame {min(alone, default=0)}, where nothing marks the object: "
            "add --box, --points or --draw for that frame",
        )
        frames = [mark.frame for mark in self.boxes]
        twice = next((f for f in frames if frames.count(f) > 1), None)
        require(twice is None, f"--box should be given once per frame, got several for frame {twice}")

    @property
    def grown(self) -> tuple[str, ...]:
        """What is looked for beside the object."""
        return GROWN[:2] if self.grow == "both" else (self.grow,) if self.grow else ()

    @property
    def is_given(self) -> bool:
        """Whether anything is marked."""
        return any(getattr(self, flag) for flag in MARK_FLAGS)

    @property
    def boxes(self) -> list[NumberMark]:
        """The boxes: x, y, width, height."""
        marks = _number_marks("box", self.box, ("X", "Y", "W", "H"))
        for mark in marks:
            shown = " ".join(map(str, mark.numbers))
            require(min(mark.numbers[2:]) >= 1, f"--box should have a width and a height of at least 1, got {shown}")
        return marks

    @property
    def object_points(self) -> list[NumberMark]:
        """Points on the object: x, y."""
        return _number_marks("points", self.points, ("X", "Y"))

    @property
    def off_points(self) -> list[NumberMark]:
        """Points on the background: x, y."""
        return _number_marks("background_points", self.background_points, ("X", "Y"))

    @property
    def drawings(self) -> list[DrawMark]:
        """The drawings."""
        found = []
        for word in self.draw:
            path, _, frame = word.rpartition("@")
            has_frame = bool(path) and frame.isdecimal()
            require(has_frame or word != "", "--draw should name a file, got an empty name")
            found.append(DrawMark(int(frame), path) if has_frame else DrawMark(0, word))
        return found

    @property
    def gone_frames(self) -> list[int]:
        """Frames from which the object is not visible."""
        for word in self.gone:
            require(re.fullmatch(r"@?\d+", word) is not None, f"--gone should be @FRAME, like @120, got {word}")
        return [int(word.removeprefix("@")) for word in self.gone]

    @property
    def object_frames(self) -> set[int]:
        """Frames on which the object is marked."""
        numbers, drawings = [*self.boxes, *self.object_points], self.drawings
        return {mark.frame for mark in numbers} | {mark.frame for mark in drawings}


@dataclass(frozen=True)
class TrackerChoice:
    """The tracker that carries masks from frame to frame, and what is made of its answers."""

    tracker: str = option(
        BUILT_IN,
        "the tracker: carrier (built in), sam2, cutie, or your own PACKAGE.MODULE:CLASS",
        metavar="NAME",
    )
    tracker_weights: str | None = option(
        None, "weights of sam2, cutie or your own tracker: a file, a folder or a name", metavar="PATH"
    )
    unsure: float = option(
        0.05,
        "also mask, in grey, what has at least this probability of being the object; 1: nothing",
        within=(0.001, 1),
    )

    def __post_init__(self) -> None:
        known = (BUILT_IN, "sam2", "cutie")
        is_known = self.tracker in known or ":" in self.tracker
        require(is_known, f"--tracker should be {', '.join(known)} or PACKAGE.MODULE:CLASS, got {self.tracker}")
        is_needed = self.tracker != BUILT_IN or self.tracker_weights is None
        require(is_needed, "--tracker_weights belong to another tracker: add --tracker sam2, or leave them out")


CARRIER = TrackerChoice()


@dataclass(frozen=True)
class MaskConfig:
    """Which video to make masks for, and what to write."""

    video: str = argument("VIDEO", "video: a file or a folder of frames")
    output: str | None = option(
        None, "new folder: one PNG per frame, and masks.json", metavar="FOLDER", otherwise="VIDEO_masks, next to VIDEO"
    )
    overlay: bool = option(False, "also write a video that shows the masks over the frames")
    frame_rate: float = option(25.0, "frames per second of a folder of frames, in the overlay")
    keep_going: bool = option(False, "repeat the frame before a damaged one instead of stopping")
    overwrite: bool = option(False, "replace existing masks; what no changed mark affects is kept")

    def __post_init__(self) -> None:
        require(self.video != "", "VIDEO should be a file or a folder, got an empty name")
        require(0.01 <= self.frame_rate <= 1000, f"--frame_rate should lie in [0.01, 1000], got {self.frame_rate:g}")


def _number_marks(flag: str, words: Sequence[str], names: Sequence[str]) -> list[NumberMark]:
    """Reads groups of numbers, the last of which may carry the frame."""
    size, form = len(names), f"{' '.join(names)}[@FRAME]"
    shown = " ".join(words)
    require(len(words) % size == 0, f"--{flag} should be {form}: {size} whole numbers, got {shown}")
    marks = []
    for i in range(0, len(words), size):
        group = list(words[i : i + size])
        last, _, frame = group[-1].partition("@")
        numbers = [*group[:-1], last, frame or "0"]
        is_fine = all(re.fullmatch(r"-?\d+", number) for number in numbers) and not group[-1].endswith("@")
        require(is_fine, f"--{flag} should be {form}: whole numbers, got {' '.join(group)}")
        values = tuple(map(int, numbers))
        require(values[-1] >= 0, f"--{flag}: frames count from 0, got {values[-1]}")
        marks.append(NumberMark(values[-1], values[:-1]))
    return marks
