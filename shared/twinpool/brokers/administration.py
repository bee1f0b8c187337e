"""Ways to ask a RabbitMQ for its definitions and to change them: its management API, or rabbitmqctl."""

from __future__ import annotations

import json
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import httpx

from twinpool.brokers.permissions import Definitions, Plan
from twinpool.brokers.rabbitmq_installation import find_installation
from twinpool.errors import BrokerUnreachable, InvalidParameter, NotAuthorised

SECONDS = 60.0


class Administration(Protocol):
    """Somebody who may administer a broker."""

    def definitions(self) -> Definitions:
        """Return what the broker says of itself. Raises `BrokerUnreachable`, `NotAdministrator`."""

    def apply(self, plan: Plan) -> None:
        """Add what a plan defines, over what is there. Raises `BrokerUnreachable`, `NotAdministrator`."""


class ManagementApi:
    """By HTTP, where the management plugin runs (3.10 as well as 4.x)."""

    def __init__(self, url: str, user: str, password: str, trust: ssl.SSLContext | None = None) -> None:
        """Know where it answers, and who asks."""
        self._url, self._credentials = url.rstrip("/"), (user, password)
        self._trust = trust if trust is not None else ssl.create_default_context()

    def definitions(self) -> Definitions:
        """Return what the broker says of itself."""
        document: Definitions = self._ask("GET").json()
        return document

    def apply(self, plan: Plan) -> None:
        """Add what a plan defines."""
        self._ask("POST", plan.definitions)

    def _ask(self, method: str, document: object = None) -> httpx.Response:
        try:
            with httpx.Client(verify=self._trust, trust_env=False, timeout=SECONDS, auth=self._credentials) as client:
                answer = client.request(method, f"{self._url}/api/definitions", json=document)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise BrokerUnreachable(f"the management API at {self._url} does not answer: {why}") from error
        if answer.status_code in {401, 403}:
            raise NotAdministrator(f"the management API at {self._url} does not take user {self._credentials[0]}")
        if not answer.is_success:
            raise BrokerUnreachable(f"the management API at {self._url} says {answer.status_code}: {answer.text:.300}")
        return answer


class NotAdministrator(NotAuthorised):
    """The credentials are wrong, or those of somebody who may not administer the broker."""

    hint = "Name a user with the tag administrator, and its password by --admin-password-file."


class Rabbitmqctl:
    """By the broker's own command, for a node on this machine."""

    def __init__(self, run: Callable[..., str]) -> None:
        """Run rabbitmqctl by calling `run` with its arguments, for example `PrivateNode.ctl`."""
        self._run = run

    @classmethod
    def of_node(cls, name: str | None) -> Rabbitmqctl:
        """Talk to a node by its name, or to the usual one. Raises `RabbitmqNotInstalled`."""
        program = str(find_installation().ctl)
        command = [program, "--quiet", *(["--node", name] if name else [])]

        def run(*arguments: str) -> str:
            try:
                words = [*command, *arguments]
                return subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=True).stdout
            except subprocess.TimeoutExpired as error:
                raise BrokerUnreachable(f"rabbitmqctl {arguments[0]} did not end in {SECONDS:.0f} s") from error
            except subprocess.CalledProcessError as error:
                said = (error.stderr or error.stdout).strip()
                raise BrokerUnreachable(f"rabbitmqctl {arguments[0]}: {said:.500}") from error

        return cls(run)

    def definitions(self) -> Definitions:
        """Return what the broker says of itself."""
        with tempfile.TemporaryDirectory(prefix="twinpool-") as directory:
            path = Path(directory) / "definitions.json"
            self._run("export_definitions", str(path))
            document: Definitions = json.loads(path.read_text(encoding="utf-8"))
        return document

    def apply(self, plan: Plan) -> None:
        """Add what a plan defines; passwords stand in no command line, only digests of them in a private file."""
        with tempfile.TemporaryDirectory(prefix="twinpool-") as directory:
            path = Path(directory) / "definitions.json"
            path.touch(mode=0o600)
            path.write_text(json.dumps(plan.definitions), encoding="utf-8")
            self._run("import_definitions", str(path))


def management_api(url: str, password: str | None, trust: ssl.SSLContext | None = None) -> ManagementApi:
    """Read the address of a management API with its user. Raises `InvalidParameter`, and never repeats a password."""
    try:
        parts = urlsplit(url)
        host, port, user = parts.hostname, parts.port, parts.username
    except ValueError:
        raise _no_address() from None
    if parts.scheme not in {"http", "https"} or not host or parts.path not in {"", "/"}:
        raise _no_address()
    given = password if password is not None else unquote(parts.password or "")
    if not user or not given:
        what = "the management API needs a user in its address, and a password by --admin-password-file"
        raise InvalidParameter(what, field="management-url")
    place = f"[{host}]" if ":" in host else host
    return ManagementApi(f"{parts.scheme}://{place}{f':{port}' if port else ''}", unquote(user), given, trust)


def _no_address() -> InvalidParameter:
    return InvalidParameter("must be an address like http://admin@127.0.0.1:15672", field="management-url")


def plain_steps(plan: Plan) -> list[dict[str, Any]]:
    """Return the lines of a plan for a table or JSON."""
    return [{"Action": str(s.action), "Kind": s.kind, "Name": s.name, "Detail": s.detail} for s in plan.steps]
