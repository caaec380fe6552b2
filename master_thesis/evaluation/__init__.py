"""Scoring video inpainting by stated protocols."""
