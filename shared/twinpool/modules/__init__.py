"""Modules: units of replicated data, each with its own rules; ours, and those that plug-ins add."""
