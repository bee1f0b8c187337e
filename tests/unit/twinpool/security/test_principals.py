from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from twinpool.errors import InvalidConfiguration
from twinpool.security.principals import Principal, fingerprint_of, read_principals, write_principals
from twinpool.security.tokens import digest_of

ADA = Principal(name="ada", groups=("CSAdministrator",), token_sha256=digest_of("tp_ada"))
BOB = Principal(
    name="bob",
    groups=("TwinpoolDataClients",),
    homes=("pool1.lab",),
    token_sha256=digest_of("tp_bob"),
    expires=datetime(2030, 1, 1, tzinfo=UTC),
)


def test_the_same_principals_have_the_same_fingerprint_in_whatever_order(tmp_path: Path) -> None:
    write_principals(tmp_path / "p.toml", [BOB, ADA])

    assert fingerprint_of(read_principals(tmp_path / "p.toml")) == fingerprint_of([ADA, BOB])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([ADA], id="one is missing"),
        pytest.param([ADA, replace(BOB, groups=("CSAdministrator",))], id="another group"),
        pytest.param([ADA, replace(BOB, homes=("pool2.lab",))], id="another home"),
        pytest.param([ADA, replace(BOB, token_sha256=digest_of("tp_new"))], id="a new token"),
        pytest.param([ADA, replace(BOB, expires=None)], id="another end"),
    ],
)
def test_whatever_else_they_grant_is_another_fingerprint(other: list[Principal]) -> None:
    assert fingerprint_of(other) != fingerprint_of([ADA, BOB])


def test_a_file_that_everybody_may_write_to_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    write_principals(path, [ADA])
    path.chmod(0o666)

    with pytest.raises(InvalidConfiguration, match="chmod"):
        read_principals(path)
