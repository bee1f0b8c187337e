"""The content of files, stored beside the pool store under its digest, and how it is fetched from another pool.

- `store`: what is here; `incoming`: how it comes in, from a client or piecemeal; `files`: the few ways to touch a disk.
- `fetch_plan`: what to ask for next, decided purely; `fetching`: that plan carried out, and the answering end.
"""
