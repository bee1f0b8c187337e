"""Rehearses a disaster on a throw-away copy of the pool store."""
