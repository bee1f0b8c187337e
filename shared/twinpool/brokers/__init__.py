"""Links to a message broker, and how exchanges and queues are named."""
