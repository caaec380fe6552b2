"""Imports point down only, and rooms on one floor do not know each other."""

import ast
from pathlib import Path

import master_thesis

PACKAGE = Path(master_thesis.__file__).parent
FLOORS = [
    {"ops", "config", "clip"},
    {"losses", "flow_losses", "metrics", "io", "processes"},
    {"models", "data"},
    {"zoo"},
    {"inpainting"},
    {"evaluation", "report", "training"},
    {"cli", "options", "trainer_options", "building", "runs", "machine", "__main__"},
]
"""From the ground up."""
ONE_ROOM = [{"ops", "clip"}, {"losses", "flow_losses"}, FLOORS[-1]]
"""Modules that may know each other though they stand on one floor: the records of the ground floor, and the command."""
LIGHT = {"config", "options", "trainer_options", "cli", "__init__"}
"""What is imported before the command line is understood."""
HEAVY = {"torch", "torchvision", "pytorch_lightning", "cv2", "av", "numpy", "skimage", "torchmetrics", "matplotlib"}


def room_of(path):
    inside = path.relative_to(PACKAGE).parts
    return inside[0].removesuffix(".py")


def imports_of(path, only_at_top=False):
    """Names of modules that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if only_at_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports should be absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor_of(room):
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def violations(room, imported):
    """Why a room may not import another one, if so."""
    if room == imported or any({room, imported} <= rooms for rooms in ONE_ROOM):
        return None
    if floor_of(imported) < floor_of(room):
        return None
    return f"{room} should not know {imported}"


def test_every_room_stands_on_a_floor():
    rooms = {room_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    assert rooms == set.union(*FLOORS)


def test_imports_point_down():
    found = []
    for path in PACKAGE.rglob("*.py"):
        room = room_of(path)
        if room == "__init__":
            continue
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] == PACKAGE.name and len(parts) > 1:
                found.append((path.relative_to(PACKAGE), violations(room, parts[1])))
    assert [f"{path}: {why}" for path, why in found if why] == []
    assert len(found) > 100, "the test should see the imports"


def test_the_test_would_see_a_wrong_import():
    assert violations("ops", "models") == "ops should not know models"
    assert violations("models", "data") == "models should not know data"
    assert violations("training", "evaluation") == "training should not know evaluation"
    assert violations("training", "ops") is None


def test_light_modules_import_nothing_heavy():
    for name in LIGHT:
        path = PACKAGE / f"{name}.py"
        tops = {module.split(".")[0] for module in imports_of(path, only_at_top=True)}
        assert not tops & HEAVY, path
