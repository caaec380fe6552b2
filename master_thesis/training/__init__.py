"""The Lightning modules: what DFPN and CHN share once, then each its own."""
