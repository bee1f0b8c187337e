"""Reads the deployment file (TOML) and its overrides from the environment, strictly.

Environment
- `TWINPOOL_DEPLOYMENT`: the deployment file
- `TWINPOOL_BROKER_URL`, `TWINPOOL_BROKER_HEARTBEAT`, `TWINPOOL_LEASE_DURATION`, `TWINPOOL_PARTNER_QUERY_TIMEOUT`,
  `TWINPOOL_CMS_MASTER`: instead of the key of the file
- `TWINPOOL_STORE_<POOL>`: instead of the pool's `store`; the FQDN in capitals, with `_` for dots and hyphens, as in
  `TWINPOOL_STORE_POOL1_LAB`
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from twinpool import toml_lines
from twinpool.deployment_file import DeploymentFile
from twinpool.errors import InvalidConfiguration
from twinpool.vocabulary.deployment import Deployment

FILE_VARIABLE = "TWINPOOL_DEPLOYMENT"
STORE_VARIABLE = "TWINPOOL_STORE_"
USUAL_FILES = (Path("twinpool.toml"), Path("lab/twinpool.toml"))

#: Variable → the key that it stands for.
VARIABLES: Mapping[str, tuple[str, str]] = {
    "TWINPOOL_BROKER_URL": ("broker", "url"),
    "TWINPOOL_BROKER_HEARTBEAT": ("broker", "heartbeat"),
    "TWINPOOL_LEASE_DURATION": ("deployment", "lease_duration"),
    "TWINPOOL_PARTNER_QUERY_TIMEOUT": ("deployment", "partner_query_timeout"),
    "TWINPOOL_CMS_MASTER": ("deployment", "cms_master"),
}


def find_deployment_file(
    given: Path | None = None, environment: Mapping[str, str] = os.environ, directory: Path | None = None
) -> Path:
    """Return the file given, else that of `TWINPOOL_DEPLOYMENT`, else twinpool.toml or lab/twinpool.toml here.

    Raises `InvalidConfiguration` if there is none.
    """
    if given is not None:
        return given
    if named := environment.get(FILE_VARIABLE):
        return Path(named)
    for usual in USUAL_FILES:
        if (path := (directory or Path.cwd()) / usual).is_file():
            return path
    raise InvalidConfiguration(
        f"no deployment file: name one with --deployment or {FILE_VARIABLE}; there is no twinpool.toml and no "
        "lab/twinpool.toml here",
        field="deployment",
    )


def load_deployment(path: Path, environment: Mapping[str, str] = os.environ) -> Deployment:
    """Read a deployment file. Raises `InvalidConfiguration` naming file, line and key, or the variable to blame."""
    text = _read(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfiguration(f"{path}: {error}") from error
    source = _Source(path, text, _override(document, environment))
    try:
        return DeploymentFile.model_validate(document).deployment_at(path.resolve().parent)
    except ValidationError as error:
        raise source.blame(*_first_complaint(error)) from None  # The original shows what was given: passwords too.
    except InvalidConfiguration as error:
        raise source.blame(_path(error.field), str(error)) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidConfiguration(f"cannot read the deployment file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(f"{path}: is not UTF-8 at byte {error.start}") from error


def _override(document: dict[str, Any], environment: Mapping[str, str]) -> dict[toml_lines.Path, str]:
    """Put what the environment says into the document; return which variable stands behind which key."""
    behind: dict[toml_lines.Path, str] = {}
    for variable, (table, key) in VARIABLES.items():
        if (value := environment.get(variable)) is not None and isinstance(document.setdefault(table, {}), dict):
            document[table][key] = value
            behind[table, key] = variable
    stores = {name: value for name, value in environment.items() if name.startswith(STORE_VARIABLE)}
    pools = document.get("pool")
    for at, pool in enumerate(pools if isinstance(pools, list) else []):
        if isinstance(pool, dict) and (variable := store_variable(str(pool.get("fqdn")))) in stores:
            pool["store"] = stores[variable]
            behind["pool", at, "store"] = variable
    if unknown := sorted(set(stores) - set(behind.values())):
        raise InvalidConfiguration(f"environment variable {unknown[0]}: no pool has this name", field=unknown[0])
    return behind


def store_variable(fqdn: str) -> str:
    """Name the environment variable that stands for a pool's store."""
    return STORE_VARIABLE + re.sub(r"[^A-Z0-9]", "_", fqdn.upper())


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the values come from, to say whom to blame."""

    file: Path
    text: str
    behind: Mapping[toml_lines.Path, str]

    def blame(self, path: toml_lines.Path, complaint: str) -> InvalidConfiguration:
        key = _key(path)
        if variable := self.behind.get(path):
            return InvalidConfiguration(f"environment variable {variable}: {complaint}", field=variable)
        line = toml_lines.line_of(self.text, path)
        place = f"{self.file}, line {line}" if line else str(self.file)
        return InvalidConfiguration(f"{place}: {key}: {complaint}", field=key)


def _first_complaint(error: ValidationError) -> tuple[toml_lines.Path, str]:
    first = error.errors(include_input=False, include_url=False)[0]
    complaints = {
        "missing": "is missing",
        "extra_forbidden": "is not a key that we know",
        "value_error": str(first.get("ctx", {}).get("error", "")),
    }
    complaint = complaints.get(first["type"]) or first["msg"].replace("Input should", "should")
    more = f" (and {error.error_count() - 1} more to correct)" if error.error_count() > 1 else ""
    return first["loc"], complaint + more


def _key(path: toml_lines.Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _path(key: str) -> toml_lines.Path:
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", key))
