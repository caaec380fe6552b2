"""``python -m master_thesis``."""

from master_thesis.cli.main import command

if __name__ == "__main__":
    command()
