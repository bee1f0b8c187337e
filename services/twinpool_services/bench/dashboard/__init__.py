"""What it costs replication that people look at it."""
