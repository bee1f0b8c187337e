"""Who may do what, and how it is known who says something."""
