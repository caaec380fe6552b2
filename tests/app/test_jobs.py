"""Jobs run one after another, can be cancelled, and say how they ended."""

import json
import shutil
import sys
from contextlib import contextmanager

import pytest

from master_thesis.app import jobs
from master_thesis.app.jobs import ENDED, Job, JobQueue, last_words
from master_thesis.errors import UserError
from tests.app.conftest import WORKER, wait_for


@pytest.fixture
def queue():
    queue = JobQueue((sys.executable, "-S", "-c", WORKER))
    yield queue
    queue.close()


def job_in(folder, *commands, **values):
    folder.mkdir(exist_ok=True)
    return Job("carry", [list(words) for words in commands], folder, **values)


def test_who_sees_that_a_job_has_ended_finds_it_noted(tmp_path, monkeypatch):
    job, seen = job_in(tmp_path, ["one"]), []

    @contextmanager
    def noting(path):
        yield path
        seen.append(job.is_active)

    monkeypatch.setattr(jobs, "atomic_path", noting)
    job.enter(jobs.DONE)
    assert seen == [True]
    assert not job.is_active


def test_commands_run_in_order_until_one_fails(queue, tmp_path):
    done = []
    good = job_in(tmp_path / "a", ["one"], ["two"], on_done=lambda: done.append("a"))
    bad = job_in(
        tmp_path / "b", ["fail", "the box lies outside"], ["wait", "for ever"], on_done=lambda: done.append("b")
    )
    queue.add(good)
    queue.add(bad)
    wait_for(lambda: not bad.is_active)
    assert (good.state, good.message, bad.state, bad.message) == ("done", "all done", "failed", "the box lies outside")
    assert done == ["a"]
    assert json.loads((tmp_path / "b/job.json").read_text())["message"] == "the box lies outside"


def test_what_has_succeeded_is_noted_though_the_rest_fails(queue, tmp_path):
    noted, done = [], []
    job = job_in(tmp_path / "a", ["one"], ["fail", "no space"], on_command=noted.append, on_done=lambda: done.append(1))
    queue.add(job)
    wait_for(lambda: not job.is_active)
    assert (job.state, noted, done) == ("failed", [0], [])


def test_a_running_job_is_cancelled_and_the_next_one_runs(queue, tmp_path):
    first, second = job_in(tmp_path / "a", ["wait", "for ever"]), job_in(tmp_path / "b", ["one"])
    queue.add(first)
    queue.add(second)
    wait_for(lambda: first.progress)
    assert (queue.ahead(first), queue.ahead(second)) == (0, 1)
    queue.cancel(first)
    wait_for(lambda: not second.is_active)
    assert (first.state, first.message, second.state) == ("cancelled", "cancelled", "done")


def test_a_session_has_one_job(queue, tmp_path):
    queue.add(job_in(tmp_path / "a", ["wait", "for ever"]))
    with pytest.raises(UserError, match="something is being computed here already: cancel it"):
        queue.add(job_in(tmp_path / "a", ["one"]))


def test_a_worker_that_dies_without_a_word_is_noticed(tmp_path):
    queue = JobQueue((sys.executable, "-S", "-c", "import sys; sys.stdin.readline(); sys.exit(9)"))
    job = job_in(tmp_path / "a", ["one"])
    queue.add(job)
    wait_for(lambda: not job.is_active)
    queue.close()
    assert (job.state, job.message) == ("failed", "the work ended without a message (exit code 9)")


def test_a_job_that_a_restart_finds_running_was_interrupted(tmp_path):
    job = job_in(tmp_path / "a", ["one"])
    assert Job.last(job.folder) is None
    job.enter("running")
    found = Job.last(job.folder)
    assert (found.kind, found.state, found.message) == ("carry", "cancelled", ENDED)
    job.enter("failed", "no space")
    assert Job.last(job.folder).message == "no space"
    (job.folder / "job.json").write_text("{")
    assert Job.last(job.folder) is None


def test_the_last_words_leave_out_the_program(tmp_path):
    (tmp_path / "log").write_text("frames: 3\nmaster_thesis: error: the disk is full\n\n")
    assert last_words(tmp_path / "log") == "the disk is full"
    assert last_words(tmp_path / "none") == ""


def test_the_queue_survives_a_session_that_is_deleted(queue, tmp_path):
    gone, other = job_in(tmp_path / "a", ["wait", str(tmp_path / "go")]), job_in(tmp_path / "b", ["one"])
    queue.add(gone)
    queue.add(other)
    wait_for(lambda: gone.progress)
    shutil.rmtree(gone.folder)
    (tmp_path / "go").touch()
    wait_for(lambda: not other.is_active)
    assert (gone.state, other.state) == ("done", "done")


def test_what_fails_after_the_work_fails_the_job(queue, tmp_path):
    def refuse():
        raise UserError("the disk is full")

    job = job_in(tmp_path / "a", ["one"], on_done=refuse)
    queue.add(job)
    wait_for(lambda: not job.is_active)
    assert (job.state, job.message) == ("failed", "the disk is full")
