"""Options: frozen dataclasses with the help next to the default, and their cross-checks. Nothing here imports torch."""
