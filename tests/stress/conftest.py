"""Good files of every kind that the package reads, written once per session."""

import warnings

import pytest

from stress.world import World, build


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The good files, with tiny checkpoints; tests only read them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build(tmp_path_factory.mktemp("world"))
