"""The command: ``python -m master_thesis``."""
