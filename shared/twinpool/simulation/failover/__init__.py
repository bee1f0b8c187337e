"""A seeded simulation of failover: two pools, writers at both, operators, partitions, crashes at every step.

The machines of `twinpool.failover`, both ends of the protocol and the store in memory are the shipped ones; `world`
plays a schedule and `checking` says what must hold. Nothing here sleeps or opens a socket: a seed is replayed exactly.
"""
