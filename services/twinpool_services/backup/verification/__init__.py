"""Verifying what a backup pool keeps: the side that serves a home asks, the replica answers."""
