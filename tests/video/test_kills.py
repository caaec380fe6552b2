"""A run killed before any of its file operations, without any clean-up, continues to the same files."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.video.killed import kill_at_every_step


def test_a_run_killed_at_any_file_operation_continues_to_the_same_files(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        differences = executor.submit(kill_at_every_step, tmp_path).result()
    assert len(differences) > 20
    assert [(step, names) for step, names in enumerate(differences) if names] == []
