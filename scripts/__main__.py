"""Commands for developers."""

from pathlib import Path

from scripts.by_name import run_by_name

if __name__ == "__main__":
    run_by_name(Path(__file__).resolve().parent, __doc__)
