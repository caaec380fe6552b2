"""Filling sequences and videos."""
