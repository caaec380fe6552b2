"""Decodes and encodes videos, masks and sound."""
