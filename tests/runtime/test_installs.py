"""Broken installations end in one line that says how to repair them."""

import sys
from types import ModuleType

import pytest

import master_thesis
from master_thesis.cli.main import main
from master_thesis.errors import UserError

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


def test_python_reports_a_broken_opencv_too(monkeypatch):
    def fail(name):
        raise AttributeError("module 'cv2' has no attribute 'INTER_LINEAR'")

    monkeypatch.setattr(master_thesis, "_import", fail)
    with pytest.raises(AttributeError, match="INTER_LINEAR"):  # another fault stays what it is
        master_thesis.__getattr__("inpaint_video")
    monkeypatch.setitem(sys.modules, "cv2", ModuleType("cv2"))
    with pytest.raises(UserError, match="OpenCV is incomplete: reinstall it"):
        master_thesis.__getattr__("inpaint_video")
    with pytest.raises(AttributeError):
        master_thesis.__getattr__("no_name_of_ours")
