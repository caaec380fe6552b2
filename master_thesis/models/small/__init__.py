"""The small preset."""
