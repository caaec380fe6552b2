import pytest

from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.data.sequences import image_files
from master_thesis.errors import UserError
from master_thesis.evaluation.tasks import export_task, make_tasks
from master_thesis.images.codec import read_frame, read_mask


def test_every_combination_is_a_task_and_tasks_share_frames(data):
    tasks = list(make_tasks(data, EvaluationConfig(protocols=("hole",), masks=("still", "own"))))
    assert [(t.sequence, t.masks) for t in tasks] == [(s, m) for s in ("ant", "bee", "cow") for m in ("still", "own")]
    assert tasks[0].frames is tasks[1].frames
    assert [len(t.frames) for t in tasks] == [4, 4, 4, 4, 3, 3]


def test_choosing_sequences_does_not_change_the_swap(data):
    config = EvaluationConfig(protocols=("hole",), masks=("swapped",))
    every = {task.sequence: task for task in make_tasks(data, config)}
    config = EvaluationConfig(protocols=("hole",), masks=("swapped",), sequences=("bee",), max_frames=2)
    (bee,) = make_tasks(data, config)
    assert (bee.frames == every["bee"].frames[:2]).all()
    assert (bee.mask == every["bee"].mask[:2]).all()


def test_unknown_and_short_sequences_are_reported(data, tree):
    with pytest.raises(UserError, match="--sequences should be among ant bee cow, got elk"):
        list(make_tasks(data, EvaluationConfig(sequences=("elk", "ant"))))
    for t in (1, 2):
        (tree / f"DAVIS-2017/JPEGImages/480p/cow/{t:05d}.png").unlink()
    image_files.cache_clear()
    with pytest.raises(UserError, match="cow should have at least two frames, got 1"):
        list(make_tasks(data, EvaluationConfig(protocols=("hole",), sequences=("cow",))))


def test_exported_inputs_are_those_of_a_method(task, tmp_path):
    home = export_task(task, tmp_path)
    assert home == tmp_path / "hole" / "still" / "pan"
    for t in range(4):
        assert (read_frame(home / "frames" / f"{t:05d}.png") == task.masked[t]).all()
        assert (read_mask(home / "masks" / f"{t:05d}.png") == task.mask[t]).all()
