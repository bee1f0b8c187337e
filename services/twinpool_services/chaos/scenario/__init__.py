"""What a scenario says, how its file is read, and what a seed makes of it."""
