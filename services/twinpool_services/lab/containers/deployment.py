"""The deployment file of a lab of containers, as each of its readers gets it: nobody is told another's secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.lab.containers.plan import DATA, PORT, ContainerPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What the front ends of a pool alone may know."""

    pool: PoolFqdn
    broker_password_file: str  #: path, beside the file; so is the next one
    signing_key: str
    store_password: str


def deployment_text(plan: ContainerPlan, verify_keys: Mapping[PoolFqdn, str], own: Own | None = None) -> str:
    """Write the file for the front ends of one pool, or for the command line if `own` is None."""
    lines = [
        "# The deployment of a lab of containers, made when it was started first.",
        "",
        "[deployment]",
        'name = "lab"',
        f"cms_master = {_quoted(plan.pool_names[0])}",
        f"lease_duration = {_quoted(plan.lease_duration)}",
        "",
        "[security]",
        # The command line signs nothing, so its file has no key that it could sign with.
        f"signatures = {_quoted('Required' if own else 'WithKeys')}",
    ]
    for pool in plan.pool_names:
        lines += _pool(plan, pool, verify_keys[pool], own if own and own.pool == pool else None)
    for pair in plan.pairs:
        lines += ["", "[[pair]]", f"pools = {_list(pair)}"]
    return "\n".join(lines) + "\n"


def _pool(plan: ContainerPlan, pool: PoolFqdn, verify_key: str, own: Own | None) -> list[str]:
    store = plan.store_url(pool, own.store_password if own else "")
    lines = [
        "",
        "[[pool]]",
        f"fqdn = {_quoted(pool)}",
        f"store = {_quoted(store)}",
        f"content = {_quoted(f'{DATA}/{pool}.content')}",
        f"broker_url = {_quoted(plan.broker_url(pool))}",
        f"verify_keys = {_list([verify_key])}",
    ]
    if own is not None:
        lines += [
            f"signing_key = {_quoted(own.signing_key)}",
            f"broker_password_file = {_quoted(own.broker_password_file)}",
        ]
    lines.append("front_ends = [")
    for name in plan.front_end_names(pool):
        place = f'listen = "0.0.0.0:{PORT}", address = "http://{name}:{PORT}"'
        lines.append(f"    {{ name = {_quoted(name)}, {place} }},")
    return [*lines, "]"]


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _quoted(text: str) -> str:
    """Write a TOML string; JSON's are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False)
