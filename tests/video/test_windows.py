"""Windows give the result of the complete sequence, record where pixels came from, and copy nothing across a cut."""

import gc
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from master_thesis.configs.inpainting import THESIS_ALGORITHMS, InpaintOptions
from master_thesis.configs.video import ORIGINAL
from master_thesis.images.codec import write_png
from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.inpainting.comparison import Views
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.models.classical.neighbours import NeighbourMotion
from master_thesis.models.painter import SmoothPainter
from master_thesis.video import closed_frames
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.masks import open_masks
from master_thesis.video.patch_store import MOTION, PatchFolder
from master_thesis.video.plan import plan_scenes, plan_windows
from master_thesis.video.survey import survey
from master_thesis.video.windows import WindowInpainter, fill_windows
from stress.videos import moving_frames
from tests.factories import PAN_PX, Copier, CountingAligner, Painter, PanoramaAligner, StillAligner

SIZE = (20, 32)
OPTIONS = {
    "ff": InpaintOptions("ff", max_distance=4),
    "ip": InpaintOptions("ip", max_distance=4),
    "cp": InpaintOptions("cp", sweeps=4),
}


def make_world(folder: Path, num_frames: int, seeds=(0,)):
    """Scenes of a moving camera. One hole is fixed in the frame, the other in the scene, so that no frame shows it."""
    (folder / "frames").mkdir()
    (folder / "masks").mkdir()
    frames = [f for seed in seeds for f in moving_frames(num_frames, SIZE, seed)]
    for t, frame in enumerate(frames):
        mask = np.zeros(SIZE, bool)
        mask[4:9, 10:17] = True
        mask[12:16, max(0, 24 - PAN_PX * (t % num_frames)) : max(0, 30 - PAN_PX * (t % num_frames))] = True
        write_png(folder / "frames" / f"{t:03d}.png", frame)
        write_png(folder / "masks" / f"{t:03d}.png", mask)
    return frames, open_masks(str(folder / "masks"), open_source(folder / "frames"), None, False, 0)


def camera_of(frames):
    """The aligner that knows how far the camera moved; the first row of a frame is never hidden."""
    return PanoramaAligner(torch.from_numpy(np.stack(frames)[:, 0].astype(np.float32) / 255).permute(0, 2, 1))


def filled_by(folder: Path, masks, aligner, chn, algorithm: str, window: int):
    found = survey(masks)
    scenes = plan_scenes(found.boxes, found.cuts, SIZE, None)
    windows = plan_windows(scenes, found.has_hole, window, OPTIONS[algorithm].reach)
    stored = PatchFolder(folder / f"parts_{algorithm}_{window}", {})
    inpainter = WindowInpainter(Inpainter(aligner, chn, OPTIONS[algorithm]))
    closed: list[int] = []
    fill_windows(windows, masks, inpainter, stored, closed.append)
    patches = {n: patch for i in range(len(windows)) for n, patch in stored.load(i).items()}
    assert sum(closed) == sum(found.has_hole[n] for w in windows for n in inpainter.filled_frames(w))
    return patches, windows


def filled_at_once(masks, aligner, chn, algorithm: str):
    frames, holes = zip(*((frame.image, mask) for frame, mask in masks.pairs()), strict=True)
    x = torch.from_numpy(np.stack(frames)).permute(3, 0, 1, 2).float() / 255
    m = torch.from_numpy(np.stack(holes))[None].float()
    result = Inpainter(aligner, chn, OPTIONS[algorithm]).fill(x, m)
    colours = result.frames.mul(255).round().to(torch.uint8).permute(1, 2, 3, 0).numpy()
    return colours, result.source[0].numpy(), holes


@pytest.mark.parametrize("algorithm", THESIS_ALGORITHMS)
def test_a_single_window_gives_the_result_of_the_complete_sequence(tmp_path: Path, algorithm: str) -> None:
    _, masks = make_world(tmp_path, 12)
    patches, windows = filled_by(tmp_path, masks, CountingAligner(), Painter(), algorithm, window=12)
    assert len(windows) == 1
    colours, source, holes = filled_at_once(masks, CountingAligner(), Painter(), algorithm)
    for n, hole in enumerate(holes):
        assert (patches[n].colours == colours[n][hole]).all()
        assert (patches[n].source == source[n][hole]).all()


def test_frame_by_frame_gives_the_same_result_in_windows(tmp_path: Path) -> None:
    _, masks = make_world(tmp_path, 14)
    patches, windows = filled_by(tmp_path, masks, CountingAligner(), Painter(), "ff", window=9)
    assert len(windows) > 5
    colours, source, holes = filled_at_once(masks, CountingAligner(), Painter(), "ff")
    for n, hole in enumerate(holes):
        assert (patches[n].colours == colours[n][hole]).all()
        assert (patches[n].source == source[n][hole]).all()


@pytest.mark.parametrize("window", [12, 30])
@pytest.mark.parametrize("algorithm", THESIS_ALGORITHMS)
def test_copied_pixels_are_visible_in_the_recorded_frame(tmp_path: Path, algorithm: str, window: int) -> None:
    frames, masks = make_world(tmp_path, 24)
    patches, windows = filled_by(tmp_path, masks, camera_of(frames), Copier(), algorithm, window)
    assert (len(windows) == 1) == (window == 30)
    holes = [mask for _, mask in masks.pairs()]
    num_copied = num_invented = 0
    for n, patch in patches.items():
        for (row, column), colour, source in zip(np.argwhere(patch.hole), patch.colours, patch.source, strict=True):
            if source == HALLUCINATED:
                num_invented += 1
                continue
            there = column + PAN_PX * (n - source)
            assert 0 <= there < SIZE[1]
            assert not holes[source][row, there]
            assert np.abs(colour.astype(int) - frames[source][row, there]).max() <= 1
            num_copied += 1
    assert min(num_copied, num_invented) > 100


@pytest.mark.parametrize("algorithm", ["ip", "cp"])
def test_windows_continue_from_filled_frames(tmp_path: Path, algorithm: str) -> None:
    """Pixels that no frame shows are invented once; later windows pass them on, still as invented."""
    frames, masks = make_world(tmp_path, 24)
    painter = CountingInventor()
    patches, windows = filled_by(tmp_path, masks, camera_of(frames), painter, algorithm, window=12)
    invented = {n: patch.colours[patch.source == HALLUCINATED] for n, patch in patches.items()}
    second_core = [n for n in windows[1].core if len(invented[n])]
    before = np.concatenate([invented[n] for n in windows[0].core])
    assert second_core
    for n in second_core:
        known_before = (invented[n][:, None] == before[None]).all(axis=2).any(axis=1)
        assert known_before.mean() > 0.4


class CountingInventor(Copier):
    """Copies, and paints the rest in a tone that it has never used before."""

    def __init__(self):
        super().__init__()
        self.num_calls = 0

    def __call__(self, x_target, v_target, x_aligned, v_aligned, v_map):
        self.num_calls += 1
        painted = super().__call__(x_target, v_target, x_aligned, v_aligned, v_map)
        invented = ((v_map == 0) & (v_target.unsqueeze(2) == 0)).expand_as(painted.composed)
        tone = torch.tensor([self.num_calls % 256 / 255, self.num_calls // 256 / 255, 0.5]).view(1, 3, 1, 1, 1)
        return type(painted)(painted.predicted, torch.where(invented, tone, painted.composed))


@pytest.mark.parametrize("algorithm", THESIS_ALGORITHMS)
def test_nothing_is_copied_across_a_cut(tmp_path: Path, algorithm: str) -> None:
    frames, masks = make_world(tmp_path, 10, seeds=(0, 1, 2))
    patches, windows = filled_by(tmp_path, masks, camera_of(frames), Copier(), algorithm, window=12)
    assert [(w.start, w.stop) for w in windows] == [(0, 10), (10, 20), (20, 30)]
    for n, patch in patches.items():
        sources = patch.source[patch.source != HALLUCINATED]
        assert sources.size
        assert set(sources // 10) == {n // 10}


PAN = 6


def make_pan(folder: Path, num_frames: int, size=(96, 128)):
    """A panning camera over a texture that a photomontage can follow, with a hole that is fixed in the frame."""
    (folder / "frames").mkdir()
    (folder / "masks").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (size[0], size[1] + PAN * num_frames, 3)).astype(np.uint8)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 30, 225, cv2.NORM_MINMAX)
    mask = np.zeros(size, bool)
    mask[40:56, 50:64] = True
    frames = [scene[:, PAN * t : PAN * t + size[1]] for t in range(num_frames)]
    for t, frame in enumerate(frames):
        write_png(folder / "frames" / f"{t:03d}.png", np.where(mask[..., None], 124, frame).astype(np.uint8))
        write_png(folder / "masks" / f"{t:03d}.png", mask)
    return frames, mask, open_masks(str(folder / "masks"), open_source(folder / "frames"), None, False, 0)


def test_a_photomontage_in_windows_reads_the_original_frames_from_disk(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(closed_frames, "KEEP_SECONDS", 0.0)  # as if every frame took longer
    frames, mask, masks = make_pan(tmp_path, 16)
    found = survey(masks)
    scenes = plan_scenes(found.boxes, found.cuts, mask.shape, ORIGINAL)
    windows = plan_windows(scenes, found.has_hole, 9, reach=4)
    assert len(windows) > 3
    stored = PatchFolder(tmp_path / "parts", {})
    inpainter = WindowInpainter(Inpainter(StillAligner(), SmoothPainter(), InpaintOptions("pm", max_distance=4)))
    closed: list[int] = []
    fill_windows(windows, masks, inpainter, stored, closed.append)
    assert sum(closed) == 16
    assert not list(stored.path.glob("*frame*"))
    patches = {n: patch for i in range(len(windows)) for n, patch in stored.load(i).items()}
    for n, patch in patches.items():
        assert patch.hole.shape == scenes[0].crop.size
        box = scenes[0].crop
        truth = frames[n][box.top : box.bottom, box.left : box.right][patch.hole]
        is_copied = patch.source != HALLUCINATED
        assert is_copied.mean() > 0.95
        assert np.median(np.abs(patch.colours.astype(int) - truth)[is_copied]) <= 2
        assert 1 <= np.abs(patch.source[is_copied] - n).max() <= 8


def test_a_window_leaves_no_frames_behind(tmp_path: Path) -> None:
    """Without a search for garbage at its end, they stayed until Python found them: as many as fit the memory."""
    _, mask, masks = make_pan(tmp_path, 16)
    found = survey(masks)
    scenes = plan_scenes(found.boxes, found.cuts, mask.shape, ORIGINAL)
    windows = plan_windows(scenes, found.has_hole, 9, reach=4)
    inpainter = WindowInpainter(Inpainter(StillAligner(), SmoothPainter(), InpaintOptions("pm", max_distance=4)))
    num_alive: list[int] = []
    gc.collect()
    gc.disable()
    try:
        fill_windows(
            windows,
            masks,
            inpainter,
            PatchFolder(tmp_path / "parts", {}),
            lambda _: num_alive.append(sum(type(each) is Views for each in gc.get_objects())),
        )
    finally:
        gc.enable()
    assert len(num_alive) == 16
    assert set(num_alive) == {1}


class NoisePainter(SmoothPainter):
    """Paints noise, and counts."""

    num_calls = 0

    def paint_one(self, frame):
        self.num_calls += 1
        return torch.rand(frame.colours.shape, generator=torch.Generator().manual_seed(0))


class Interrupted:
    """Calls a function so many times, then interrupts; counts."""

    def __init__(self, function, num_calls: float) -> None:
        self.function, self.left, self.num_calls = function, num_calls, 0

    def __call__(self, *args):
        if self.num_calls >= self.left:
            raise KeyboardInterrupt
        self.num_calls += 1
        return self.function(*args)


@pytest.mark.parametrize(("num_measured", "num_filled", "is_damaged"), [(3, 0, False), (7, 4, False), (7, 4, True)])
def test_a_photomontage_continues_inside_a_window(
    tmp_path: Path, monkeypatch, num_measured: int, num_filled: int, is_damaged: bool
) -> None:
    """Interrupted while motions are measured, or after four filled frames: nothing of it is done again."""
    _, mask, masks = make_pan(tmp_path, 8)
    for t in range(8):  # a second hole that stays where it is in the scene, so that no frame shows it
        both = mask.copy()
        both[60:80, 80 - PAN * t : 100 - PAN * t] = True
        write_png(tmp_path / "masks" / f"{t:03d}.png", both)
    found = survey(masks)
    windows = plan_windows(plan_scenes(found.boxes, found.cuts, mask.shape, ORIGINAL), found.has_hole, None, reach=4)
    painter, between = NoisePainter(), NeighbourMotion.between
    inpainter = WindowInpainter(Inpainter(StillAligner(), painter, InpaintOptions("pm", max_distance=4)))
    expected, stored = PatchFolder(tmp_path / "uninterrupted", {}), PatchFolder(tmp_path / "parts", {})
    fill_windows(windows, masks, inpainter, expected)
    num_paintings = painter.num_calls

    monkeypatch.setattr(NeighbourMotion, "between", Interrupted(between, num_measured))
    with pytest.raises(KeyboardInterrupt):
        fill_windows(windows, masks, inpainter, stored, Interrupted(lambda count: None, num_filled - 1))
    assert (stored.num_kept(MOTION), stored.num_kept()) == (num_measured, num_filled)
    if is_damaged:
        for file in stored.path.glob("*_0000003.npz"):
            file.write_bytes(file.read_bytes()[:-9])
    again, painter.num_calls = Interrupted(between, 99), 0
    monkeypatch.setattr(NeighbourMotion, "between", again)
    fill_windows(windows, masks, inpainter, stored)
    assert again.num_calls == 7 - num_measured + is_damaged
    assert painter.num_calls == (0 if num_filled else num_paintings)
    assert [path.name for path in stored.path.glob("*.npz")] == ["window_00000.npz"]
    for patch, other in zip(stored.load(0).values(), expected.load(0).values(), strict=True):
        assert (patch.colours == other.colours).all()
        assert (patch.source == other.source).all()
