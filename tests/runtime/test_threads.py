"""Idle threads sleep on a busy machine in every way to start the command, unless the user says otherwise."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from master_thesis.cli.main import command
from master_thesis.runtime import threads
from master_thesis.runtime.threads import PASSIVE, Load, choose_waiting, read_busy_seconds

START = Load(wall_s=10.0, others_s=50.0)


def choose(monkeypatch: pytest.MonkeyPatch, others_s: float, environment: dict[str, str]) -> dict[str, str]:
    """What is set one second after the start, when others have worked for so long."""
    monkeypatch.setattr(Load, "now", lambda: Load(START.wall_s + 1, START.others_s + others_s))
    choose_waiting(START, environment)
    return environment


def test_the_setting_is_chosen_before_torch_is_imported(tmp_path: Path) -> None:
    """Here nothing is known about the load."""
    script = """
import os, sys
from pathlib import Path
from master_thesis.runtime import threads

class Watch:
    def find_spec(name, *_):
        if name == "torch":
            print(os.environ.get("OMP_WAIT_POLICY"), flush=True)
            os._exit(7)

sys.meta_path.insert(0, Watch)
threads.COUNTERS = Path("nowhere")
from master_thesis.cli.main import command
command()
"""
    variables = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    words = [sys.executable, "-c", script, "remove", "nowhere.mp4", "--mask", "nowhere.png"]
    run = subprocess.run(words, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (7, "PASSIVE\n")


def test_the_script_starts_like_the_module() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["scripts"]["master_thesis"] == f"{command.__module__}:{command.__name__}"


@pytest.mark.parametrize(("others_s", "setting"), [(0.0, {}), (0.2, {}), (0.5, PASSIVE), (16.0, PASSIVE)])
def test_threads_sleep_where_others_work(
    monkeypatch: pytest.MonkeyPatch, others_s: float, setting: dict[str, str]
) -> None:
    assert choose(monkeypatch, others_s, {}) == setting


@pytest.mark.parametrize("given", [{"OMP_WAIT_POLICY": "ACTIVE"}, {"GOMP_SPINCOUNT": "1000"}])
def test_settings_of_the_user_stay(monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> None:
    assert choose(monkeypatch, 2.0, dict(given)) == given


def test_a_system_without_counters_counts_as_busy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(threads, "COUNTERS", tmp_path / "stat")
    environment: dict[str, str] = {}
    choose_waiting(Load.now(), environment)
    assert environment == PASSIVE


def test_waiting_for_nothing_or_a_disk_is_not_work() -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    columns = (1, 2, 4, 1000, 2000, 8, 16, 32, 64, 128)  # the last two are guests, which the first two contain
    counters = "cpu  " + " ".join(str(number * ticks) for number in columns) + "\ncpu0 1 1 1"
    assert read_busy_seconds(counters) == 1 + 2 + 4 + 8 + 16 + 32
