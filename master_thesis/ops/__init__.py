"""Ground floor: pure functions from tensors to tensors. Nothing in place, nothing remembered."""
