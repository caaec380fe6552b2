"""The command: ``python -m master_thesis``."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from master_thesis.cli import commands
from master_thesis.cli.help import program
from master_thesis.cli.parsing import parse_command
from master_thesis.errors import UserError
from master_thesis.runtime.installs import require_opencv
from master_thesis.runtime.interruption import Terminated, is_work_left_behind
from master_thesis.runtime.threads import Load, choose_waiting

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED, EXIT_TERMINATED = 130, 143  # as shells have it: 128 + SIGINT, 128 + SIGTERM


def command() -> NoReturn:
    """Runs the command and ends the process."""
    code = main()
    if _is_one_of_several() or is_work_left_behind():
        # Everything is written. The threads that connect processes, or that still work for nobody, may abort the
        # process while Python shuts down, and its exit code is lost.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    gc.freeze()  # with torch, a last search for garbage takes half a second
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        argv: its arguments; None: those of the process.

    Returns:
        The exit code: 0, 2 after an error that the user can correct, which is printed as one line, 130 after
        Ctrl-C, or 143 after SIGTERM.
    """
    load = Load.now()
    try:
        options = parse_command(sys.argv[1:] if argv is None else argv)
        require_opencv()
        if "torch" not in sys.modules:
            choose_waiting(load)
        with _shown_log(), _quiet_threads():
            commands.run(options)
    except UserError as error:
        return _refuse(str(error))
    except OSError as error:  # a full disk, a folder without permission: no fault of this program
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}")
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return _refuse(
            "the memory is used up: a smaller --batch_size, --train_size, --test_size or --window needs less"
        )
    except Terminated:
        return EXIT_TERMINATED
    except KeyboardInterrupt:  # what can be resumed has said so
        return EXIT_INTERRUPTED
    return 0


def _refuse(message: str) -> int:
    print(f"{program()}: error: {message}", file=sys.stderr)
    return EXIT_USER_ERROR


def _is_one_of_several() -> bool:
    if "torch" not in sys.modules:  # the error came before torch was needed
        return False
    from master_thesis.runtime.distributed import is_distributed

    return is_distributed()


def is_out_of_memory(error: Exception) -> bool:
    """Whether the memory of the machine or of a GPU is used up (torch has no class of its own for the former)."""
    message = str(error)
    return isinstance(error, MemoryError) or "can't allocate memory" in message or "out of memory" in message


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
