"""Sub-commands as dataclasses: their flags by name, and from the given values of these to the dataclass and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar, get_type_hints

from master_thesis.cli.trainer_arguments import TrainerOption, read_trainer_options

T = TypeVar("T")


def part(default: Any, only: Sequence[str] = (), without: Sequence[str] = ()) -> Any:
    """A field of a sub-command's dataclass that holds an option record.

    Args:
        default: the record with the defaults of this sub-command, or its class if it has required options.
        only: fields that are options of this sub-command; the others keep their default. Empty: all.
        without: fields that are no options of this sub-command.
    """
    record = default if isinstance(default, type) else type(default)
    names = tuple(f.name for f in fields(record) if f.name not in without and (not only or f.name in only))
    metadata = {"record": record, "names": names}
    return field(metadata=metadata) if default is record else field(default=default, metadata=metadata)


def trainer_part(*only: str) -> Any:
    """A field that holds the given arguments of Lightning's Trainer.

    Args:
        only: arguments that are options of this sub-command. Empty: all.
    """
    return field(default_factory=dict, metadata={"trainer": only})


@dataclass(frozen=True)
class Flag:
    """One option of a sub-command.

    Attributes:
        field: its default, help and bounds.
        hint: the type of its value.
        default: its value in this sub-command unless it is given; ``MISSING``: it is required.
        title: heading of the options of the same record.
    """

    field: Field[Any]
    hint: Any
    default: Any
    title: str

    @property
    def name(self) -> str:
        """The name without dashes."""
        return self.field.name

    @property
    def is_positional(self) -> bool:
        """Whether it is a word without a flag."""
        return "is_positional" in self.field.metadata

    @property
    def is_required(self) -> bool:
        """Whether it must be given."""
        return self.default is MISSING

    @property
    def shown(self) -> str:
        """The name in a usage line and in messages."""
        return str(self.field.metadata["metavar"]) if self.is_positional else f"--{self.name}"


def flags_of(options: type[Any]) -> dict[str, Flag]:
    """The options of a sub-command by name, without the Trainer's arguments."""
    hints = get_type_hints(options)
    flags: list[Flag] = []
    for f in fields(options):
        if "record" in f.metadata:
            flags += _flags_of_part(f)
        elif "trainer" not in f.metadata:
            flags.append(Flag(f, hints[f.name], f.default, "Options of the command"))
    return {flag.name: flag for flag in flags}


def _flags_of_part(f: Field[Any]) -> list[Flag]:
    record, names = f.metadata["record"], f.metadata["names"]
    hints, title = get_type_hints(record), str(record.__doc__).partition("\n")[0].rstrip(".")
    inner = [g for g in fields(record) if g.name in names]
    return [Flag(g, hints[g.name], getattr(f.default, g.name, g.default), title) for g in inner]


def trainer_options_of(options: type[Any]) -> list[TrainerOption]:
    """The arguments of Lightning's Trainer that are options of a sub-command."""
    parts = [f.metadata["trainer"] for f in fields(options) if "trainer" in f.metadata]
    return [o for only in parts for o in read_trainer_options() if not only or o.name in only]


def read_options(options: type[T], given: Mapping[str, Any]) -> T:
    """Builds the dataclass of a sub-command from the values that were given; all required ones must be.

    Raises:
        UserError: a record refuses a value.
    """
    values: dict[str, Any] = {}
    for f in fields(options):  # type: ignore[arg-type]
        if "record" in f.metadata:
            changes = {name: given[name] for name in f.metadata["names"] if name in given}
            default: Any = f.default
            values[f.name] = f.metadata["record"](**changes) if default is MISSING else replace(default, **changes)
        elif "trainer" in f.metadata:
            names = [option.name for option in trainer_options_of(options)]
            values[f.name] = {name: given[name] for name in names if name in given}
        elif f.name in given:
            values[f.name] = given[f.name]
    return options(**values)


def check_parts(options: type[Any], given: Mapping[str, Any]) -> None:
    """Raises :class:`UserError` if the optional records of a sub-command refuse a value."""
    for f in fields(options):
        if "record" in f.metadata and f.default is not MISSING:
            names = [name for name in f.metadata["names"] if given.get(name) is not None]
            replace(f.default, **{name: given[name] for name in names})


def values_of(options: Any) -> dict[str, Any]:
    """The reverse of :func:`read_options`: the value of every option, and the Trainer's arguments that were given."""
    values: dict[str, Any] = {}
    for f in fields(options):
        value = getattr(options, f.name)
        if is_dataclass(value):
            values |= {name: getattr(value, name) for name in f.metadata["names"]}
        else:
            values |= value if "trainer" in f.metadata else {f.name: value}
    return values
