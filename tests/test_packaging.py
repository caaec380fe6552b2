"""What a newcomer installs is what the package declares."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_requirements_and_pyproject_ask_for_the_same() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == declared
