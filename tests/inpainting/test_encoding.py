"""What an aligner sees of each frame is kept exactly as long as the frame stays the same, and nothing else changes."""

import pytest
import torch

from master_thesis.inpainting.algorithms import ALGORITHMS, inpaint
from master_thesis.inpainting.step import Canvas, Pair, Stepper
from master_thesis.models.aligner import Aligner, EncodingAligner, FrozenAligner
from master_thesis.models.chn import CHN
from master_thesis.models.cpn import CPN
from master_thesis.models.dfpn import DFPN
from master_thesis.models.small.aligner import SmallDFPN
from master_thesis.ops.image import normalise
from tests.factories import Copier, StillAligner, make_sequence
from tests.inpainting.test_algorithms import run_plainly
from tests.oracles.networks import PlainDFPN, plain

SIZE = (37, 51)


def make_networks():
    torch.manual_seed(0)
    dfpn = DFPN(size=32, corr_widths=(2, 3), width=4, vgg_width=2).eval().to(memory_format=torch.channels_last)
    return dfpn, CHN(width=4, growth=2, num_blocks=1).eval().to(memory_format=torch.channels_last)


def make_small():
    torch.manual_seed(0)
    small = SmallDFPN(size=(64, 96), width=8, detail=4, hidden=8, num_iterations=1).eval()
    torch.nn.init.constant_(small.fine.trust.bias, 4)  # random weights would trust nothing, and copy nothing
    return small


class TrustingCopier(Copier):
    def __call__(self, *shown, confidence):
        return super().__call__(*shown)


class CountingEncoder(StillAligner):
    """Encodes a frame as its own sum, and checks that codes and frames belong together."""

    def __init__(self):
        self.encoded = []

    def encode(self, x, m):
        self.encoded.append(len(x))
        return torch.stack((x.sum(dim=(1, 2, 3)), m.sum(dim=(1, 2, 3))), dim=1)

    def align_encoded(self, x_target, m_target, x_refs, m_refs, code_target, code_refs):
        torch.testing.assert_close(code_target[:, 0], x_target.sum(dim=(1, 2, 3)))
        torch.testing.assert_close(code_target[:, 1], m_target.sum(dim=(1, 2, 3)))
        torch.testing.assert_close(code_refs[:, 0, 0], x_refs.sum(dim=(1, 2, 3, 4)))
        torch.testing.assert_close(code_refs[:, 0, 1], m_refs.sum(dim=(1, 2, 3, 4)))
        return self.align(x_target, m_target, x_refs, m_refs)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_codes_always_are_those_of_the_frames_as_they_stand(algorithm):
    x, m = make_sequence(6, *SIZE, whole={3})
    encoder = CountingEncoder()
    actual = inpaint(x, m, encoder, Copier(), algorithm)
    assert sum(encoder.encoded) > 6
    assert torch.equal(actual.frames, inpaint(x, m, StillAligner(), Copier(), algorithm).frames)


def never(left_percent, pair):
    return False


def test_a_frame_is_encoded_again_only_after_it_changed():
    x, m = make_sequence(3, *SIZE, whole={1}, hidden={2})
    canvas, encoder = Canvas.of(x, m), CountingEncoder()
    stepper = Stepper(encoder, Copier(), 8)
    stepper.fill(canvas, [Pair(0, 2)], canvas, never)  # shows nothing: nothing changes
    assert sum(encoder.encoded) == 2
    stepper.fill(canvas, [Pair(0, 1)], canvas, never)
    assert sum(encoder.encoded) == 3, "frames 0 and 2 are known"
    stepper.fill(canvas, [Pair(2, 1), Pair(0, 1)], canvas, never)
    assert sum(encoder.encoded) == 4, "frame 0 had changed"


def test_a_code_does_not_keep_the_codes_of_other_frames_alive():
    x, m = make_sequence(3, *SIZE)
    canvas = Canvas.of(x, m)
    canvas.encoded([0, 1, 2], CountingEncoder())
    assert canvas.codes[1].untyped_storage().nbytes() == 2 * 4


@torch.no_grad()
@pytest.mark.parametrize(
    "make", [lambda: make_networks()[0], CPN, make_small, lambda: FrozenAligner(make_networks()[0])]
)
def test_aligning_what_is_encoded_is_aligning(make):
    torch.manual_seed(0)
    aligner = make()
    assert isinstance(aligner, EncodingAligner)
    x, m = make_sequence(3, *SIZE)
    target, mask, refs, masks = x[None, :, 0], m[None, :, 0], x[None, :, 1:], m[None, :, 1:]
    codes = aligner.encode(x.transpose(0, 1), m.transpose(0, 1))
    encoded = aligner.align_encoded(target, mask, refs, masks, codes[:1], codes[None, 1:])
    torch.testing.assert_close(encoded.aligned, aligner.align(target, mask, refs, masks).aligned, atol=1e-4, rtol=0)


@torch.no_grad()
def test_the_small_aligner_keeps_the_features_of_its_encoder_as_they_are():
    small = make_small()
    x, m = torch.rand(2, 3, 64, 96), torch.zeros(2, 1, 64, 96)
    features = small.encoder(torch.cat((normalise(x.unsqueeze(2))[:, :, 0], m), dim=1))
    for actual, expected in zip(small._unfold(small.encode(x, m)), features, strict=True):
        assert actual.shape == expected.shape
        torch.testing.assert_close(actual, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_sequence_is_the_same_though_the_small_aligner_encodes_frames_once(algorithm):
    small, frames_encoded = make_small(), []
    small.encoder.register_forward_hook(lambda module, inputs, output: frames_encoded.append(len(inputs[0])))

    class Forgetful:
        def align(self, x_target, m_target, x_refs, m_refs):
            codes = small.encode(x_target, m_target), small.encode(x_refs[:, :, 0], m_refs[:, :, 0]).unsqueeze(1)
            return small.align_encoded(x_target, m_target, x_refs, m_refs, *codes)

    x, m = make_sequence(5, *SIZE, hidden={1}, whole={4})
    expected = inpaint(x, m, Forgetful(), TrustingCopier(), algorithm, sweeps=3, pair_batch=1).frames
    without = sum(frames_encoded)
    frames_encoded.clear()
    actual = inpaint(x, m, small, TrustingCopier(), algorithm, sweeps=3, pair_batch=1).frames
    assert torch.equal(actual, expected)
    assert sum(frames_encoded) < without


@torch.no_grad()
def test_freezing_an_aligner_without_codes_gives_empty_ones():
    class Still(torch.nn.Module):
        align = StillAligner().align

    frozen = FrozenAligner(Still())
    assert isinstance(frozen, Aligner)
    x, m = make_sequence(2, *SIZE)
    assert frozen.encode(x.transpose(0, 1), m.transpose(0, 1)).shape == (2, 0)
    assert inpaint(x, m, frozen, Copier(), "ff").frames.isfinite().all()


@torch.no_grad()
def test_dfpn_equals_the_plain_one():
    dfpn, _ = make_networks()
    x, m = make_sequence(4, *SIZE)
    batch = x[None, :, 0], m[None, :, 0], x[None, :, 1:], m[None, :, 1:]
    expected = PlainDFPN(plain(dfpn)).align(*batch)
    actual = dfpn.align(*batch)
    torch.testing.assert_close(actual.grid, expected.grid, atol=1e-5, rtol=0)
    torch.testing.assert_close(actual.aligned, expected.aligned, atol=1e-4, rtol=0)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
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
