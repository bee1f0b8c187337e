"""What benches and load runs measure with: how far the partner has come, what processes cost, on which machine."""
