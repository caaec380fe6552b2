"""Alignment without training."""
