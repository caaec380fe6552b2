"""The command: ``python -m master_thesis``."""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from master_thesis.cli.options import PROGRAM, parse_options
from master_thesis.errors import UserError

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130  # as shells have it: 128 + SIGINT


def command() -> NoReturn:
    """Runs the command and ends the process."""
    code = main()
    if _is_one_of_several():
        # All is written by now. The threads that connect processes were seen to abort one while Python wound down,
        # and its exit code with it.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        argv: its arguments; None: those of the process.

    Returns:
        The exit code: 0, 2 after something that the user can mend, which is told in one line, or 130 after Ctrl-C.
    """
    try:
        options = parse_options(sys.argv[1:] if argv is None else argv)
        with _shown_log(), _quiet_threads():
            # torch and Lightning take seconds to import: nobody should wait for them to learn of a typing error.
            from master_thesis.cli.commands import run

            run(options)
    except UserError as error:
        print(f"{PROGRAM}: error: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except OSError as error:  # a full disk, a folder that cannot be written to: nothing of it is this program's fault
        where = f"{error.filename}: " if error.filename else ""
        print(f"{PROGRAM}: error: {where}{error.strerror or error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        remedy = "a smaller --batch_size, --train_size, --test_size or --window needs less"
        print(f"{PROGRAM}: error: the memory is used up: {remedy}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:  # whoever has something to go on from has said so
        return EXIT_INTERRUPTED
    return 0


def _is_one_of_several() -> bool:
    if "torch" not in sys.modules:  # told before it was needed
        return False
    from master_thesis.runtime.distributed import is_distributed

    return is_distributed()


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory, of the machine or of a GPU, could not be had (torch has no class of its own for the former)."""
    told = str(error)
    return isinstance(error, MemoryError) or "can't allocate memory" in told or "out of memory" in told


@contextmanager
def _shown_log() -> Iterator[None]:
    """Shows this package's log on stderr, and of Lightning's only what concerns the user."""
    log, lightning = logging.getLogger("master_thesis"), logging.getLogger("pytorch_lightning.utilities.rank_zero")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    lightning.addFilter(_is_no_advertisement)
    # Lightning 2.6 with torch 2.11 and later; there is nothing the user could do.
    warnings.filterwarnings("ignore", message=".*LeafSpec.* is deprecated", category=FutureWarning)
    # Frozen helpers evaluate while a network trains: that is what they are for.
    warnings.filterwarnings("ignore", message=".*in eval mode at the start of training", category=UserWarning)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        lightning.removeFilter(_is_no_advertisement)


@contextmanager
def _quiet_threads() -> Iterator[None]:
    """No traceback of threads that cannot write: TensorBoard's hands the error on to the main thread."""
    shown = threading.excepthook

    def show(failure: threading.ExceptHookArgs) -> None:
        if not issubclass(failure.exc_type, OSError):
            shown(failure)

    threading.excepthook = show
    try:
        yield
    finally:
        threading.excepthook = shown


def _is_no_advertisement(record: logging.LogRecord) -> bool:
    return "Tip:" not in record.getMessage()
