"""The report of a run: one HTML page with its pictures in it."""
