"""The content of files, stored beside the pool store under its digest."""
