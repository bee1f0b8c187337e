"""The modules: what is replicated, and what may stand in it."""
