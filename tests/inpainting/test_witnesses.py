"""Frames are counted for the pixels that they show along a plane, until each has been seen often enough."""

import numpy as np

from master_thesis.inpainting.witnesses import WITNESSES, Witnesses

ALL, NONE, FIRST = np.array([True, True]), np.array([False, False]), np.array([True, False])


def test_pixels_need_as_many_frames_that_show_them_safely() -> None:
    witnesses = Witnesses.of(ALL)
    for _ in range(WITNESSES):
        assert not witnesses.are_enough
        assert witnesses.add(0, ALL, ALL)
    assert witnesses.are_enough
    assert not witnesses.add(0, ALL, ALL)


def test_what_is_shown_unsafely_counts_once() -> None:
    witnesses = Witnesses.of(ALL)
    assert witnesses.add(0, FIRST, NONE)
    assert not witnesses.add(0, FIRST, NONE)
    assert witnesses.add(0, ALL, NONE)
    assert not witnesses.are_enough


def test_planes_are_counted_apart_and_the_first_decides() -> None:
    witnesses = Witnesses.of(FIRST)
    for _ in range(WITNESSES):
        assert witnesses.add(1, ALL, ALL)
    assert not witnesses.are_enough
    for _ in range(WITNESSES):
        assert witnesses.add(0, FIRST, FIRST)
    assert witnesses.are_enough
