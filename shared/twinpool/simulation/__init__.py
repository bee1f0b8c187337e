"""A seeded simulation of a pair: the protocol's two ends over a hostile broker, with crashes and take-overs.

`schedule.run` plays one schedule, `shrinking.shrink` finds its fewest faults, and `checking` says what must hold after
each step. Nothing here sleeps, opens a socket or starts a thread: a seed is replayed exactly.
"""
