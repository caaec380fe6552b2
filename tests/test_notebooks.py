"""The notebooks of the documentation run from the first cell to the last, at small sizes."""

import json
import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from master_thesis.evaluation import protocols, scores
from master_thesis.video.outlook import Outlook

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
SMALL = {
    "extending": "HEIGHT, NUM_FRAMES, STEPS = 48, 4, 20",
    "remove": 'OPTIONS = "--overlay --test_size 32 48 --chn_aligner opencv"',
}
"""What the cell tagged ``parameters`` says here."""


@pytest.fixture
def run(sample_tree, tmp_path, monkeypatch):
    """Runs a notebook beside the built-in data, and returns its variables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "data").symlink_to(sample_tree)
    kept = [(table, dict(table)) for table in (scores.MEASURES, scores.UNITS, protocols.METRICS)]
    backend = plt.get_backend()
    plt.switch_backend("Agg")
    yield lambda name: run_cells(json.loads((FOLDER / f"{name}.ipynb").read_text())["cells"], SMALL[name])
    plt.close("all")
    plt.switch_backend(backend)
    for table, content in kept:
        table.clear()
        table.update(content)
    for path in tmp_path.glob("my_*.py"):
        sys.modules.pop(path.stem, None)


def run_cells(cells, parameters):
    variables = {}
    for cell in cells:
        source = "".join(cell["source"])
        first, _, rest = source.partition("\n")
        if cell["cell_type"] != "code" or "%pip" in source:
            continue
        if first.startswith("%%writefile "):
            Path(first.split()[1]).write_text(rest)
        else:
            exec(source, variables)
            if "parameters" in cell["metadata"].get("tags", ()):
                exec(parameters, variables)
    return variables


def test_every_notebook_is_run():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(SMALL)


def test_extending(run, capsys):
    found = run("extending")
    means = {score.method: score.mean("hole_mae") for score in found["scores"] if score.sequence == "walker-crossing"}
    assert set(means) == {"true frames", "telea", "phase + mean colour, ip", "hold last", "small preset, ip"}
    assert "hole_mae (of 255)" in capsys.readouterr().out
    losses = [row["train/total"] for row in found["remember"].rows]
    assert len(losses) == 20
    assert sum(losses[10:]) < sum(losses[:10])
    assert all(row["train/dull"] > 0 for row in found["remember"].rows)


def test_remove(run, tmp_path):
    found = run("remove")
    assert (tmp_path / "walker-removed.mp4").stat().st_size > 1000
    sizes = {name: picture.shape for name, picture in found["shown"].items()}
    assert set(sizes) == {"input", "removed", "origin"}
    assert len(set(sizes.values())) == 1


def test_the_prediction_that_is_shown_is_worded_as_it_is_now():
    shares = ((0.0, 0.0), (5.0, 0.0), (0.0, 5.0), (5.0, 5.0))
    words = [Outlook(hidden, 1.0, 0.0, False, refused_percent=refused).words[0] for hidden, refused in shares]
    cells = json.loads((FOLDER / "remove.ipynb").read_text())["cells"]
    lines = [line for cell in cells for output in cell.get("outputs", []) for line in output.get("text", [])]
    (shown,) = [line.strip() for line in lines if line.startswith("prediction: ")]
    assert re.sub(r"\d+", "5", shown) in words


@pytest.mark.parametrize("name", SMALL)
def test_outputs_are_kept_and_name_no_folder_of_a_machine(name):
    cells = json.loads((FOLDER / f"{name}.ipynb").read_text())["cells"]
    text = json.dumps([cell.get("outputs", []) for cell in cells])
    assert "image/png" in text
    assert not any(folder in text for folder in ("/root/", "/home/", "/tmp/", "site-packages"))
