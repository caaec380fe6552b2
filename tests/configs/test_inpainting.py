"""What the options of an algorithm imply."""

import pytest

from master_thesis.configs.inpainting import InpaintOptions


@pytest.mark.parametrize(
    ("algorithm", "exhaustive", "asks_all"),
    [("ff", True, True), ("ip", True, True), ("ip", False, False), ("cp", True, False), ("pm", False, True)],
)
def test_not_every_algorithm_asks_every_frame(algorithm: str, exhaustive: bool, asks_all: bool) -> None:
    """The neighbours of cp pass on what they can within its sweeps; the photomontage follows every pixel."""
    assert InpaintOptions(algorithm, exhaustive=exhaustive).asks_all == asks_all
