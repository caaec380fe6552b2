import cv2
import numpy as np
import pytest
import torch

from master_thesis.data.dataset import RandomClips
from master_thesis.data.items import Item, collate
from master_thesis.data.sequences import SequenceSet
from master_thesis.errors import UserError
from master_thesis.images.codec import read_frame, write_png
from master_thesis.ops import grid
from master_thesis.ops.affine import affine_grid
from master_thesis.ops.image import resize, to_float


@pytest.fixture
def smooth_world(tmp_path):
    """One smooth photograph and one mask sequence, wider than high and not as high as twice the training size."""
    y, x = np.mgrid[:300, :420] / np.array([300, 420]).reshape(2, 1, 1)
    waves = np.stack((np.sin(3 * x + y), np.cos(2 * y - x), np.sin(2 * x - 3 * y)), axis=-1)
    for folder in ("frames/photo", "masks/shape"):
        (tmp_path / folder).mkdir(parents=True)
    write_png(tmp_path / "frames/photo/0.png", np.round(127 + 120 * waves).astype(np.uint8))
    mask = np.zeros((60, 90), bool)
    mask[20:40, 30:60] = True
    write_png(tmp_path / "masks/shape/0.png", mask)
    return SequenceSet(tmp_path / "frames", ("photo",)), SequenceSet(tmp_path / "masks", ("shape",))


def random_clips(config, sets, seed=0, is_simulating=True):
    return RandomClips(config, *sets, num_clips=8, seed=seed, is_simulating=is_simulating)


@pytest.mark.parametrize("view", [{}, {"image_resize": False}, {"zoom": (0.7, 0.9), "mirror": 0.5}])
@pytest.mark.parametrize("frames_n", [2, 3, 5, 7])
def test_warping_the_references_by_the_true_movement_gives_the_target(data_config, smooth_world, frames_n, view):
    config = data_config(train_size=(256, 256), frames_n=frames_n, p_simulator_bgs=1.0, **view)
    clips = random_clips(config, smooth_world)
    clip = collate([clips[i] for i in range(6)]).clip
    assert clip.is_simulated.all()
    # Pixels differ by rounding and by interpolation between samples 1 / n apart, whose error is at most an eighth of
    # the largest second derivative times 1 / n ** 2. That is 11 over the photograph (0.47 * 13 per axis, two axes),
    # enlarged by at most 1.1 ** 3 when the movement of up to three steps shrinks the scene.
    for n, tolerance in ((16, 0.03), (64, 0.012), (256, 0.012)):
        frames = resize(to_float(clip.frames), n, n)
        target = frames[:, :, [clip.target_index]]
        sampling = affine_grid(clip.movement[:, clip.ref_indices], n, n)
        warped = grid.warp(frames[:, :, clip.ref_indices], sampling)
        # Near its border a reference is mirrored, so it does not show the scene.
        is_compared = grid.inside(sampling)
        is_compared[..., :2, :] = is_compared[..., -2:, :] = is_compared[..., :2] = is_compared[..., -2:] = False
        assert is_compared.float().mean() > 0.2
        error = (warped - target).abs().where(is_compared, torch.zeros(()))
        assert error.max() < tolerance, n
        unmoved = (frames[:, :, clip.ref_indices] - target).abs().where(is_compared, torch.zeros(()))
        assert unmoved.max() > 5 * tolerance, n


def test_mirrored_clips_are_the_others_mirrored(data_config, smooth_world):
    sets = [random_clips(data_config(mirror=p), smooth_world, is_simulating=False) for p in (0.0, 1.0)]
    for i in range(3):
        plain, mirrored = (clips[i].clip for clips in sets)
        difference = (plain.frames.int() - mirrored.frames.flip(-1).int()).abs()
        assert difference.max() <= 2, "up to the rounding of another sampling"
        assert torch.equal(plain.mask, mirrored.mask.flip(-1))


def test_reversed_clips_are_the_others_backwards(tmp_path, data_config):
    (tmp_path / "frames/walk").mkdir(parents=True)
    for number in range(9):
        write_png(tmp_path / f"frames/walk/{number}.png", np.full((64, 64, 3), 20 * number, np.uint8))
    (tmp_path / "masks/shape").mkdir(parents=True)
    write_png(tmp_path / "masks/shape/0.png", np.eye(64, dtype=bool))
    sets = SequenceSet(tmp_path / "frames", ("walk",)), SequenceSet(tmp_path / "masks", ("shape",))
    shared = {"train_size": (64, 64), "frames_n": 3, "frames_spacing": 2, "frames_randomize": True}
    both = [random_clips(data_config(reverse=p, **shared), sets, is_simulating=False) for p in (0.0, 1.0)]
    for i in range(8):
        plain, backwards = (clips[i].clip.frames[0, 0, :, 0, 0].tolist() for clips in both)
        assert plain[0] < plain[2], "references are in order of time"
        assert backwards == plain[::-1]
    half = random_clips(data_config(reverse=0.5, **shared), sets, is_simulating=False)
    ways = {half[i].clip.frames[0, 0, 0, 0, 0] < half[i].clip.frames[0, 0, 2, 0, 0] for i in range(8)}
    assert len({bool(way) for way in ways}) == 2


def test_zoomed_clips_show_parts_with_the_proportions_of_the_frame(data_config, smooth_world):
    config = data_config(train_size=(64, 64), zoom=(0.5, 0.5), bgs_movement_params=(0.0, 0.0, 0.0))
    clip = random_clips(config, smooth_world, is_simulating=False)[0].clip
    whole = read_frame(smooth_world[0].files("photo")[0]).astype(np.float32)
    shown = clip.frames[0, :, 0].permute(1, 2, 0).numpy().astype(np.float32)
    reduced = cv2.resize(whole, (180, 128), interpolation=cv2.INTER_AREA)  # half the frame is 64 px high
    found = cv2.matchTemplate(reduced, shown, cv2.TM_SQDIFF).min() / shown.size
    assert found < 2**2, "the part should be found in the frame at the scale of both axes"


@pytest.mark.parametrize("n", [16, 64, 256])
def test_a_still_camera_gives_the_exact_identity(data_config, smooth_world, n):
    config = data_config(frames_n=5, p_simulator_bgs=1.0, bgs_movement_params=(0.0, 0.0, 0.0))
    clip = random_clips(config, smooth_world)[0].clip
    assert torch.equal(clip.movement, torch.eye(3).expand(1, 5, 3, 3))
    assert (clip.frames == clip.frames[:, :, :1]).all()
    assert torch.equal(affine_grid(clip.movement, n, n)[0, 0], grid.identity_grid(n, n))


def test_simulation_does_not_move_the_target(data_config, smooth_world):
    moved = random_clips(data_config(frames_n=3, p_simulator_bgs=1.0), smooth_world)[0].clip
    plain = random_clips(data_config(frames_n=3, p_simulator_bgs=0.0), smooth_world)[0].clip
    assert (moved.frames[:, :, 1].int() - plain.frames[:, :, 1].int()).abs().max() <= 1
    assert not (moved.frames[:, :, 0] == moved.frames[:, :, 1]).all()


def test_movement_is_measured_in_a_frame_of_twice_the_training_height(data_config, smooth_world):
    config = data_config(train_size=(256, 256), p_simulator_bgs=1.0, bgs_movement_params=(50.0, 0.0, 0.0))
    shift = random_clips(config, smooth_world)[0].clip.movement[0, 0, :2, 2].numpy()
    shift_px = shift * (420 * 512 / 300, 512)  # the photograph, 300 x 420, enlarged to 512 rows
    assert np.abs(shift_px - shift_px.round()).max() < 2e-3
    assert np.abs(shift_px).max() > 1


def test_seed_epoch_and_number_determine_a_clip(data_config, sample_sets):
    config = data_config(frames_n=3)
    clips, again, other = (random_clips(config, sample_sets, seed) for seed in (1, 1, 2))
    first = [clips[i].clip for i in range(16)]  # two epochs
    for i in reversed(range(16)):
        assert torch.equal(first[i].frames, again[i].clip.frames)
        assert torch.equal(first[i].mask, again[i].clip.mask)
    fingerprints = {clip.frames.numpy().tobytes() for clip in first}
    assert len(fingerprints) == 16
    assert not fingerprints & {other[i].clip.frames.numpy().tobytes() for i in range(16)}


@pytest.fixture
def sample_sets(sample_tree):
    from master_thesis.data.sequences import find_backgrounds, find_masks

    return find_backgrounds(str(sample_tree), "train"), find_masks(str(sample_tree))


@pytest.mark.parametrize("image_resize", [True, False])
@pytest.mark.parametrize("p", [0.0, 1.0])
@pytest.mark.parametrize("train_size", [(32, 48), (100, 90)])
def test_clips_have_the_right_types_and_sizes(data_config, sample_sets, image_resize, p, train_size):
    options = {"frames_n": 5, "p_simulator_bgs": p, "p_simulator_masks": p, "image_resize": image_resize}
    batch = collate([random_clips(data_config(train_size=train_size, **options), sample_sets)[i] for i in range(3)])
    clip = batch.clip
    assert clip.frames.shape == (3, 3, 5, *train_size)
    assert clip.frames.dtype == torch.uint8
    assert clip.mask.shape == (3, 1, 5, *train_size)
    assert clip.mask.dtype == torch.bool
    assert clip.movement.shape == (3, 5, 3, 3)
    assert clip.is_simulated.tolist() == [bool(p)] * 3
    assert len(clip.names) == 3
    assert not batch.unreadable
    if image_resize:
        assert clip.mask.any()


def test_validation_never_simulates(data_config, sample_sets):
    clips = random_clips(data_config(p_simulator_bgs=1.0, p_simulator_masks=1.0), sample_sets, is_simulating=False)
    assert not any(clips[i].clip.is_simulated.any() for i in range(8))


def test_masks_are_widened(data_config, smooth_world):
    areas = []
    for iterations in (0, 4):
        clip = random_clips(data_config(dilatation_iterations=iterations), smooth_world)[0].clip
        areas.append(clip.mask[0, 0, 0].sum(dim=-1).max().item())
    assert areas[1] == areas[0] + 8


def test_a_sequence_shorter_than_a_clip_repeats_frames(data_config, smooth_world):
    clip = random_clips(data_config(frames_n=7, p_simulator_bgs=0.0), smooth_world)[0].clip
    assert (clip.frames == clip.frames[:, :, :1]).all()


def test_bad_frames_are_replaced_and_reported(data_config, smooth_world):
    frames, masks = smooth_world
    (frames.root / "bad").mkdir()
    (frames.root / "bad" / "0.jpg").write_bytes(b"")
    both = SequenceSet(frames.root, ("photo", "bad", "vanished"))
    items = [random_clips(data_config(), (both, masks))[i] for i in range(8)]
    assert {item.clip.names for item in items} == {("photo",)}
    messages = {message for item in items for message in item.unreadable}
    assert messages == {f"{frames.root}/bad/0.jpg is empty", f"{frames.root}/vanished no longer holds any images"}
    assert sum(item.num_drawn for item in items) == 16 + sum(len(item.unreadable) for item in items)
    assert [item.unreadable for item in items] == [
        random_clips(data_config(), (both, masks))[i].unreadable for i in range(8)
    ]


def test_bad_frames_alone_give_no_clip(data_config, smooth_world):
    frames, masks = smooth_world
    (frames.root / "photo" / "0.png").write_bytes(b"")
    item = random_clips(data_config(), (frames, masks))[0]
    assert item.clip is None
    assert collate([item, item]) == Item(None, 2 * item.num_drawn, 2 * item.unreadable)


def test_complete_sequences_are_not_for_training(data_config, smooth_world):
    with pytest.raises(UserError, match="--frames_n should be 2 or an odd number for training, got -1"):
        random_clips(data_config(frames_n=-1), smooth_world)
