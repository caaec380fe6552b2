"""Names under which the reference implementation keeps the tensors of each network.

Convention:
    A map goes from a pattern of the reference's name, without ``.weight`` or ``.bias``, to ours; ``<n>`` means n - 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

DFPN_KEYS = {
    r"corr\.conv\.conv_1\.(\d+)": r"conv4d.over_refs.\1",
    r"corr\.conv\.conv_2\.(\d+)": r"conv4d.over_target.\1",
    r"corr_mixer\.mixer\.(\d+)": r"mixer.layers.\1",
    r"flow_64\.nn\.(\d+)": r"estimator_64.layers.\1",
    r"flow_256\.nn\.(\d+)": r"estimator_256.layers.\1",
    r"model_vgg\.features\.(\d|1\d|2[0-2])": r"vgg.features.\1",  # the first four blocks
}
CHN_KEYS = {
    r"nn\.conv_first\.(\d+)": r"head.\1",
    r"nn\.rrdb_trunk\.(\d+)\.rdb1\.conv(\d)": r"trunk.\1.blocks.0.convs.<\2>",
    r"nn\.rrdb_trunk\.(\d+)\.rdb2\.conv(\d)": r"trunk.\1.blocks.1.convs.<\2>",
    r"nn\.rrdb_trunk\.(\d+)\.rdb3\.conv(\d)": r"trunk.\1.blocks.2.convs.<\2>",
    r"nn\.trunk_conv": r"trunk.20",
    r"nn\.upconv(\d)": r"enlarge.<\1>",
    r"nn\.hr_conv": r"tail.0",
    r"nn\.conv_last": r"tail.2",
}
CPN_KEYS = {
    r"(?:module\.)?A_Encoder\.(conv\w+)\.conv\.0": r"encoder.\1",
    r"(?:module\.)?A_Regressor\.(conv(?:45|5a|5b|56))\.conv\.0": r"regressor.\1",
    r"(?:module\.)?A_Regressor\.fc": r"regressor.fc",
}


def rename_reference(state: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    """Renames the entries that match a pattern and drops all others.

    >>> rename_reference({"nn.upconv2.bias": 1, "other": 2}, CHN_KEYS)
    {'enlarge.1.bias': 1}
    """
    renamed = {}
    for key, tensor in state.items():
        stem, _, leaf = key.rpartition(".")
        for pattern, ours in names.items():
            match = re.fullmatch(pattern, stem)
            if match and leaf in ("weight", "bias"):
                name = re.sub(r"<(\d+)>", lambda m: str(int(m[1]) - 1), match.expand(ours))
                renamed[f"{name}.{leaf}"] = tensor
    return renamed
