import csv
import json

import numpy as np
import pytest

from master_thesis.evaluation.scores import Score
from master_thesis.evaluation.tables import format_table, versions, write_csv, write_json


@pytest.fixture
def scores():
    return [
        Score("hole", "still", "a", "cat", 2, {"hole_psnr": np.array([10.0, 20.0]), "hole_warp": np.array([1.0])}),
        Score("hole", "still", "b", "cat", 2, {"hole_psnr": np.array([12.0, np.nan]), "hole_warp": np.array([3.0])}),
        Score("hole", "still", "a", "dog", 1, {"hole_psnr": np.array([30.0]), "hole_warp": np.array([np.nan])}),
        Score("hole", "own", "a", "cat", 2, {"hole_warp": np.array([5.0])}),
    ]


def test_the_table_lists_each_sequence_then_the_mean(scores):
    blocks = [block.splitlines() for block in format_table(scores).split("\n\n")]
    assert [line.split() for line in blocks[0]] == [
        ["protocol", "hole,", "masks", "still"],
        ["sequence", "method", "hole_psnr", "(dB)", "hole_warp", "(1e-3)"],
        ["cat", "a", "15.00", "1.000"],
        ["cat", "b", "12.00", "3.000"],
        ["dog", "a", "30.00", "-"],
        ["mean", "a", "20.00", "1.000"],
        ["mean", "b", "12.00", "3.000"],
    ]
    assert len({len(line) for line in blocks[0][1:]}) == 1, "the columns should be aligned"
    assert blocks[1][0] == "protocol hole, masks own"


def test_json_holds_what_reproduces_the_figures(scores, tmp_path):
    write_json(tmp_path / "e.json", scores, {"seed": 3, "command": "python -m master_thesis --evaluate"})
    document = json.loads((tmp_path / "e.json").read_text())
    assert document["seed"] == 3
    assert document["versions"] == versions()
    assert {"protocol": "hole", "masks": "still", "method": "a", "sequence": "mean", "num_frames": 3,
            "hole_psnr": 20.0, "hole_warp": 1.0} in document["results"]  # fmt: skip
    assert document["results"][1]["hole_warp"] is None, "a figure that was not measured should be null, not NaN"


def test_csv_holds_the_same_rows(scores, tmp_path):
    write_csv(tmp_path / "e.csv", scores, {"seed": 3})
    with (tmp_path / "e.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["hole_psnr"] == "15.0"
    assert rows[0]["seed"] == "3"
    assert "cv2=" in rows[0]["versions"]
    assert [row["sequence"] for row in rows] == ["cat", "dog", "mean", "cat", "mean", "cat", "mean"]
