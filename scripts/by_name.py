"""Lists the commands of a folder and runs one by its name, as in ``python -m stress kills --kills 3``."""

from __future__ import annotations

import argparse
import ast
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def summaries(folder: Path) -> dict[str, str]:
    """Returns the modules of a folder that have a ``main``, each with the first line of its docstring."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            found[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def run_by_name(folder: Path, about: str) -> None:
    """Runs the command that the first argument names, with the rest as its arguments.

    Args:
        folder: the folder of the commands, inside the clone.
        about: what they have in common.
    """
    package = ".".join(folder.relative_to(ROOT).parts)
    found = summaries(folder)
    names = "\n".join(f"  {name:16s} {summary}" for name, summary in found.items())
    parser = argparse.ArgumentParser(
        prog=f"python -m {package}",
        description=f"{about}\n\n{names}",
        epilog=f"python -m {package} NAME --help shows the options of a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=found, metavar="NAME")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the command")
    options = parser.parse_args()
    sys.argv = [f"python -m {package} {options.name}", *options.arguments]
    import_module(f"{package}.{options.name}").main()
