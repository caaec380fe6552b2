"""Removes objects from videos of any length and size."""
