-- PostgreSQL gets a function here; SQLite needs none, for its statements run in our own process.
SELECT 1;
