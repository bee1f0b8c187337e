"""The front end: HTTP for module data and management, health, and the process. What other services may use is here."""

from twinpool_services.frontend.exit_codes import ExitCode
from twinpool_services.frontend.process import run

__all__ = ["ExitCode", "run"]
