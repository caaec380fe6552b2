"""``python -m master_thesis``."""

from master_thesis.cli import command

if __name__ == "__main__":
    command()
