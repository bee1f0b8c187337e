"""Measures twinpool beside what a user might take instead: `twinpool bench`, `scripts/bench`.

A *bench* measures something; its *contenders* do the same work by different ways, in turns, several rounds; the
*report* holds medians, ratios within the one run, and what they were measured on.
"""
