"""Frozen values and pure rules; nothing here touches a clock, a socket or a disk."""
