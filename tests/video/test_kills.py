"""A run that dies before any of its steps on files, with no chance to clear up, is continued to the same files."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.video.killed import kill_at_every_step


def test_wherever_a_run_dies_it_goes_on_to_the_same_files(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        told = apart.submit(kill_at_every_step, tmp_path).result()
    assert len(told) > 20
    assert [(step, names) for step, names in enumerate(told) if names] == []
