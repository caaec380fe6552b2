"""Networks as programs that run without this package: ONNX, or an exported program of torch."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from master_thesis.checkpoints.loading import load_network
from master_thesis.checkpoints.reading import Checkpoint
from master_thesis.errors import UserError, require
from master_thesis.models.registry import NETWORKS
from master_thesis.ops.image import fill_holes
from master_thesis.runtime.atomic import atomic_path

log = logging.getLogger(__name__)

ALIGNER_INPUTS = ("x_target", "m_target", "x_refs", "m_refs")
CHN_INPUTS = ("x_target", "v_target", "x_aligned", "v_aligned", "v_map")
"""Names of the inputs, those of the published calls."""
ALIGNER_OUTPUTS, CHN_OUTPUTS = ("aligned", "visible", "copyable"), ("predicted", "composed")
OPSET = 20
MAX_ERROR = 1e-3
"""Largest difference from PyTorch in onnxruntime, for colours in [0, 1]."""
UNEXPORTABLE = {"small_dfpn": "fits the camera's movement by code that is not part of the graph"}
"""Kinds that have no program, and why."""


class PublishedCall(nn.Module):
    """The published call of a network, with tensors alone: what a program computes.

    Args:
        network: an aligner or a hallucinator.
        is_aligner: which of them.
    """

    def __init__(self, network: nn.Module, is_aligner: bool) -> None:
        super().__init__()
        self.network, self.is_aligner = network, is_aligner

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Returns what the call's record unpacks into."""
        network: Any = self.network
        return tuple(network.align(*inputs) if self.is_aligner else network(*inputs))


def export_program(checkpoint: str | Path, path: Path, form: str, size: tuple[int, int]) -> None:
    """Writes the network of a checkpoint as a program for one target and one reference of a fixed size.

    Args:
        checkpoint: a checkpoint of this project or of the reference implementation.
        path: the new file.
        form: ``onnx``, or ``torch`` for ``torch.export.load``.
        size: height and width of the frames.

    Raises:
        UserError: the network has no program, a package is missing, or onnxruntime differs from PyTorch.
    """
    read = Checkpoint.read(checkpoint)
    kind = read.entry["kind"] if read.entry else _reference_kind(read)
    require(kind in NETWORKS, f"{checkpoint} should hold a network of this package, but holds {kind}")
    why = UNEXPORTABLE.get(kind)
    require(why is None, f"{kind} cannot be exported as {form}: it {why}")
    spec = NETWORKS[kind]
    call = PublishedCall(load_network(read, spec.family), spec.is_aligner).eval()
    inputs = _inputs(size, spec.is_aligner)
    with atomic_path(path) as part, torch.no_grad():
        if form == "torch":
            _write_program(call, inputs, part)
        else:
            _write_onnx(call, inputs, part)
            _check_onnx(part, call, _inputs(size, spec.is_aligner, seed=1))  # others: a trace could hold constants


def _reference_kind(checkpoint: Checkpoint) -> str:
    """Finds which of the thesis' networks a checkpoint without a name holds."""
    kinds = [kind for kind in ("chn", "dfpn", "cpn") if checkpoint.state(kind)]
    return next((k for k in kinds if _fits(checkpoint, k)), "no network that is known")


def _fits(checkpoint: Checkpoint, kind: str) -> bool:
    try:
        load_network(checkpoint, NETWORKS[kind].family)
    except UserError:
        return False
    return True


def _inputs(size: tuple[int, int], is_aligner: bool, seed: int = 0) -> tuple[Tensor, ...]:
    """Random frames with a hole each, as the published call takes them."""
    generator = torch.Generator().manual_seed(seed)
    height, width = size
    target = torch.rand(1, 3, height, width, generator=generator)
    hole = torch.zeros(1, 1, height, width)
    hole[..., height // 4 : height // 2 + seed, width // 4 + seed : width // 2] = 1
    refs, holes = target.roll(2, dims=-1).unsqueeze(2), hole.roll(width // 4, dims=-1).unsqueeze(2)
    masked, masked_refs = fill_holes(target, hole), fill_holes(refs, holes)
    if is_aligner:
        return masked, hole, masked_refs, holes
    return masked, 1 - hole, masked_refs, 1 - holes, hole.unsqueeze(2) * (1 - holes)


def _write_program(call: PublishedCall, inputs: tuple[Tensor, ...], path: Path) -> None:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(call, inputs), buffer)
    path.write_bytes(buffer.getbuffer())


def _write_onnx(call: PublishedCall, inputs: Sequence[Tensor], path: Path) -> None:
    require(find_spec("onnx") is not None, "--format onnx needs the package onnx: pip install onnx onnxruntime")
    names = (ALIGNER_INPUTS, ALIGNER_OUTPUTS) if call.is_aligner else (CHN_INPUTS, CHN_OUTPUTS)
    options: dict[str, Any] = {"input_names": names[0], "output_names": names[1], "opset_version": OPSET}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # it would print the graph of a failure
        warnings.simplefilter("ignore")
        try:
            # Not by dynamo, which turns DFPN's grids into NaN (onnxscript 0.7).
            torch.onnx.export(call, tuple(inputs), str(path), dynamo=False, **options)
        except torch.onnx.errors.OnnxExporterError as error:
            message = " ".join(str(error).split())[:200]
            raise UserError(f"the network cannot be exported as onnx: {message}") from None


def _check_onnx(path: Path, call: PublishedCall, inputs: Sequence[Tensor]) -> None:
    if find_spec("onnxruntime") is None:
        log.warning("the program is not checked against PyTorch: onnxruntime is not installed")
        return
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    named = {given.name: x.numpy() for given, x in zip(session.get_inputs(), inputs, strict=True)}
    pairs = zip(session.run(None, named), call(*inputs), strict=True)
    errors = [float(np.abs(got - wanted.numpy()).max()) for got, wanted in pairs]
    is_fine = all(error <= MAX_ERROR for error in errors)  # not so where one is NaN
    shown = ", ".join(f"{error:.2g}" for error in errors)
    require(is_fine, f"onnxruntime should agree with PyTorch within {MAX_ERROR}, but differs by {shown}")
    log.info("onnxruntime agrees with PyTorch within %s", shown)
