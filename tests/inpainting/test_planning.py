"""Planned references, on a camera whose movement is known."""

import av.filter
import cv2
import numpy as np
import pytest

from master_thesis.inpainting.planning import CameraPath, ReferencePlanner, hole_points
from master_thesis.models.classical.tracking import tracked_motion

HEIGHT, WIDTH, NUM_FRAMES, STEP_PX = 96, 160, 14, 8


@pytest.fixture(scope="module")
def pan():
    """A camera that moves right by ``STEP_PX`` a frame over a textured scene, and where it is."""
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT // 4, 96, 3)).astype(np.uint8)
    scene = cv2.GaussianBlur(cv2.resize(noise, (96 * 4, HEIGHT), interpolation=cv2.INTER_NEAREST), (0, 0), 1.2)
    return np.stack([scene[:, STEP_PX * t : STEP_PX * t + WIDTH] for t in range(NUM_FRAMES)])


def box(left, right, top=30, bottom=60):
    holes = np.zeros((NUM_FRAMES, HEIGHT, WIDTH), bool)
    holes[:, top:bottom, left:right] = True
    return holes


def test_chained_motions_stay_within_a_tenth_of_a_pixel_over_ten_frames(pan):
    path = CameraPath.of(pan, box(60, 80))
    points = np.array([[[10.0, 10.0], [150.0, 10.0], [80.0, 90.0]]])
    moved = cv2.perspectiveTransform(points, path.motion(0, 10))
    assert np.abs(moved - (points - [10 * STEP_PX, 0])).max() < 0.1 * 10


def test_references_show_what_the_plan_says(pan):
    holes = box(60, 84)  # hidden for three steps
    planner = ReferencePlanner(CameraPath.of(pan, holes), holes)
    plan = planner.plan(7)
    assert plan.shown == 1.0
    shown = np.zeros(WIDTH, bool)
    for r in plan.refs:
        columns = np.arange(60, 84) - STEP_PX * (r - 7)
        shown[60:84] |= (columns < 60) | (columns >= 84)
    assert shown[62:82].all()
    assert 1 <= len(plan.refs) <= 6
    assert min(abs(r - 7) for r in plan.refs) <= 4, "near references come first"


def test_a_hole_that_no_frame_shows_needs_no_reference(pan):
    still = np.repeat(pan[:1], NUM_FRAMES, axis=0)
    holes = box(60, 84)
    plan = ReferencePlanner(CameraPath.of(still, holes), holes).plan(5)
    assert plan.refs == ()
    assert plan.shown == 0.0


def test_a_line_that_moves_before_stripes_is_no_movement_of_the_camera():
    """A downward movement explains FFmpeg's test pattern better from frame to frame, but not all of it."""
    graph = av.filter.Graph()
    steps = [graph.add("testsrc2", "size=384x216:rate=25"), graph.add("format", "yuv420p"), graph.add("buffersink")]
    graph.link_nodes(*steps).configure()
    frames = np.stack([graph.pull().to_ndarray(format="rgb24") for _ in range(60)][::2])
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 118:151, 192:268] = True
    assert (CameraPath.of(frames, holes).to_first == np.eye(3)).all()


def test_the_share_that_is_shown_is_that_of_the_geometry(pan):
    """A hole as wide as the camera moves in all: every column of the middle frame is seen from one end."""
    for width in (40, 60, 100):
        holes = box(30, 30 + width)
        plan = ReferencePlanner(CameraPath.of(pan, holes), holes).plan(7)
        reach = STEP_PX * 7, STEP_PX * (NUM_FRAMES - 1 - 7)
        truly = sum(x - 30 < reach[1] or 30 + width - x <= reach[0] for x in range(30, 30 + width)) / width
        assert plan.shown == pytest.approx(truly, abs=0.08)


def test_a_frame_without_a_hole_needs_nothing(pan):
    holes = np.zeros((NUM_FRAMES, HEIGHT, WIDTH), bool)
    plan = ReferencePlanner(CameraPath.of(pan, holes), holes).plan(3)
    assert (plan.refs, plan.shown) == ((), 1.0)


def test_small_holes_are_planned_pixel_by_pixel():
    hole = np.zeros((20, 20), bool)
    hole[4:7, 5:9] = True
    assert len(hole_points(hole)) == 12
    assert hole_points(hole).min(axis=0).tolist() == [5, 4]


@pytest.mark.parametrize("apart", [1, 4])
def test_as_much_enters_a_hole_as_the_camera_moves_on(pan, apart):
    """A hole of 40 px stands still in the picture, under which the scene moves by 8 px a frame, to the left."""
    holes = box(60, 100)
    frames, holes = pan[::apart], holes[::apart]
    planner = ReferencePlanner(CameraPath.of(frames, holes, tracked_motion), holes, margin=0)
    assert planner.entering(2, 1, apart) == pytest.approx((0, STEP_PX / 40), abs=0.05)


def test_what_enters_from_outside_the_frames_is_shown_by_none(pan):
    """At the right border nothing is visible before it is hidden, and later frames show what has left the hole."""
    holes = box(WIDTH - 40, WIDTH)
    planner = ReferencePlanner(CameraPath.of(pan, holes, tracked_motion), holes, margin=0)
    assert planner.entering(6, 5) == pytest.approx((0, STEP_PX / 40), abs=0.05)
    assert planner.entering(NUM_FRAMES - 1, NUM_FRAMES - 2) == pytest.approx((STEP_PX / 40, 0), abs=0.05)


def test_all_of_a_hole_is_new_after_a_frame_without_one(pan):
    holes = box(60, 100)
    holes[5] = False
    planner = ReferencePlanner(CameraPath.of(pan, holes, tracked_motion), holes, margin=0)
    assert sum(planner.entering(6, 5)) == 1
