"""The checker: pure functions from a history to violations, each with a minimal witness."""
