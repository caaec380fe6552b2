"""Broken installations end in one line that says how to repair them."""

import sys
from types import ModuleType

import pytest

from master_thesis.cli.main import main

COMMAND = ["remove", "a.mp4", "--mask", "b.png"]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (ModuleType("cv2"), "error: OpenCV is incomplete: reinstall it: pip uninstall -y opencv-python"),
        (
            None,
            "error: OpenCV cannot be loaded (import of cv2 halted; None in sys.modules): reinstall it: pip uninstall",
        ),
    ],
    ids=["an empty shell", "not there"],
)
def test_a_broken_opencv(module, message, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cv2", module)
    assert main(COMMAND) == 2
    assert message in capsys.readouterr().err
