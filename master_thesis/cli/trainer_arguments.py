"""The arguments of Lightning's ``Trainer`` as options, read from its source without importing it.

Importing Lightning takes seconds; parsing one file takes milliseconds. Names, types, defaults and help are those of the
installed version; only ``logger`` also takes names, and ``precision`` is explained by what works here. Arguments that
only take Python objects (callbacks, plugins) have no text form and are left out.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

PACKAGE = "pytorch_lightning"
_TEXT_TYPES = ("bool", "int", "float", "str")
LOGGERS = ("tensorboard", "csv", "wandb", "mlflow")
"""Names that ``logger`` takes; ``false`` logs nothing."""
_CONTAINERS = ("Union", "Optional", "Literal")


@dataclass(frozen=True)
class TrainerOption:
    """One argument of the Trainer.

    Attributes:
        name: as in Python.
        types: those of its types that can be written as text: ``bool``, ``int``, ``float``, ``str``.
        literals: single values that it takes besides.
        takes_none: whether ``none`` may be given.
        help: its docstring.
    """

    name: str
    types: frozenset[str]
    literals: tuple[Any, ...]
    takes_none: bool
    help: str

    def convert(self, text: str) -> Any:
        """The value that a text stands for: the narrowest type that fits.

        Raises:
            argparse.ArgumentTypeError: where none does.
        """
        if self.takes_none and text.lower() == "none":
            return None
        for literal in self.literals:
            if text == str(literal):
                return literal
        if "bool" in self.types and text.lower() in ("true", "false"):
            return text.lower() == "true"
        for kind in (k for k in (int, float) if k.__name__ in self.types):
            try:
                return kind(text)
            except ValueError:
                pass
        if "str" in self.types:
            return text
        raise argparse.ArgumentTypeError(f"should be {self.expected()}, got {text!r}")

    def keywords(self) -> dict[str, Any]:
        """The keywords of argparse for it."""
        flag: dict[str, Any] = {"nargs": "?", "const": True} if "bool" in self.types else {}
        return {"type": self.convert, "metavar": "VALUE"} | flag

    def expected(self) -> str:
        """What may be given, in words."""
        words = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "a text"}
        choices = [words[t] for t in _TEXT_TYPES if t in self.types]
        choices += list(dict.fromkeys(str(value) for value in self.literals))
        return " or ".join(choices + ["none"] * self.takes_none)


PRECISION = TrainerOption(
    "precision",
    frozenset({"str"}),  # what is none of them is refused with a reason by the options of a command
    (32, 16, "bf16", "32-true", "16-mixed", "bf16-mixed"),
    True,
    "in which networks compute: single precision (32, 32-true), or mixed with bfloat16 (bf16, bf16-mixed) or with 16 "
    "bits (16, 16-mixed); weights stay in single precision",
)
"""Instead of Lightning's, which names further ones that would fail."""


@lru_cache(maxsize=1)
def read_trainer_options() -> list[TrainerOption]:
    """The Trainer's arguments that can be written as text."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    site_packages = Path(spec.origin).parent.parent
    source = _Source(site_packages, f"{PACKAGE}.trainer.trainer")
    init = next(
        method
        for node in source.tree.body
        if isinstance(node, ast.ClassDef) and node.name == "Trainer"
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name == "__init__"
    )
    helps = _argument_docs(ast.get_docstring(init) or "")
    options = []
    for argument in init.args.kwonlyargs:
        values = source.values_of(argument.annotation)
        types = frozenset(v.id for v in values if isinstance(v, ast.Name))
        literals = tuple(v.value for v in values if isinstance(v, ast.Constant) and v.value is not None)
        literals += LOGGERS if argument.arg == "logger" else ()
        takes_none = any(isinstance(v, ast.Constant) and v.value is None for v in values)
        if types or literals:
            text = helps.get(argument.arg, "")
            options.append(TrainerOption(argument.arg, types, literals, takes_none, text))
    return [PRECISION if option.name == PRECISION.name else option for option in options]


class _Source:
    """A parsed module that can say what the names in its annotations stand for."""

    def __init__(self, site_packages: Path, module: str) -> None:
        self.site_packages = site_packages
        place = site_packages.joinpath(*module.split("."))
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        self.tree = ast.parse(path.read_text(encoding="utf-8"))

    def values_of(self, annotation: ast.expr | None) -> list[ast.Name | ast.Constant]:
        """The plain types (names) and single values (constants) that an annotation allows."""
        if isinstance(annotation, ast.Name):
            return [annotation] if annotation.id in _TEXT_TYPES else self._values_of_alias(annotation.id)
        if isinstance(annotation, ast.Constant):
            return [annotation]
        if isinstance(annotation, ast.BinOp):  # X | Y
            return self.values_of(annotation.left) + self.values_of(annotation.right)
        if isinstance(annotation, ast.Tuple):
            return [value for element in annotation.elts for value in self.values_of(element)]
        if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
            if annotation.value.id not in _CONTAINERS:
                return []  # lists and dicts have no text form
            none: list[ast.Name | ast.Constant] = [ast.Constant(None)] if annotation.value.id == "Optional" else []
            return self.values_of(annotation.slice) + none
        return []

    def _values_of_alias(self, name: str) -> list[ast.Name | ast.Constant]:
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                return self.values_of(node.value)
            if isinstance(node, ast.ImportFrom) and any((a.asname or a.name) == name for a in node.names):
                is_ours = (node.module or "").startswith((PACKAGE, "lightning_fabric")) and name.startswith("_")
                return _Source(self.site_packages, node.module or "")._values_of_alias(name) if is_ours else []
        return []  # a class


def _argument_docs(docstring: str) -> dict[str, str]:
    """What a Google-style docstring says of each argument, on one line each."""
    arguments = docstring.partition("Args:\n")[2].partition("\nRaises:")[0]
    found = re.findall(r"^    (\w+): (.*(?:\n(?:        .*)?)*)", arguments, flags=re.MULTILINE)
    return {name: " ".join(re.sub(r":\w+:`~?([^`]*)`", r"\1", text).replace("``", "").split()) for name, text in found}
