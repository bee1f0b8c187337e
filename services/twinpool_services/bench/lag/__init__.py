"""Measures how long a change takes to the partner under a steady load that waits for nobody."""
