"""The end of a training that no longer improves."""

from __future__ import annotations

from pytorch_lightning.callbacks import EarlyStopping

from master_thesis.training.checkpointing import mode_of


def make_early_stopping(monitor: str, patience: int) -> EarlyStopping:
    """Ends a training after some validations without a better figure; a resumed run counts on.

    Args:
        monitor: the figure, ``validation/<name>``, as for ``best.ckpt``.
        patience: the number of validations.
    """
    # Not strict: best.ckpt needs the same figure, and a missing one is reported there.
    return EarlyStopping(monitor, mode=mode_of(monitor), patience=patience, verbose=True, strict=False)
