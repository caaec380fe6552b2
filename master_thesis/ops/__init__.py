"""Pure functions from tensors to tensors: inputs are never written to, nothing is kept between calls."""
