"""Pool stores: in memory for tests, SQLite for a pool on one host, PostgreSQL for a pool on several."""
