"""Networks by name, loaded from a checkpoint: the public doors, with the types of what they return.

Apart from :mod:`master_thesis.checkpoints.loading`, which imports only the network that it loads.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from master_thesis.checkpoints.loading import load_network, load_shipped
from master_thesis.checkpoints.reading import Checkpoint
from master_thesis.models.chn import CHN
from master_thesis.models.cpn import CPN
from master_thesis.models.dfpn import DFPN
from master_thesis.models.small.aligner import SmallDFPN
from master_thesis.models.small.chn import SmallCHN


def load_dfpn(path: str | Path, trainable: bool = False) -> DFPN | SmallDFPN:
    """Loads DFPN from a checkpoint of this project (either preset) or of the reference implementation.

    Raises:
        UserError: the file is missing, damaged, hostile, or holds no DFPN.
    """
    return cast(DFPN | SmallDFPN, load_network(Checkpoint.read(path), "dfpn", trainable))


def load_chn(path: str | Path, trainable: bool = False) -> CHN | SmallCHN:
    """Loads CHN from a checkpoint of this project (either preset) or of the reference implementation.

    Raises:
        UserError: the file is missing, damaged, hostile, or holds no CHN.
    """
    return cast(CHN | SmallCHN, load_network(Checkpoint.read(path), "chn", trainable))


def load_cpn(path: str | Path, trainable: bool = False) -> CPN:
    """Loads CPN's aligner from its authors' ``weight.pth``, or from a reference CHN checkpoint that contains it.

    Raises:
        UserError: the file is missing, damaged, hostile, or holds no CPN.
    """
    return cast(CPN, load_network(Checkpoint.read(path), "cpn", trainable))


def load_small(trainable: bool = False) -> tuple[SmallDFPN, SmallCHN]:
    """Loads the shipped weights of the small preset: its aligner and its CHN."""
    return cast(SmallDFPN, load_shipped("dfpn", trainable)), cast(SmallCHN, load_shipped("chn", trainable))
