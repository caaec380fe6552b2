"""Removing an object from people's own videos."""
