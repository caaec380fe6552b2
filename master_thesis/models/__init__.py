"""Networks: plain modules, sizes as arguments."""
