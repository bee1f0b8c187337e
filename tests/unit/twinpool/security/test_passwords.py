import stat
from pathlib import Path

import pytest

from twinpool.errors import InvalidConfiguration
from twinpool.security.key_files import ReadableByOthers
from twinpool.security.passwords import broker_url_of, make_password, read_password
from twinpool.vocabulary.deployment import FrontEnd, Pool
from twinpool.vocabulary.names import FrontEndName, PoolFqdn


def pool(password_file: Path | None) -> Pool:
    front_end = FrontEnd(name=FrontEndName("fe1"), host="127.0.0.1", port=1, address="http://127.0.0.1:1")
    return Pool(
        fqdn=PoolFqdn("pool1.lab"),
        store="sqlite:////srv/pool1.db",
        content=Path("/srv/content"),
        broker_url="amqp://somebody:else@one:5672,two:5672/twin?heartbeat=7",
        front_ends=(front_end,),
        broker_user="pool 1" if password_file else None,
        broker_password_file=password_file,
    )


def test_a_password_that_was_made_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys/password"

    made = make_password(path)

    assert read_password(path) == made
    assert len(made) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_password_is_never_overwritten(tmp_path: Path) -> None:
    made = make_password(tmp_path / "password")

    with pytest.raises(InvalidConfiguration, match="File exists"):
        make_password(tmp_path / "password")
    assert read_password(tmp_path / "password") == made


def test_a_password_that_others_can_read_is_refused(tmp_path: Path) -> None:
    make_password(tmp_path / "password")
    (tmp_path / "password").chmod(0o644)

    with pytest.raises(ReadableByOthers):
        read_password(tmp_path / "password")


@pytest.mark.parametrize("held", ["", "\nsecond", "x" * 2_000])
def test_a_file_that_holds_no_password_is_refused_without_showing_it(tmp_path: Path, held: str) -> None:
    path = tmp_path / "password"
    path.write_text(held, encoding="ascii")
    path.chmod(0o600)

    with pytest.raises(InvalidConfiguration, match="one line") as refused:
        read_password(path)
    assert "xxx" not in str(refused.value)


def test_a_pools_own_user_takes_the_place_of_the_urls(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("s3:cr/et@\n", encoding="ascii")
    path.chmod(0o600)

    assert broker_url_of(pool(path)) == "amqp://pool%201:s3%3Acr%2Fet%40@one:5672,two:5672/twin?heartbeat=7"
    assert broker_url_of(pool(None)) == pool(None).broker_url
