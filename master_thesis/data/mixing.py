"""Draws background sequences from several data folders, each with a weight."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from master_thesis.configs.data import DataConfig, parse_weighted
from master_thesis.data.sequences import SequenceSet, find_backgrounds

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mixture:
    """Sets of sequences, and how often each is drawn from.

    Attributes:
        sets: the sets.
        shares: of the draws; they add up to 1.
    """

    sets: tuple[SequenceSet, ...]
    shares: tuple[float, ...]

    def choose(self, rng: np.random.Generator) -> SequenceSet:
        """Draws a set; a single one costs no random number, so that it gives the same clips as by itself."""
        if len(self.sets) == 1:
            return self.sets[0]
        return self.sets[
            int(np.searchsorted(np.cumsum(self.shares), rng.random(), side="right").clip(max=len(self.sets) - 1))
        ]


Sequences: TypeAlias = SequenceSet | Mixture
"""What frames are drawn from."""


def choose_set(sequences: Sequences, rng: np.random.Generator) -> SequenceSet:
    """Draws a set of a mixture; a set is its own."""
    return sequences if isinstance(sequences, SequenceSet) else sequences.choose(rng)


def mix_backgrounds(config: DataConfig, own: SequenceSet) -> Mixture:
    """The training sequences of ``--data_path``, with weight 1, and those of ``--further_data``.

    Raises:
        UserError: a further folder holds no GOT10k, or no sequences.
    """
    further = [parse_weighted(text) for text in config.further_data]
    sets = [own, *(find_backgrounds(folder, "train", config.follow_links, "further_data") for folder, _ in further)]
    weights = np.array([1.0, *(weight for _, weight in further)])
    shares = tuple((weights / weights.sum()).tolist())
    if further:
        for found, share in zip(sets, shares, strict=True):
            log.info("%.1f %% of the clips: %s", 100 * share, found)
    return Mixture(tuple(sets), shares)
