"""Log-odds of soft masks, in which masks are averaged: what is nearly sure counts more than what is not."""

from __future__ import annotations

import numpy as np

from master_thesis.masking.views import SoftMask

SURE = 0.998
"""Probabilities closer to 0 or 1 than this one count as this one."""


def log_odds(mask: SoftMask) -> SoftMask:
    """Those of a mask.

    >>> np.round(log_odds(np.array([[0.25, 0.5, 1.0]])), 4).tolist()
    [[-1.0986, 0.0, 6.2126]]
    """
    soft = mask.clip(1 - SURE, SURE)
    return np.log(soft / (1 - soft))


def probability(odds: SoftMask) -> SoftMask:
    """The mask that has some log-odds."""
    return 1 / (1 + np.exp(-odds))
