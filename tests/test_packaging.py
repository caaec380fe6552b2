"""What a newcomer installs is what the package declares, and it works on its own."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from master_thesis.images.codec import write_png

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_requirements_and_pyproject_ask_for_the_same() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == PROJECT["dependencies"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of the sources, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "master_thesis", folder / "master_thesis", ignore=shutil.ignore_patterns("__pycache__"))
    words = ["pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", "dist", "."]
    subprocess.run([sys.executable, "-m", *words], cwd=folder, check=True)
    return next((folder / "dist").glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_package(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    files = [path for path in (ROOT / "master_thesis").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {str(path.relative_to(ROOT)) for path in files} <= held
    assert not [name for name in held if name.startswith(("tests", "benchmarks", "docs"))]


def test_the_wheel_alone_removes_an_object(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    (tmp_path / "clip").mkdir()
    picture, hole = np.full((32, 48, 3), 90, np.uint8), np.zeros((32, 48), bool)
    picture[::4], hole[8:16, 8:20] = 200, True
    for i in range(2):
        write_png(tmp_path / "clip" / f"{i}.png", picture)
    write_png(tmp_path / "mask.png", hole)
    script = "import sys, master_thesis; from master_thesis.cli.main import command; print(master_thesis.__file__)"
    words = ["remove", "clip", "--mask", "mask.png", "--output", "out.mp4", "--chn_aligner", "opencv"]
    result = subprocess.run(
        [sys.executable, "-c", f"{script}; sys.argv[1:] = {words}; command()"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")}, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0] == str(tmp_path / "installed/master_thesis/__init__.py")
    assert (tmp_path / "out.mp4").stat().st_size > 500
    assert "hallucinated" in result.stderr


def test_the_console_script_is_the_command_of_the_wheel(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "master_thesis = master_thesis.cli.main:command" in archive.read(path).decode()
