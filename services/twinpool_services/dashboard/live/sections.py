"""The parts of pages that keep themselves up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twinpool.security.roles import Role
from twinpool_services.dashboard.live.history import History
from twinpool_services.dashboard.live.scene import Scene
from twinpool_services.dashboard.rendering import Renderer
from twinpool_services.frontend.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a section is rendered from. `here` may be asked for more: it is done in the collector's own thread."""

    here: Context
    scene: Scene
    history: History
    renderer: Renderer
    argument: str  #: what the page asks the section for, for example which module; empty if nothing
    sees: frozenset[Role]  #: the roles of whoever looks

    @property
    def tells_reasons(self) -> bool:
        """Whether to tell what `Get-CsBackupServiceStatus` tells beyond the metrics."""
        return Role.BACKUP_SERVICE in self.sees


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page: an element with the attribute `data-live="name"` or `data-live="name:argument"`."""

    name: str
    role: Role  #: what it asks of whoever looks
    render: Callable[[Look], str]  #: returns HTML; the same HTML as before is not sent again


@dataclass(frozen=True, slots=True)
class Wanted:
    """A section, as somebody wants it: those who want the same share one rendering."""

    section: Section
    argument: str
    sees: frozenset[Role]

    @property
    def name(self) -> str:
        """The attribute `data-live` of its element."""
        return f"{self.section.name}:{self.argument}" if self.argument else self.section.name
