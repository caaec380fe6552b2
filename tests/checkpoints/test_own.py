import sys

import pytest
import torch

from master_thesis.checkpoints.own import load_own_aligner, load_own_hallucinator
from master_thesis.cli.parsing import parse_command
from master_thesis.errors import UserError
from tests.commands import run_command
from tests.factories import Copier, StillAligner

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

OWN = """
import torch
from master_thesis.models.aligner import Aligner, Encoded, alignment_from_grid
from master_thesis.models.hallucinator import Hallucinator
from master_thesis.ops.grid import identity_grid
from master_thesis.records import Hallucination


class MyAligner(Aligner):
    def encode(self, frames):
        return Encoded(frames)

    def align_encoded(self, target, refs):
        clips = refs.frames.unfolded(len(target))
        b, _, f, h, w = clips.colours.shape
        grid = identity_grid(h, w).to(clips.colours).expand(b, f, h, w, 2)
        return alignment_from_grid(grid, target.frames.visible, clips)


class Grey(Hallucinator):
    def hallucinate(self, target, alignment):
        known = target.visible.unsqueeze(2)
        grey = torch.full_like(alignment.aligned, 0.5)
        return Hallucination(grey, known * target.colours.unsqueeze(2) + (1 - known) * grey)
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of the user's own in the current folder."""
    (tmp_path / "my_method.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "my_method"
    sys.modules.pop("my_method", None)


def test_an_aligner_and_a_hallucinator_of_ones_own_are_measured_by_the_command(
    own, sample_tree, tmp_path, monkeypatch, capsys
):
    words = "--masks still --protocols hole --baselines telea --max_frames 2 --test_size 32 48 --algorithms ip"
    options = f"evaluate --data_path {sample_tree} {words} --accelerator cpu --sequences walker-crossing"
    options += f" --chn_aligner {own}:MyAligner --hallucinator {own}:Grey"
    result = run_command(options, tmp_path, monkeypatch, capsys)
    assert result.code == 0, result.err
    assert "Grey+MyAligner ip" in result.out


def test_weights_of_ones_own_class_are_loaded(tmp_path):
    torch.save({"weight": torch.full((2, 2), 3.0), "bias": torch.zeros(2)}, tmp_path / "a.pth")
    linear = load_own_hallucinator("tests.checkpoints.test_own:TwoByTwo", str(tmp_path / "a.pth"))
    assert (linear.weight == 3).all()
    assert not linear.weight.requires_grad
    with pytest.raises(UserError, match=r"a\.pth should hold the weights of torch\.nn:Identity: Error"):
        load_own_hallucinator("torch.nn:Identity", str(tmp_path / "a.pth"))


class TwoByTwo(torch.nn.Linear):
    def __init__(self):
        super().__init__(2, 2)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no_such_module:A", "--chn_aligner no_such_module:A should be PACKAGE.MODULE:CLASS, but cannot be imported: "),
        ("tests.factories:Nobody", "tests.factories:Nobody should be .* has no attribute 'Nobody'"),
        ("torch.nn:Identity", "--chn_aligner torch.nn:Identity should have a method align"),
    ],
)
def test_a_class_that_is_no_aligner_is_refused(path, message):
    with pytest.raises(UserError, match=message):
        load_own_aligner(path, None)


def test_anything_with_the_published_call_will_do():
    assert isinstance(load_own_aligner("tests.factories:StillAligner", None), StillAligner)
    assert isinstance(load_own_hallucinator("tests.factories:Copier", None), Copier)


@pytest.mark.parametrize("value", ["a.b", "a:", "a:b.c", "1a:b"])
def test_a_name_of_another_form_is_refused(value):
    with pytest.raises(UserError, match=r"--hallucinator should be PACKAGE\.MODULE:CLASS, got "):
        parse_command(["evaluate", "--hallucinator", value])
    with pytest.raises(UserError, match="--chn_aligner: invalid choice"):
        parse_command(["evaluate", "--chn_aligner", value])
