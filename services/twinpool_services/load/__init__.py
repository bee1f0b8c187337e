"""Puts load on pools and measures what becomes of it: `twinpool load`.

A *profile* says what is offered when; a *run* offers it, whatever becomes of it, and watches both pools; its *result*
is tables, a summary and a report; an *experiment* is several runs that answer one question.
"""
