"""``python -m master_thesis``."""

import sys

from master_thesis.cli import main

if __name__ == "__main__":
    sys.exit(main())
