"""The front end: HTTP for module data and management, health, and the process."""
