"""Decoding and encoding videos, masks and sound."""
