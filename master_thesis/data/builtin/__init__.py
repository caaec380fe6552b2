"""The built-in data: a small data tree written without a network."""
