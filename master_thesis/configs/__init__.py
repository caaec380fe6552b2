"""Options: frozen dataclasses with the help beside the default, and their cross-checks. Nothing here imports torch."""
