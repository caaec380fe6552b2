"""Training losses: pure functions."""
