import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from master_thesis.runtime.claims import claimed, clock_of

ROOT = Path(__file__).parents[2]


def test_only_one_holds_a_claim_and_nothing_of_it_remains(tmp_path):
    path = tmp_path / "a.claim"
    with claimed(path) as first:
        assert first is not None
        with claimed(path) as second:
            assert second is None
        assert path.exists(), "whoever did not get it does not remove it"
    assert not path.exists()
    with claimed(path) as again:
        assert again is not None


HOLD = """
import sys, time
from pathlib import Path
from master_thesis.runtime.claims import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_claim_ends_with_its_process(tmp_path):
    path = tmp_path / "a.claim"
    command = [sys.executable, "-c", HOLD, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert process.stdout.readline() == b"held\n"
    with claimed(path) as claim:
        assert claim is None
    process.kill()
    process.communicate()
    assert path.exists(), "its holder had no time to remove it"
    with claimed(path) as claim:
        assert claim is not None
    assert not path.exists()


def test_a_note_is_read_by_those_who_began_before_it(tmp_path):
    path, before = tmp_path / "a.claim", clock_of(tmp_path)
    with claimed(path) as claim:
        assert claim.note(before) == ""
        claim.leave("it failed")
    time.sleep(0.02)
    after = clock_of(tmp_path)
    assert after > before > 0
    with claimed(path) as claim:
        assert claim.note(before) == "it failed"
        assert claim.note(after) == ""
        assert claim.note(0) == "", "the time is not known"
        claim.leave("")
    assert not path.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_hinders_nobody(tmp_path):
    place = tmp_path / "no" / "folder"
    with claimed(place / "a.claim") as first, claimed(place / "a.claim") as second:
        assert first is not None
        assert second is not None
        first.leave("x")
        assert second.note(1) == ""
    assert clock_of(place) == 0


def test_the_clock_is_read_by_many_at_once(tmp_path):
    """Processes of several machines may have the same number, as threads do."""
    before = clock_of(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        times = list(pool.map(lambda _: clock_of(tmp_path), range(400)))
    assert min(times) >= before > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["ü" * 20_000, "a\nb"])
def test_notes_are_of_limited_length(tmp_path, text):
    with claimed(tmp_path / "a.claim") as claim:
        claim.leave(text)
        assert text.startswith(claim.note(1).rstrip("�"))
        assert len(claim.note(1)) > 2
