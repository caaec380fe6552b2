"""Temporal copying and local hallucination for video inpainting."""
