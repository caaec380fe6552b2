"""What measurements depend on: the processor, the GPU and the versions."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch


def describe_machine() -> dict[str, str]:
    """Returns the processor with its number of cores, the GPU, and the versions of Python and torch."""
    names = [line.partition(":")[2].strip() for line in _cpu_info() if line.startswith("model name")]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {
        "cpu": f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores",
        "gpu": gpu,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def _cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
