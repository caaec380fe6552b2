"""Networks: plain modules whose sizes are arguments."""
