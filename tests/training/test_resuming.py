"""All processes resume from the checkpoint that the first one chooses (real ones: ``stress resume_together``)."""

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.strategies import DDPStrategy

from master_thesis.errors import UserError
from master_thesis.training.resuming import CHOSEN, choose_together

OWN = Path("own/last.ckpt")


def make_trainer(port=29500, rank=0, node=0, nodes=1, world=2, launcher="popen"):
    strategy = Mock(spec=DDPStrategy)
    strategy.launcher = launcher
    strategy.cluster_environment = Mock(spec=LightningEnvironment, main_address="127.0.0.1", main_port=port)
    strategy.cluster_environment.node_rank.return_value = node
    trainer = Mock(spec=pl.Trainer, strategy=strategy, world_size=world, num_nodes=nodes)
    trainer.local_rank, trainer.is_global_zero = rank, rank == 0 and node == 0
    return trainer


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv(CHOSEN, "")
    monkeypatch.delenv(CHOSEN)


def never():
    raise AssertionError("only the first process should search")


def none():
    raise UserError("there is no complete checkpoint")


def test_a_single_process_chooses_for_itself():
    assert choose_together(make_trainer(world=1), lambda: OWN) == OWN
    assert CHOSEN not in os.environ


def test_the_first_process_tells_those_that_lightning_starts():
    assert choose_together(make_trainer(), lambda: OWN) == OWN
    assert choose_together(make_trainer(rank=1), never) == OWN


@pytest.mark.parametrize("rank", [0, 1])
def test_processes_of_another_launcher_get_its_path(rank):
    trainer = make_trainer(rank=rank, launcher=None)
    trainer.strategy.broadcast.side_effect = lambda own: (str(OWN), "")
    assert choose_together(trainer, (lambda: OWN) if rank == 0 else never) == OWN
    trainer.strategy.setup_environment.assert_called_once()


def test_where_there_is_none_the_first_process_says_so_and_the_others_end():
    first, second = make_trainer(launcher=None), make_trainer(rank=1, launcher=None)
    first.strategy.broadcast.side_effect = lambda own: own
    second.strategy.broadcast.side_effect = lambda own: ("", "there is no complete checkpoint")
    with pytest.raises(UserError, match="there is no complete checkpoint"):
        choose_together(first, none)
    with pytest.raises(SystemExit) as end:
        choose_together(second, never)
    assert end.value.code == 2


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_first_node_tells_the_others(port):
    nodes = [make_trainer(port, node=node, nodes=3, world=3) for node in range(3)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(choose_together, nodes, (lambda: OWN, never, never)))
    assert found == [OWN] * 3
    assert os.environ[CHOSEN] == str(OWN)


def test_nodes_end_together_where_there_is_none(port):
    first, second = (make_trainer(port, node=node, nodes=2) for node in range(2))
    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(choose_together, first, none), pool.submit(choose_together, second, never)]
        assert isinstance(ends[0].exception(timeout=120), UserError)
        assert isinstance(ends[1].exception(timeout=120), SystemExit)
