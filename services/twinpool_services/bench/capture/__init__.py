"""Writes with capture beside the same writes without: `twinpool bench capture`."""
