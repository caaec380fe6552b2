"""Lightning modules: the common base, and one for each network."""
