"""Faults: each kind in its own small module, behind one protocol."""
