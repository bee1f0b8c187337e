"""Verification of a stream at one position: digests, what is asked and answered, and how a difference is narrowed down.

Sans I/O: who reads stores and who sends messages is the business of others.
"""
