"""Who serves a home: the threads, the papers in the pool store and the gate before writes that the machines need."""
