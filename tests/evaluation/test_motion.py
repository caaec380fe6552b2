import numpy as np
import pytest
import torch
from torchvision.models.optical_flow import raft_large, raft_small

from master_thesis.errors import UserError
from master_thesis.evaluation.motion import Motion, background_motion, dis_flow, estimate_motion, make_flow
from master_thesis.metrics import warping_error
from tests.evaluation.conftest import PAN_PX, SIZE, pan


def shift(x, y=0.0):
    return np.tile(np.array([x, y], np.float32), (*SIZE, 1))


def test_dis_flow_finds_a_pan(task):
    flow = dis_flow(task.frames[0], task.frames[1])
    assert np.median(flow[..., 0]) == pytest.approx(-PAN_PX, abs=0.1)
    assert np.median(flow[..., 1]) == pytest.approx(0, abs=0.1)


def test_true_frames_hardly_flicker_along_their_motion(task):
    motion = estimate_motion(task.frames, dis_flow)
    assert motion.visible.shape == (3, *SIZE)
    along = np.nanmean(warping_error(task.frames, motion.flows, motion.visible))
    across = np.nanmean(warping_error(task.frames, [shift(0)] * 3, motion.visible))
    assert along < across / 10


def test_pixels_without_a_consistent_flow_inside_the_frame_are_not_visible():
    frames = pan(0, 2)
    flows = {True: shift(-PAN_PX), False: shift(PAN_PX)}
    motion = estimate_motion(frames, lambda first, second: flows[first is frames[0] or (first == frames[0]).all()])
    assert not motion.visible[0, :, :PAN_PX].any(), "they left the frame"
    assert motion.visible[0, :, PAN_PX:].all()
    lost = estimate_motion(frames, lambda first, second: shift(-PAN_PX))
    assert not lost.visible[0, :, 2 * PAN_PX :].any(), "forward and backward flow do not cancel"


def test_a_pixel_that_half_leaves_the_frame_is_not_visible():
    slow = {True: shift(-0.5), False: shift(0.5)}
    first, second = pan(0, 2)
    motion = estimate_motion(np.stack((first, second)), lambda a, b: slow[bool((a == first).all())])
    assert not motion.visible[0, :, 0].any()
    assert motion.visible[0, :, 1:].all()


def test_the_background_moves_like_the_surroundings_of_the_object():
    flow = shift(2.0, 1.0)
    mask = np.zeros((2, *SIZE), bool)
    mask[:, 20:50, 30:60] = True
    flow[mask[0]] = (-30, 9)
    motion = Motion([flow], ~mask[:1])
    background = background_motion(motion, mask)
    assert np.abs(background.flows[0] - (2, 1)).max() < 0.05
    assert background.visible[0][mask[0]].all()
    assert (motion.flows[0][mask[0]] == (-30, 9)).all(), "the input should not change"


@pytest.mark.parametrize(("name", "build"), [("raft", "raft_small"), ("raft-large", "raft_large")])
def test_raft_is_refused_without_its_weights(tmp_path, monkeypatch, name, build):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(UserError) as error:
        make_flow(name)
    assert f"--evaluation_flow {name} needs its weights in {tmp_path}" in str(error.value)
    assert "use --evaluation_flow dis, or download them with `python -c" in str(error.value)
    assert f"optical_flow import {build}; {build}(" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "file", "network"),
    [
        ("raft", "raft_small_C_T_V2-01064c6d.pth", raft_small),
        ("raft-large", "raft_large_C_T_V2-1bb1363a.pth", raft_large),
    ],
)
def test_raft_takes_frames_of_any_size(tmp_path, monkeypatch, name, file, network):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    torch.save(network().state_dict(), tmp_path / "checkpoints" / file)
    flow = make_flow(name)(*pan(0, 2))
    assert flow.shape == (*SIZE, 2)
    assert np.isfinite(flow).all()
