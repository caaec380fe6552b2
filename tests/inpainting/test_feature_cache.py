"""Encoded frames are kept exactly as long as the frames stay the same, and nothing else changes."""

import pytest
import torch

from master_thesis.configs.inpainting import THESIS_ALGORITHMS, InpaintOptions
from master_thesis.inpainting.canvas import Canvas
from master_thesis.inpainting.feature_cache import FeatureCache
from master_thesis.inpainting.inpainter import inpaint
from master_thesis.inpainting.step import FillStep, Pair
from master_thesis.models.aligner import Aligner, Encoded, FrozenAligner, PairAligner
from master_thesis.models.cpn import CPN
from master_thesis.models.hallucinator import as_hallucinator
from master_thesis.ops.image import normalise
from master_thesis.records import MaskedFrames
from tests.factories import (
    Copier,
    StillAligner,
    as_frames,
    make_pair,
    make_sequence,
    tiny_chn,
    tiny_dfpn,
    tiny_small_dfpn,
)
from tests.oracles.algorithms import run_plainly
from tests.oracles.networks import PlainDFPN, plain

SIZE = (37, 51)


def make_networks():
    return [network.to(memory_format=torch.channels_last) for network in (tiny_dfpn(), tiny_chn())]


def make_small():
    small = tiny_small_dfpn(size=(64, 96), num_iterations=1)
    torch.nn.init.constant_(small.fine.trust.bias, 4)  # random weights would trust nothing, and copy nothing
    return small


class TrustingCopier(Copier):
    def __call__(self, *shown, confidence):
        return super().__call__(*shown)


class CountingEncoder(Aligner):
    """Encodes a frame as its own sum, and checks that codes and frames belong together."""

    def __init__(self):
        self.encoded = []

    def encode(self, frames):
        self.encoded.append(len(frames))
        return Encoded(frames, (self.sums(frames),))

    def align_encoded(self, target, refs):
        for side in (target, refs):
            torch.testing.assert_close(side.codes[0], self.sums(side.frames))
        return PairAligner(StillAligner()).align_encoded(target, refs)

    @staticmethod
    def sums(frames):
        return torch.stack([plane.sum(dim=(1, 2, 3)) for plane in (frames.colours, frames.visible)], dim=1)


@pytest.mark.parametrize("algorithm", THESIS_ALGORITHMS)
def test_codes_always_are_those_of_the_current_frames(algorithm):
    x, m = make_sequence(6, *SIZE, known={3})
    encoder = CountingEncoder()
    actual = inpaint(x, m, encoder, Copier(), algorithm)
    assert sum(encoder.encoded) > 6
    assert torch.equal(actual.frames, inpaint(x, m, StillAligner(), Copier(), algorithm).frames)


def test_a_frame_is_encoded_again_only_after_it_changed():
    x, m = make_sequence(3, *SIZE, known={1}, hidden={2})
    canvas, encoder = Canvas.of(x, m), CountingEncoder()
    step = FillStep(encoder, as_hallucinator(Copier()), canvas, canvas, InpaintOptions(pair_batch=8))
    num_encoded = []
    for pairs in ([Pair(0, 2)], [Pair(0, 1)], [Pair(2, 1), Pair(0, 1)]):
        for copies in step.align(pairs):
            step.paint(copies, [False] * len(pairs))
        num_encoded.append(sum(encoder.encoded))
    # Frame 2 shows nothing, so nothing changes; then frame 1 is new; then frame 0 has changed.
    assert num_encoded == [2, 3, 4]


def test_a_code_does_not_keep_the_codes_of_other_frames_alive():
    cache = FeatureCache(CountingEncoder(), Canvas.of(*make_sequence(3, *SIZE)))
    cache.encoded([0, 1, 2])
    assert cache._codes[1][0].untyped_storage().nbytes() == 2 * 4


@torch.no_grad()
@pytest.mark.parametrize(
    "make", [lambda: make_networks()[0], CPN, make_small, lambda: FrozenAligner(make_networks()[0])]
)
def test_aligning_encoded_frames_equals_aligning(make):
    torch.manual_seed(0)
    aligner = make()
    assert isinstance(aligner, Aligner)
    x, m = make_sequence(3, *SIZE)
    target, mask, refs, masks = x[None, :, 0], m[None, :, 0], x[None, :, 1:], m[None, :, 1:]
    codes = aligner.encode(MaskedFrames(x.transpose(0, 1), 1 - m.transpose(0, 1)))
    encoded = aligner.align_encoded(codes.rows([0]), codes.rows([1, 2]))
    torch.testing.assert_close(encoded.aligned, aligner.align(target, mask, refs, masks).aligned, atol=1e-4, rtol=0)


@torch.no_grad()
def test_the_small_aligner_keeps_the_features_of_its_encoder_as_they_are():
    small = make_small()
    x, visible = torch.rand(2, 3, 64, 96), torch.ones(2, 1, 64, 96)
    features = small.encoder(torch.cat((normalise(x), 1 - visible), dim=1))
    for actual, expected in zip(small.encode(MaskedFrames(x, visible)).codes, features, strict=False):
        assert torch.equal(actual, expected)


@pytest.mark.parametrize("algorithm", THESIS_ALGORITHMS)
def test_a_sequence_is_the_same_though_the_small_aligner_encodes_frames_once(algorithm):
    small, frames_encoded = make_small(), []
    small.encoder.register_forward_hook(lambda module, inputs, output: frames_encoded.append(len(inputs[0])))

    class Forgetful:
        def align(self, x_target, m_target, x_refs, m_refs):
            target, refs = as_frames(x_target, m_target, x_refs, m_refs)
            return small.align_encoded(small.encode(target), small.encode(refs.folded()))

    x, m = make_sequence(5, *SIZE, hidden={1}, known={4})
    expected = inpaint(x, m, Forgetful(), TrustingCopier(), algorithm, sweeps=3, pair_batch=1).frames
    without = sum(frames_encoded)
    frames_encoded.clear()
    actual = inpaint(x, m, small, TrustingCopier(), algorithm, sweeps=3, pair_batch=1).frames
    assert torch.equal(actual, expected)
    assert sum(frames_encoded) < without


@torch.no_grad()
def test_an_aligner_without_codes_can_be_frozen():
    frozen = FrozenAligner(StillAligner())
    assert isinstance(frozen, Aligner)
    x, m = make_sequence(2, *SIZE)
    assert frozen.encode(MaskedFrames(x.transpose(0, 1), 1 - m.transpose(0, 1))).codes == ()
    assert inpaint(x, m, frozen, Copier(), "ff").frames.isfinite().all()


@torch.no_grad()
def test_dfpn_equals_the_plain_one():
    dfpn, _ = make_networks()
    batch = make_pair(1, 3, *SIZE)
    expected = PlainDFPN(plain(dfpn)).align(*batch)
    actual = dfpn.align(*batch)
    torch.testing.assert_close(actual.grid, expected.grid, atol=1e-5, rtol=0)
    torch.testing.assert_close(actual.aligned, expected.aligned, atol=1e-4, rtol=0)


@pytest.mark.parametrize("algorithm", THESIS_ALGORITHMS)
def test_the_fast_path_equals_the_plain_one(algorithm):
    """float32 within 1e-4; bfloat16 at least 45 dB of the plain float32 path."""
    dfpn, chn = make_networks()
    x, m = make_sequence(5, *SIZE)
    with torch.no_grad():
        expected = run_plainly(algorithm, x, m, PlainDFPN(plain(dfpn)), plain(chn), sweeps=4)
    fast = inpaint(x, m, dfpn, chn, algorithm, sweeps=4).frames
    torch.testing.assert_close(fast, expected, atol=1e-4, rtol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        coarse = inpaint(x, m, dfpn, chn, algorithm, sweeps=4).frames
    assert not torch.equal(coarse, fast)
    assert -10 * (coarse - expected).square().mean().log10() >= 45
