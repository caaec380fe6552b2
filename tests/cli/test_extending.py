"""The examples of docs/extending.md run as they are printed."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from master_thesis.evaluation import protocols, scores
from tests.commands import run_command
from tests.factories import CHN_SIZES

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

DOCS = (Path(__file__).parents[2] / "docs" / "extending.md").read_text()
FILES = dict(re.findall(r"```python\n# (\w+)\.py\n(.*?)```", DOCS, flags=re.DOTALL))


@pytest.fixture
def example(tmp_path, monkeypatch):
    """Writes the files of the documentation into the current folder, and imports one."""
    for name, code in FILES.items():
        (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module
    for name in FILES:
        sys.modules.pop(name, None)


def test_a_network_of_ones_own_is_used_by_the_commands(example, sample_tree, tmp_path, monkeypatch, capsys):
    own = "--chn_aligner my_method:StandingStill --hallucinator my_method:Grey"
    words = "--algorithms ip --test_size 32 48 --accelerator cpu --enable_progress_bar false"
    result = run_command(f"test chn --data_path {sample_tree} {own} {words}", tmp_path, monkeypatch, capsys)
    assert result.code == 0, result.err
    assert len([name for name in result.written if name.endswith("_ip.mp4")]) == 2


def test_a_method_and_a_metric_are_measured(example, sample_tree, tmp_path, monkeypatch):
    for table in (scores.MEASURES, scores.UNITS, protocols.METRICS):
        for key, value in table.items():
            monkeypatch.setitem(table, key, value)
    try:
        found = example("my_evaluation").main(str(sample_tree), tmp_path / "results")
    finally:
        scores.MEASURES.pop("hole_mae", None)
        scores.UNITS.pop("hole_mae", None)
    means = {score.method: score.mean("hole_mae") for score in found}
    assert means["mean colour"] > means["telea"] > 0
    assert "hole_mae (of 255)" not in (tmp_path / "results/evaluation.csv").read_text()
    assert "hole_mae" in (tmp_path / "results/evaluation.csv").read_text()


def test_a_data_set_a_loss_and_a_callback_train(example, tmp_path):
    aligner = example("my_method").StandingStill()
    losses = example("my_training").main(aligner, CHN_SIZES, tmp_path)
    assert len(losses) == 4
    assert losses[-1] < losses[0] * 1.1


def test_every_example_is_run():
    assert set(FILES) == {"my_method", "my_evaluation", "my_training"}
