"""Shows a result on a self-contained page."""
