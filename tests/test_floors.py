"""Imports point down only, and rooms on one floor do not know each other."""

import ast
import graphlib
from pathlib import Path

import pytest

import master_thesis

PACKAGE = Path(master_thesis.__file__).parent
FLOORS = [
    {"errors", "wording"},
    {"ops"},
    {"records"},
    {"configs", "runtime"},
    {"images", "losses", "metrics"},
    {"models", "data"},
    {"checkpoints"},
    {"inpainting", "masking"},
    {"video"},
    {"evaluation"},
    {"training"},
    {"cli", "__main__", "app"},
]
"""From the ground up."""
CLI_FLOORS = [
    {"trainer_arguments"},
    {"flags"},
    {"arguments", "options"},
    {"config_file", "help"},
    {"build"},
    {"trainer"},
    {"commands"},
    {"legacy"},
    {"parsing"},
    {"main"},
]
"""The same inside the command line."""
ONE_ROOM = [{"cli", "__main__"}, {"cli", "app"}]
"""Rooms that may know each other though they stand on one floor: a command serves the page, which runs commands."""
HEAVY_IN_CLI = {"build", "trainer"}
LIGHT = ("__init__", "errors", "configs/*", "models/registry", "models/reference", "runtime/atomic", "runtime/versions")
LIGHT += ("cli/commands/*", *(f"cli/{name}" for floor in CLI_FLOORS for name in floor - {"commands", *HEAVY_IN_CLI}))
"""What is imported before the command line is understood."""
HEAVY = {"torch", "torchvision", "pytorch_lightning", "cv2", "av", "numpy", "skimage", "torchmetrics", "matplotlib"}


def room_of(path, inside=()):
    """The room of a file, or its module inside a room."""
    return path.relative_to(PACKAGE.joinpath(*inside)).parts[0].removesuffix(".py")


def imports_of(path, only_at_top=False):
    """Names of modules that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if only_at_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports should be absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor_of(room, floors):
    return next(i for i, rooms in enumerate(floors) if room in rooms)


def violation(room, imported, floors=FLOORS):
    """Why a room may not import another one, if so."""
    if room == imported or any({room, imported} <= rooms for rooms in ONE_ROOM):
        return None
    if floor_of(imported, floors) < floor_of(room, floors):
        return None
    return f"{room} should not know {imported}"


def violations(inside, floors):
    """Every import below a folder that points up or sideways, and how many imports were seen."""
    found, prefix = [], [PACKAGE.name, *inside]
    for path in PACKAGE.joinpath(*inside).rglob("*.py"):
        room = room_of(path, inside)
        for name in imports_of(path) if room != "__init__" else ():
            parts = name.split(".")
            if parts[: len(prefix)] == prefix and len(parts) > len(prefix):
                found.append((path.relative_to(PACKAGE), violation(room, parts[len(prefix)], floors)))
    return [f"{path}: {why}" for path, why in found if why], len(found)


@pytest.mark.parametrize(("inside", "floors", "at_least"), [((), FLOORS, 100), (("cli",), CLI_FLOORS, 5)])
def test_imports_point_down(inside, floors, at_least):
    rooms = {room_of(path, inside) for path in PACKAGE.joinpath(*inside).rglob("*.py")} - {"__init__"}
    assert rooms == set.union(*floors), "every room stands on a floor"
    found, num_seen = violations(inside, floors)
    assert found == []
    assert num_seen > at_least, "the test should see the imports"


def test_the_test_would_see_a_wrong_import():
    assert violation("ops", "models") == "ops should not know models"
    assert violation("models", "data") == "models should not know data"
    assert violation("training", "cli") == "training should not know cli"
    assert violation("training", "ops") is None
    assert violation("build", "commands", CLI_FLOORS) == "build should not know commands"
    assert violation("commands", "build", CLI_FLOORS) is None
    assert violation("legacy", "parsing", CLI_FLOORS) == "legacy should not know parsing"


def test_light_modules_import_nothing_heavy():
    for pattern in LIGHT:
        paths = list(PACKAGE.glob(f"{pattern}.py"))
        assert paths, pattern
        for path in paths:
            tops = {module.split(".")[0] for module in imports_of(path, only_at_top=True)}
            assert not tops & HEAVY, path


OUTSIDE = {
    "scripts": set(),
    "stress": {"scripts"},
    "benchmarks": {"scripts", "tests.oracles"},
    "tests": {"stress.videos"},
    "tests.oracles": set(),
    "tests.scripts": {"tests", "scripts"},
    "tests.stress": {"tests", "scripts", "stress"},
}
"""Folders outside the package, and what each may import beside itself and the package."""


def outside_files():
    """Python files outside the package, with their module names."""
    for folder in ("scripts", "stress", "benchmarks", "tests"):
        for path in sorted((PACKAGE.parent / folder).rglob("*.py")):
            yield path, ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def is_below(name, folder):
    return f"{name}.".startswith(f"{folder}.")


def outside_violation(module, imported):
    """The reason why a module outside the package must not import another one; None if it may."""
    if not any(is_below(imported, folder) for folder in OUTSIDE):
        return None
    folder = max((folder for folder in OUTSIDE if is_below(module, folder)), key=len)
    is_test = any(part.startswith("test_") for part in imported.split("."))
    if not is_test and any(is_below(imported, each) for each in {folder, *OUTSIDE[folder]}):
        return None
    return f"{module} should not import {imported}"


def test_tests_benchmarks_and_experiments_keep_apart():
    found = [outside_violation(module, name) for path, module in outside_files() for name in imports_of(path)]
    assert len(found) > 1000, "the test should see the imports"
    assert [why for why in found if why] == []


def test_a_wrong_import_outside_the_package_is_seen():
    assert outside_violation("benchmarks.speed.table", "tests.oracles.networks.plain") is None
    assert outside_violation("benchmarks.speed.table", "tests.factories.make_clip")
    assert outside_violation("tests.video.test_checks", "benchmarks.speed.scenes.SIZE")
    assert outside_violation("tests.video.test_checks", "stress.videos.Clip") is None
    assert outside_violation("tests.video.test_checks", "stress.kills.start")
    assert outside_violation("tests.stress.test_fuzz", "stress.world.World") is None
    assert outside_violation("tests.stress.test_fuzz", "tests.images.test_codec.picture")
    assert outside_violation("stress.fuzz", "tests.factories.make_clip")
    assert outside_violation("scripts.gpu", "stress.kills.start")


def test_modules_do_not_import_each_other_in_circles():
    paths = {module: path for path, module in outside_files()}
    for path in PACKAGE.rglob("*.py"):
        paths[".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")] = path
    graph = {module: {module_of(name, paths) for name in imports_of(path)} for module, path in paths.items()}
    graph = {module: imported & paths.keys() - {module} for module, imported in graph.items()}
    assert sum(map(len, graph.values())) > 500, "the test should see the imports"
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def module_of(name, paths):
    """The module of an imported name, which may be one of its members."""
    return name if name in paths else name.rpartition(".")[0]
