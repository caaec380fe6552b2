"""The choice of arithmetic per device."""

from __future__ import annotations

import torch


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
