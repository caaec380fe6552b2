"""Measures video inpainting under named protocols."""
