"""The choice of arithmetic per device."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")


def has_native_bf16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 in hardware; otherwise bfloat16 is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(bool(capabilities.get(name)) for name in ("amx_bf16", "avx512_bf16", "arm_bf16", "bf16"))


def best_precision(device: torch.device) -> str:
    """Lightning's name of the best precision for inference: ``bf16-mixed`` where it is native, else ``32-true``."""
    return "bf16-mixed" if has_native_bf16(device) else "32-true"


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """A context in which convolutions and matrix products run in ``precision``.

    Args:
        device: where the networks are.
        precision: one of Lightning's names; mixed ones cast, all others change nothing.
    """
    dtype = torch.float16 if precision.startswith("16") else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=precision.endswith("mixed"))


def full_precision(device: torch.device) -> torch.autocast:
    """A context in which nothing is cast, whatever surrounds it."""
    return torch.autocast(device.type, enabled=False)


def in_full_precision(measure: Callable[P, R]) -> Callable[P, R]:
    """Makes a function compute in single precision or better, whatever surrounds it: for every figure that is reported.

    Tensors in half precision are converted, in records and sequences as well, and nothing is cast inside.

    >>> in_full_precision(torch.dot)(torch.ones(2).half(), torch.ones(2).half()).dtype
    torch.float32
    """

    @wraps(measure)
    def precise(*args: P.args, **kwargs: P.kwargs) -> R:
        with ExitStack() as stack:
            for device in ("cpu", "cuda"):
                if torch.is_autocast_enabled(device):
                    stack.enter_context(full_precision(torch.device(device)))
            return measure(*_at_least_single(args), **_at_least_single(kwargs))

    return precise


def _at_least_single(value: Any) -> Any:
    """A value whose tensors in half precision are converted to single precision; others are the same objects."""
    if isinstance(value, Tensor):
        return value.float() if value.dtype in (torch.float16, torch.bfloat16) else value
    if isinstance(value, dict):
        return {key: _at_least_single(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_at_least_single(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
        converted = {name: _at_least_single(part) for name, part in parts.items()}
        is_same = all(converted[name] is part for name, part in parts.items())
        return value if is_same else replace(cast(Any, value), **converted)
    return value
