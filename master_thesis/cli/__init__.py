"""The command line: ``master_thesis COMMAND`` or ``python -m master_thesis COMMAND``."""
