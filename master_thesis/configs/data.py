"""Where the data is and how clips are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from master_thesis.configs.fields import MAX_WIDENING, check_bounds, option
from master_thesis.errors import require


def parse_weighted(text: str) -> tuple[str, float]:
    """A folder with its weight, 1 unless it is stated.

    >>> parse_weighted("photos=0.5"), parse_weighted("a=b")
    (('photos', 0.5), ('a=b', 1.0))

    Raises:
        UserError: there is no folder, or the weight is not above 0.
    """
    folder, _, number = text.rpartition("=")
    try:
        weight = float(number) if folder or text.startswith("=") else 1.0
    except ValueError:
        folder, weight = text, 1.0
    folder = folder or text
    is_fine = 0 < weight < float("inf") and not folder.startswith("=")
    require(is_fine, f"--further_data should be FOLDER or FOLDER=WEIGHT with a weight above 0, got {text}")
    return folder, weight


@dataclass(frozen=True)
class DataConfig:
    """Where the data is and how clips are made from it.

    ``frames_n`` -1 stands for complete sequences.
    """

    data_path: str = option("./data", "folder of GOT10k, YouTubeVOS and DAVIS-2017", metavar="FOLDER")
    further_data: tuple[str, ...] = option(
        (),
        "further folders with GOT10k to draw training frames from; WEIGHT: how often, --data_path has 1 (default: 1)",
        metavar="FOLDER[=WEIGHT]",
    )
    data_ckpt_path: str = option(
        "./lightning_logs/data.ckpt", "cache of the index of --data_path (JSON)", metavar="FILE"
    )
    follow_links: bool = option(False, "allow links in --data_path that lead outside its data sets")
    image_resize: bool = option(True, "resize frames to --train_size; false: crop at random")
    zoom: tuple[float, float] | None = option(
        None,
        "train on random parts of frames, whose shorter side is a share in this range of the frame's; default: on "
        "entire frames, resized",
        metavar=("LOW", "HIGH"),
        within=(0.01, 1),
    )
    mirror: float = option(0.0, "share of training clips whose frames are mirrored, and of those whose masks are")
    reverse: float = option(0.0, "share of training clips whose frames run backwards, and of those whose masks do")
    min_mask_size: float = option(0.05, "smallest mean share of a mask sequence, exclusive")
    max_mask_size: float = option(0.15, "largest mean share of a mask sequence, exclusive")
    train_size: tuple[int, int] = option(
        (256, 256), "height and width of training clips", metavar=("H", "W"), within=(16, 8192)
    )
    test_size: tuple[int, int] = option(
        (240, 480), "height and width of test sequences", metavar=("H", "W"), within=(16, 8192)
    )
    frames_n: int = option(2, "frames of a clip with its target: 2 or an odd number", within=(-1, 1001))
    frames_spacing: int = option(10, "frames between neighbours of a clip", within=(1, 10**6))
    frames_randomize: bool = option(True, "take references at random within reach instead of at --frames_spacing")
    dilatation_filter_size: tuple[int, int] = option(
        (3, 3), "size of the cross that widens masks", metavar=("H", "W"), within=(1, 1001)
    )
    dilatation_iterations: int = option(4, "times that masks are widened", within=(0, 1000))
    p_simulator_bgs: float = option(0.5, "share of training clips whose movement is simulated")
    p_simulator_masks: float = option(0.0, "share of training clips whose mask movement is simulated")
    bgs_movement_params: tuple[float, float, float] = option(
        (50.0, 0.10, 0.20),
        "largest translation (px), scale change and rotation (rad) of a simulated step",
        metavar=("PX", "SCALE", "RAD"),
    )
    masks_movement_params: tuple[float, float, float] = option(
        (50.0, 0.10, 0.20),
        "the same for masks",
        metavar=("PX", "SCALE", "RAD"),
    )
    batch_size: int = option(8, "clips per batch", within=(1, 4096))
    num_workers: int = option(0, "processes that prepare clips", within=(0, 256))
    train_max_iterations: int = option(2000, "batches per training epoch", within=(1, 10**9))
    validation_max_iterations: int = option(200, "batches per validation", within=(1, 10**9))
    seed: int = option(0, "seed of everything random: the same seed, the same run", within=(0, 2**32 - 1))

    def require_clips(self) -> None:
        """Raises :class:`UserError` if clips are complete sequences."""
        require(self.frames_n > 0, f"--frames_n should be 2 or an odd number, got {self.frames_n}")

    def __post_init__(self) -> None:
        for text in self.further_data:
            parse_weighted(text)
        n = self.frames_n
        require(n == -1 or n == 2 or (n > 2 and n % 2 == 1), f"--frames_n should be 2 or an odd number, got {n}")
        check_bounds(self)
        low, high = self.zoom or (1.0, 1.0)
        require(low <= high, f"--zoom should be the smallest and the largest share, got {low:g} {high:g}")
        is_clear = self.zoom is None or self.image_resize
        require(is_clear, "--zoom and --image_resize false both choose parts of frames: leave out one of them")
        for name in ("p_simulator_bgs", "p_simulator_masks", "mirror", "reverse"):
            require(0 <= getattr(self, name) <= 1, f"--{name} should lie in [0, 1], got {getattr(self, name)}")
        size, times = self.dilatation_filter_size, self.dilatation_iterations
        widening = max(size) // 2 * times
        is_sane = widening <= MAX_WIDENING
        both = f"--dilatation_filter_size {size[0]} {size[1]} --dilatation_iterations {times}"
        require(is_sane, f"{both} should widen masks by at most {MAX_WIDENING} pixels, not by {widening}")
        require(
            0 <= self.min_mask_size < self.max_mask_size <= 1,
            "--min_mask_size should be at least 0 and below --max_mask_size, which is at most 1; "
            f"got {self.min_mask_size} and {self.max_mask_size}",
        )
        for name in ("bgs_movement_params", "masks_movement_params"):
            shift, scale, angle = getattr(self, name)
            ok = 0 <= shift <= 10_000 and 0 <= scale < 1 and angle >= 0
            require(
                ok,
                f"--{name} should be a shift in [0, 10000], a scale change in [0, 1) and an angle >= 0, "
                f"got {shift:g} {scale:g} {angle:g}",
            )
