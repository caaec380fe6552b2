"""The motion between neighbouring frames: the camera's, and what the flow around the holes adds to it.

Measured once per pair and used in both directions. Inside holes the flow continues what surrounds them.

Convention:
    Positions and flows are in pixels of the frames, (x, y); see :mod:`master_thesis.models.classical.opencv`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8

from master_thesis.images.reducing import reduce_hole, reduce_image, size_within
from master_thesis.models.classical.exposure import Exposure
from master_thesis.models.classical.homography import still_and_moved_error, warp_homography
from master_thesis.models.classical.opencv import blur, both_flows, continue_flow
from master_thesis.models.classical.tracking import tracked_motion
from master_thesis.ops.homography import from_pixels, to_pixels
from master_thesis.ops.lucas_kanade import GradientImage, refine_homography
from master_thesis.ops.mask import widened
from master_thesis.ops.pixels import sample_at, warp_by_flow

FEATURE_SIDE_PX = 512
"""Largest extent of the frames in which corners are tracked."""
VIEW_SIDE_PX = 864
"""Largest extent of the frames in which the camera's motion is refined; flows are measured at half of that."""
RING_PX = 12
"""Width of the ring around a hole in which the flow is tested, as if the ring were hidden too."""
RING_SCALE_PX = 16.0
"""Extent of the surroundings over which the test is averaged."""
MAX_ERROR = 40.0
"""Larger grey differences count no more than this."""
REPEATED_MEAN, REPEATED_MOST = 0.1, 12
"""Differences of a repeated frame, in grey levels: on the mean, and at most."""
BLUR_PX = 16
"""Cells over which colours are averaged to blur a hole over."""
FAR_WEIGHT = 1e-4
"""Weight of the mean of the frame where nothing is known nearby."""
CONVERTED_ROWS = 32
DECISION = 30.0
"""How sharply the test decides between flow and camera."""


@dataclass(frozen=True)
class View:
    """A frame as the motion is measured in it, small and without a trace of what is to be removed.

    Attributes:
        size: height and width of the frame.
        image: RGB at most of ``VIEW_SIDE_PX``, its hole blurred over by the surroundings.
        grey: the same.
        known: whether it is, in ``image``.
        half: the same at half that size, at which flows are measured.
        gradients: of ``image``.
    """

    size: tuple[int, int]
    image: UInt8[np.ndarray, "h w 3"]
    grey: UInt8[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]
    half: Half
    gradients: GradientImage

    @staticmethod
    def of(image: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> View:
        """Prepares a frame, once for both of its neighbours."""
        height, width = hole.shape
        size = size_within((height, width), VIEW_SIDE_PX)
        known = ~reduce_hole(hole, size)
        small = blurred_over(reduce_image(image, size), ~known)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        red, green, blue = cv2.split(small)
        mean = (np.add(red, green, dtype=np.float32) + blue) / 3
        gradients = GradientImage.of_grey(mean / 255, known)
        return View((height, width), small, grey, known, Half.of(grey, known), gradients)


@dataclass(frozen=True)
class NeighbourMotion:
    """The motion between two neighbouring frames.

    Attributes:
        camera: maps pixels of the first frame to pixels of the second.
        onward: what remains, at pixels of the first frame, before ``camera``; reduced.
        back: the same for the way back, after the inverse of ``camera``.
        scale: extent of ``onward`` and ``back``, in pixels of the frames: x and y.
        exposure: how colours of the second frame become those of the first one.
    """

    camera: Float[np.ndarray, "3 3"]
    onward: Float[np.ndarray, "h w 2"]
    back: Float[np.ndarray, "h w 2"]
    scale: Float[np.ndarray, " 2"]
    exposure: Exposure

    @staticmethod
    def between(first: View, second: View) -> NeighbourMotion:
        """Measures the motion outside the holes; there is none if the second frame repeats the first."""
        if repeats(first, second):
            nothing = np.zeros((1, 1, 2), np.float16)
            return NeighbourMotion(np.eye(3), nothing, nothing, np.ones(2), Exposure.unchanged())
        camera = camera_motion(first, second)
        (height, width), (h, w) = first.size, first.grey.shape
        small = scaled(camera, (h / height, w / width))
        known = warp_homography(second.known.astype(np.uint8), small, cv2.INTER_NEAREST) > 0
        halves = first.half, Half.of(warp_homography(second.grey, small), known)
        there, back = both_flows(*halves[0], *halves[1], finest_scale=0)
        residuals = [halves[0].residual(halves[1], *there), halves[1].residual(halves[0], *back)]
        pictures = first.image, warp_homography(second.image, small)
        one, two = (cv2.resize(p, there[1].shape[::-1], interpolation=cv2.INTER_AREA) for p in pictures)
        exposure = Exposure.between(one, warp_by_flow(two, there[0]), there[1])
        scale = np.array(halves[0].grey.shape[::-1]) / (width, height)
        # Half precision keeps hundredths of a pixel of what is left beside the camera, in half of the memory.
        onward, backward = ((flow / scale).astype(np.float16) for flow in residuals)
        return NeighbourMotion(camera, onward, backward, scale, exposure)

    @property
    def is_repeat(self) -> bool:
        """Whether nothing moves and nothing changes at all."""
        is_still = np.array_equal(self.camera, np.eye(3)) and not (self.onward.any() or self.back.any())
        return is_still and bool((self.exposure.gain == 1).all() and (self.exposure.offset == 0).all())

    def forwards(self, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
        """Where pixels of the first frame lie in the second one."""
        return through(self.camera, points + self._read(self.onward, points))

    def backwards(self, points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
        """Where pixels of the second frame lie in the first one."""
        inside = through(np.linalg.inv(self.camera), points)
        return inside + self._read(self.back, inside)

    def _read(self, flow: np.ndarray, points: np.ndarray) -> np.ndarray:
        x, y = ((axis + 0.5) * scale - 0.5 for axis, scale in zip(points.T, self.scale, strict=True))
        return sample_at(_in_full(flow), np.stack((x, y), axis=-1))


class Half(NamedTuple):
    """A picture at half the size of a view, in which flows are measured, continued and tested."""

    grey: UInt8[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]

    @staticmethod
    def of(grey: UInt8[np.ndarray, "H W"], known: Bool[np.ndarray, "H W"]) -> Half:
        """Reduces a picture."""
        size = max(grey.shape[0] // 2, 1), max(grey.shape[1] // 2, 1)
        return Half(cv2.resize(grey, size[::-1], interpolation=cv2.INTER_AREA), ~reduce_hole(~known, size))

    def residual(
        self, other: Half, flow: Float[np.ndarray, "h w 2"], trust: Float[np.ndarray, "h w"]
    ) -> Float[np.ndarray, "h w 2"]:
        """Continues a flow to the other picture into the holes, and fades it out where the camera explains more.

        What is continued into a hole cannot be tested in it. So a ring around the hole is treated as if it were hidden,
        too: where the flow that is continued into the ring explains it better than the camera alone, it is taken.
        """
        share = self._share(other, flow, trust)
        return cv2.merge([(axis * share).astype(np.float32) for axis in cv2.split(continue_flow(flow, trust)[0])])

    def _share(self, other: Half, flow: np.ndarray, trust: np.ndarray) -> Float[np.ndarray, "h w"]:
        is_hidden = widened(~(self.known & other.known), RING_PX)
        continued = continue_flow(flow, np.where(is_hidden, 0, trust).astype(np.float32))[0]
        ring = is_hidden & self.known & other.known & (warp_by_flow(other.known.astype(np.float32), continued) > 0.99)
        errors = [
            np.minimum(cv2.absdiff(self.grey, picture).astype(np.float32), MAX_ERROR) * ring
            for picture in (other.grey, warp_by_flow(other.grey, continued))
        ]
        averages = blur(cv2.merge((*errors, ring.astype(np.float32))), RING_SCALE_PX)
        # Far from all rings, the mean over them decides.
        overall = np.array([error.sum() for error in errors]) / (ring.sum() + 1e-6)
        *sums, count = cv2.split(averages)
        camera, local = ((plane + 1e-3 * mean) / (count + 1e-3) for plane, mean in zip(sums, overall, strict=True))
        gain = (camera - local) / ((camera + local) / 2 + 0.5)
        return 1 / (1 + np.exp(-DECISION * gain))


def _in_full(flow: Float[np.ndarray, "h w 2"]) -> Float32[np.ndarray, "h w 2"]:
    """A flow in single precision. torch takes a tenth of NumPy's time, and no other threads for so few rows."""
    result = torch.empty(flow.shape)
    for some, converted in zip(torch.from_numpy(flow).split(CONVERTED_ROWS), result.split(CONVERTED_ROWS), strict=True):
        converted.copy_(some)
    return result.numpy()


def repeats(first: View, second: View) -> bool:
    """Whether two frames are the same but for their compression, as where a video was given a higher rate."""
    if first.size != second.size or not (first.known & second.known).any():
        return False
    difference, both = cv2.absdiff(first.image, second.image), (first.known & second.known).view(np.uint8)
    if np.mean(cv2.mean(difference, both)[:3]) >= REPEATED_MEAN:
        return False
    return max(cv2.minMaxLoc(plane, both)[1] for plane in cv2.split(difference)) <= REPEATED_MOST


def blurred_over(image: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 3"]:
    """Fills a hole with what surrounds it, without any detail that could be tracked."""
    if not hole.any():
        return image
    height, width = hole.shape
    masked = image.copy()
    masked[hole] = 0
    planes = cv2.merge((*cv2.split(masked), (~hole).view(np.uint8))).astype(np.float32)
    size = max(width // BLUR_PX, 1), max(height // BLUR_PX, 1)
    around = cv2.GaussianBlur(cv2.resize(planes, size, interpolation=cv2.INTER_AREA), (0, 0), 2.0)
    around = around + FAR_WEIGHT * np.array(cv2.mean(planes), np.float32)
    filled = cv2.resize(around[..., :3] / (around[..., 3:] + 1e-9), (width, height), interpolation=cv2.INTER_LINEAR)
    masked[hole] = filled[hole].round()
    return masked


def camera_motion(first: View, second: View) -> Float[np.ndarray, "3 3"]:
    """The homography between two frames, from tracked corners and then to a fraction of a pixel."""
    height, width = first.size
    h, w = small = size_within(first.size, FEATURE_SIDE_PX)
    pictures = []
    for view in (first, second):
        pictures += [cv2.resize(view.grey, (w, h), interpolation=cv2.INTER_AREA), ~reduce_hole(~view.known, small)]
    found = scaled(tracked_motion(*pictures), (height / h, width / w))
    start = from_pixels(torch.from_numpy(found).unsqueeze(0), height, width)
    refined = refine_homography(start, first.gradients, second.gradients)
    camera = to_pixels(refined, height, width)[0].numpy()
    factors = (first.grey.shape[0] / height, first.grey.shape[1] / width)
    viewed = scaled(camera, factors)
    still, moved = still_and_moved_error(viewed, first.grey, first.known, second.grey, second.known)
    return np.eye(3) if still <= moved else camera


def through(motion: Float[np.ndarray, "3 3"], points: Float[np.ndarray, "N 2"]) -> Float[np.ndarray, "N 2"]:
    """Maps points by a homography."""
    if not len(points):
        return points.astype(np.float32)
    return cv2.perspectiveTransform(points[None].astype(np.float64), motion)[0].astype(np.float32)


def scaled(motion: Float[np.ndarray, "3 3"], factors: tuple[float, float]) -> Float[np.ndarray, "3 3"]:
    """The same motion in frames whose height and width are multiplied."""
    fy, fx = factors
    change = np.array([[fx, 0, (fx - 1) / 2], [0, fy, (fy - 1) / 2], [0, 0, 1]])
    result = change @ motion @ np.linalg.inv(change)
    return result / result[2, 2]
