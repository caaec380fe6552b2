"""Networks and algorithms agree with the recorded outputs of the reference implementation.

``outputs.npz`` holds the outputs; weights and inputs are derived from their names (``by_name.py``).
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from master_thesis.checkpoints.typed import load_chn, load_cpn, load_dfpn
from master_thesis.inpainting.inpainter import inpaint
from master_thesis.ops.image import fill_holes
from master_thesis.ops.mask import copyable_map
from tests.factories import StillAligner, as_frames
from tests.reference.by_name import box_mask, image

TOLERANCE = 1e-3
"""Relative to the largest value of each entry."""


@pytest.fixture(scope="module")
def recorded():
    with np.load(Path(__file__).with_name("outputs.npz")) as file:
        return dict(file)


@pytest.fixture(scope="module")
def dfpn(reference_checkpoints):
    return load_dfpn(reference_checkpoints["dfpn"])


@pytest.fixture(scope="module")
def chn(reference_checkpoints):
    return load_chn(reference_checkpoints["chn"])


@pytest.fixture(scope="module")
def cpn(reference_checkpoints):
    return load_cpn(reference_checkpoints["cpn"])


def boxes(size, corners, box):
    """Masks ``(1, 1, F, H, W)``: one box per frame."""
    return torch.stack([box_mask(*size, *corner, *box) for corner in corners])[None, None]


def pairs_of(frames, mask, target, refs):
    """The arguments of an aligner; holes are black, as they were when the outputs were recorded."""
    masked = (1 - mask) * frames
    return masked[:, :, target], mask[:, :, target], masked[:, :, refs], mask[:, :, refs]


def assert_recorded(actual, expected):
    assert tuple(actual.shape) == expected.shape
    assert np.abs(actual.numpy() - expected).max() <= TOLERANCE * np.abs(expected).max()


@pytest.fixture(scope="module")
def dfpn_256(dfpn):
    frames = image("dev.dfpn.x", (1, 3, 3, 256, 256))
    mask = boxes((256, 256), [(40 + 30 * i, 90 + 16 * i) for i in range(3)], (70, 60))
    with torch.no_grad():
        return dfpn(*as_frames(*pairs_of(frames, mask, 1, [0, 2])))


@pytest.mark.parametrize(
    ("entry", "field", "step"),
    [
        ("dfpn256_corr", "correlation", np.s_[:, :, ::5, ::5, ::5, ::5]),
        ("dfpn256_f16", "grid_coarse", np.s_[:]),
        ("dfpn256_f64", "grid_middle", np.s_[:, :, ::4, ::4]),
        ("dfpn256_f256", "grid", np.s_[:, :, ::16, ::16]),
    ],
)
def test_dfpn_at_its_working_size(dfpn_256, recorded, entry, field, step):
    assert_recorded(getattr(dfpn_256, field)[step], recorded[entry])


@torch.no_grad()
def test_dfpn_at_another_size(dfpn, recorded):
    frames = image("dev.dfpn.x2", (1, 3, 2, 240, 480))
    mask = boxes((240, 480), [(60 + 30 * i, 160 + 50 * i) for i in range(2)], (90, 70))
    alignment = dfpn.align(*pairs_of(frames, mask, 1, [0]))
    assert_recorded(alignment.grid[:, :, ::16, ::16], recorded["dfpn480_f256"])
    assert_recorded(alignment.aligned[..., ::8, ::8], recorded["dfpn480_xa"])
    assert_recorded(alignment.visible[..., ::8, ::8], recorded["dfpn480_va"])
    assert_recorded(alignment.copyable.sum().view(1), recorded["dfpn480_vm_sum"])


@torch.no_grad()
def test_chn_with_two_references(chn, recorded):
    visible = 1 - boxes((240, 480), [(70, 180)], (100, 110))[:, :, 0]
    visible_refs = 1 - boxes((240, 480), [(60, 200), (100, 20)], (90, 120))
    masked = visible * image("dev.chn.x", (1, 3, 240, 480))
    aligned = visible_refs * image("dev.chn.xr", (1, 3, 2, 240, 480))
    painted = chn(masked, visible, aligned, visible_refs, copyable_map(visible_refs, visible))
    assert_recorded(painted.predicted[..., ::8, ::8], recorded["chn_yhat"])
    assert_recorded(painted.composed[..., ::8, ::8], recorded["chn_ycomp"])


@torch.no_grad()
def test_cpn(cpn, recorded):
    frames = image("dev.cpn.x", (1, 3, 3, 240, 432))
    mask = boxes((240, 432), [(70 + 20 * i, 120 + 30 * i) for i in range(3)], (90, 80))
    alignment = cpn.align(*pairs_of(frames, mask, 1, [0, 2]))
    assert_recorded(alignment.aligned[..., ::8, ::8], recorded["cpn_xa"])
    assert_recorded(alignment.visible[..., ::8, ::8], recorded["cpn_va"])
    assert_recorded(alignment.copyable.sum().view(1), recorded["cpn_vm_sum"])


@pytest.mark.parametrize("algorithm", ["ff", "ip", "cp"])
def test_algorithms(chn, recorded, algorithm):
    frames = image("dev.seq.y", (3, 7, 64, 96))
    mask = boxes((64, 96), [(12 + 3 * i, 8 + 8 * i) for i in range(7)], (30, 32))
    masked = fill_holes(frames[None], mask)[0]
    filled = inpaint(masked, mask[0], StillAligner(), chn, algorithm).frames
    assert_recorded(filled[:, :, ::4, ::4], recorded[f"seq_{algorithm}"])


def test_chn_checkpoint_includes_its_aligner(dfpn, reference_checkpoints):
    included = load_dfpn(reference_checkpoints["chn"]).state_dict()
    assert included.keys() == dfpn.state_dict().keys()
    assert all(torch.equal(tensor, included[name]) for name, tensor in dfpn.state_dict().items())
