"""The backup service's configuration: each setting with what it means and may be, checked here and by the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool.security.roles import Role
from twinpool.vocabulary.configuration import SETTINGS, BackupServiceConfiguration
from twinpool.vocabulary.settings import Integer, Setting, Span, SyncTrigger, Trigger
from twinpool_services.dashboard.acting import ApiRefused
from twinpool_services.dashboard.pages.page import Page, Visit
from twinpool_services.frontend.routes.configuration import WHO_MAY_CALL

PATH = ["v1", "backup-configuration"]
FIXED = "Identity"
SPAN = r"(\d+\.)?\d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,7})?"  #: how a browser tells a time span from something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A setting, as the form has it."""

    name: str
    meaning: str
    expected: str  #: what may be given, in words
    value: str
    default: str
    may_change: bool
    low: int | None = None  #: of a whole number
    high: int | None = None
    pattern: str = ""  #: of a time span
    choices: tuple[str, ...] = ()


async def show(visit: Visit) -> Response:
    """Show every setting."""
    return await _page(visit)


async def change(visit: Visit) -> Response:
    """Change those that were edited."""
    current = await visit.ask(PATH)
    try:
        wanted = _changed(current, visit.form)
        if wanted:
            await visit.do("PATCH", PATH, wanted)
    except InvalidParameter as error:
        return await _page(visit, error, field=error.field or "", status=422)
    except ApiRefused as refused:
        if refused.problem.status not in {409, 422}:
            raise
        return await _page(visit, refused, field=refused.problem.field, status=refused.problem.status)
    return visit.go("/configuration?changed=" + ",".join(wanted))


def _changed(current: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, object]:
    """Return the settings of a form that are not as they were, checked. Raises `InvalidParameter`."""
    return {
        setting.name: setting.kind.write(setting.read(form[setting.name]))
        for setting in SETTINGS
        if setting.name != FIXED
        and setting.name in form
        and form[setting.name].strip() != text_of(current[setting.name])
    }


def text_of(value: object) -> str:
    """Write a setting as the form has it."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def fields(values: Mapping[str, Any], *, may: bool, may_admit: bool) -> Iterator[Field]:
    """Return the fields of the form; who may call the backup service is for server administrators to say."""
    usual = BackupServiceConfiguration().to_document()
    for setting in SETTINGS:
        if setting.name == FIXED:
            continue
        yield Field(
            name=setting.name,
            meaning=setting.meaning,
            expected=setting.kind.expected,
            value=text_of(values[setting.name]),
            default=text_of(usual[setting.name]),
            may_change=may and (may_admit or setting.name not in WHO_MAY_CALL),
            **_bounds(setting),
        )


def _bounds(setting: Setting[Any]) -> Mapping[str, Any]:
    match setting.kind:
        case Integer(low=low, high=high):
            return {"low": low, "high": high}
        case Span():
            return {"pattern": SPAN}
        case Trigger():
            return {"choices": tuple(each.value for each in SyncTrigger)}
        case _:
            return {}


async def _page(visit: Visit, problem: TwinpoolError | None = None, *, field: str = "", status: int = 200) -> Response:
    values = {**await visit.ask(PATH), **(visit.form if problem else {})}
    may, may_admit = await visit.may(Role.ADMINISTER), await visit.may(Role.ADMINISTER_SERVERS)
    return visit.page(
        "configuration.html.j2",
        status=status,
        fields=list(fields(values, may=may, may_admit=may_admit)),
        problem=problem,
        wrong=field,
        may=may,
        changed=visit.query.get("changed"),
    )


PAGES = (
    Page(path="/configuration", role=Role.VIEW, answer=show, title="Configuration"),
    Page(path="/configuration", role=Role.ADMINISTER, answer=change, takes="change_configuration"),
)
