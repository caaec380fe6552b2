"""Checkpoints in the format of the reference implementation, written once."""

import shutil
from argparse import Namespace

import pytest
import torch

from tests.reference.checkpoints import chn_state, cpn_state, dfpn_state


@pytest.fixture(scope="session")
def reference_checkpoints(tmp_path_factory):
    """Paths by kind of network; that of CHN includes a DFPN as its aligner."""
    folder = tmp_path_factory.mktemp("reference")
    dfpn = dfpn_state()
    rest = {"epoch": 3, "global_step": 9, "pytorch-lightning_version": "1.0.4", "hyper_parameters": Namespace(lr=1e-4)}
    torch.save(rest | {"state_dict": dfpn}, folder / "dfpn.ckpt")
    torch.save(rest | {"state_dict": chn_state(dfpn)}, folder / "chn.ckpt")
    torch.save(cpn_state(), folder / "weight.pth")
    yield {"dfpn": folder / "dfpn.ckpt", "chn": folder / "chn.ckpt", "cpn": folder / "weight.pth"}
    shutil.rmtree(folder)  # about 300 MB, which pytest would keep for three sessions
