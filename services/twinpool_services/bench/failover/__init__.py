"""`twinpool bench failover`: how long users wait while they are moved, and that nothing they were told is lost."""
