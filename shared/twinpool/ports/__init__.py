"""What the library needs of the world, as protocols; adapters in `stores` and `brokers` fulfil them."""
