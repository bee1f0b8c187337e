"""`twinpool demo`: a whole life of a pair in a minute, with a verdict at the end."""

from twinpool_services.lab.demo.command import app

__all__ = ["app"]
