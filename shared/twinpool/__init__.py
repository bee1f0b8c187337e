"""Twinpool: keeps two server pools in step, so that either can take over the other's users.

This is the library that both ends of a pair share; the processes live in `twinpool_services`.
"""
