"""Idle threads sleep in every way to start the command, unless the user says otherwise."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from master_thesis.cli.main import command
from master_thesis.runtime.threads import wait_passively


def test_torch_is_loaded_with_passive_threads(tmp_path: Path) -> None:
    """OpenMP itself says how it was configured when torch loaded it; 0 stands for no spinning."""
    variables = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    words = [sys.executable, "-m", "master_thesis", "remove", "nowhere.mp4", "--mask", "nowhere.png"]
    run = subprocess.run(
        words, env=variables | {"OMP_DISPLAY_ENV": "verbose"}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "GOMP_SPINCOUNT = '0'" in run.stderr


def test_the_script_starts_like_the_module() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["scripts"]["master_thesis"] == f"{command.__module__}:{command.__name__}"


@pytest.mark.parametrize("given", [{"OMP_WAIT_POLICY": "ACTIVE"}, {"GOMP_SPINCOUNT": "1000"}])
def test_settings_of_the_user_stay(given: dict[str, str]) -> None:
    environment = dict(given)
    wait_passively(environment)
    assert environment == given
