from datetime import timedelta
from pathlib import Path

import pytest

from twinpool.errors import InvalidConfiguration
from twinpool.options import find_deployment_file, load_deployment
from twinpool.vocabulary.deployment import Broker, Deployment, Edge, Pair
from twinpool.vocabulary.names import PoolFqdn
from twinpool.vocabulary.security import Signatures

EXAMPLE = Path(__file__).parents[3] / "docs/reference/deployment.example.toml"

MINIMAL = """\
[deployment]
cms_master = "pool1.lab"

[[pool]]
fqdn = "pool1.lab"
store = "sqlite:///pool1.lab.db"
front_ends = [
    { name = "fe1.pool1.lab", listen = "127.0.0.1:8101" },
    { name = "fe2.pool1.lab", listen = "127.0.0.1:8102" },
]

[[pool]]
fqdn = "pool2.lab"
store = "sqlite:///pool2.lab.db"
front_ends = [
    { name = "fe1.pool2.lab", listen = "127.0.0.1:8201" },
    { name = "fe2.pool2.lab", listen = "127.0.0.1:8202" },
]

[[pair]]
pools = ["pool1.lab", "pool2.lab"]
"""


def load(directory: Path, text: str = MINIMAL, **environment: str) -> Deployment:
    path = directory / "twinpool.toml"
    path.write_text(text, encoding="utf-8")
    return load_deployment(path, environment)


def complaint(directory: Path, text: str, **environment: str) -> InvalidConfiguration:
    with pytest.raises(InvalidConfiguration) as refused:
        load(directory, text, **environment)
    return refused.value


def test_the_sample_file_shows_the_defaults(tmp_path: Path) -> None:
    sample = EXAMPLE.read_text(encoding="utf-8")
    assert load(tmp_path, sample) == load(tmp_path, MINIMAL)


def test_the_sample_file_shows_each_default_as_it_is(tmp_path: Path) -> None:
    """Each key that is commented out, taken in, changes nothing."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    taken_in = [line.removeprefix("# ") if line.startswith("# ") and " = " in line else line for line in lines]
    assert sum(line not in lines for line in taken_in) == 18
    assert load(tmp_path, "\n".join(taken_in)) == load(tmp_path, MINIMAL)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    pool = load(tmp_path).pool("pool1.lab")
    assert pool.sqlite_file == tmp_path / "pool1.lab.db"
    assert pool.content == tmp_path / "pool1.lab.content"
    absolute = load(tmp_path, MINIMAL.replace("sqlite:///pool1.lab.db", "sqlite:////srv/p1.db")).pool("pool1.lab")
    assert absolute.sqlite_file == Path("/srv/p1.db")
    assert absolute.content == Path("/srv/p1.content")


def test_an_edge_server_names_the_pool_that_it_hands_everything_to(tmp_path: Path) -> None:
    edge = '[[edge]]\nfqdn = "EDGE1.lab"\nnext_hop = "pool2.lab"\n'

    assert load(tmp_path, MINIMAL + edge).edges == (Edge(fqdn="edge1.lab", next_hop=PoolFqdn("pool2.lab")),)
    assert complaint(tmp_path, MINIMAL + edge.replace("pool2", "pool9")).field == "edge[0].next_hop"
    assert complaint(tmp_path, MINIMAL + edge + edge).field == "edge[1].fqdn"


def test_defaults_stand_for_what_is_not_said(tmp_path: Path) -> None:
    deployment = load(tmp_path)
    assert deployment.lease_duration == timedelta(seconds=5)
    assert deployment.broker == Broker()
    assert deployment.pool("pool1.lab").broker_url == Broker().url
    assert deployment.pairs == (Pair(first=deployment.pools[0].fqdn, second=deployment.pools[1].fqdn),)
    assert deployment.front_end("fe1.pool1.lab")[1].address == "http://127.0.0.1:8101"


def test_an_unpaired_pool_is_allowed(tmp_path: Path) -> None:
    deployment = load(tmp_path, MINIMAL[: MINIMAL.index("[[pair]]")])
    assert deployment.unpaired == ("pool1.lab", "pool2.lab")


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ('cms_master = "pool1.lab"', 'cms_master = "pool9.lab"', 2, "deployment.cms_master"),
        ('cms_master = "pool1.lab"', "", 1, "deployment.cms_master"),
        ('cms_master = "pool1.lab"', 'cms_master = "pool1.lab"\ncolour = 3', 3, "deployment.colour"),
        ('fqdn = "pool2.lab"', 'fqdn = "pool_2"', 13, "pool[1].fqdn"),
        ('fqdn = "pool2.lab"', 'fqdn = "pool1.lab"', 13, "pool[1].fqdn"),
        ('fqdn = "pool2.lab"', "fqdn = 2", 13, "pool[1].fqdn"),
        ("sqlite:///pool2.lab.db", "sqlite:///pool1.lab.db", 14, "pool[1].store"),
        ("sqlite:///pool2.lab.db", "mysql://pool2", 14, "pool[1].store"),
        ('"fe2.pool2.lab"', '"fe1.pool1.lab"', 17, "pool[1].front_ends[1].name"),
        ("127.0.0.1:8202", "127.0.0.1:8101", 17, "pool[1].front_ends[1].listen"),
        ("127.0.0.1:8202", "127.0.0.1", 17, "pool[1].front_ends[1].listen"),
        ("127.0.0.1:8202", "0.0.0.0:8202", 17, "pool[1].front_ends[1]"),
        ('listen = "127.0.0.1:8202"', 'listen = "a:1", port = 8202', 17, "pool[1].front_ends[1].port"),
        ('["pool1.lab", "pool2.lab"]', '["pool1.lab", "pool9.lab"]', 21, "pair[0].pools"),
        ('["pool1.lab", "pool2.lab"]', '["pool1.lab", "pool1.lab"]', 21, "pair[0].pools"),
        ('["pool1.lab", "pool2.lab"]', '["pool1.lab"]', 21, "pair[0].pools"),
        ("[[pair]]", '[[pair]]\npools = ["pool1.lab", "pool2.lab"]\n[[pair]]', 23, "pair[1].pools"),
        ("[[pair]]", "[brocker]\n[[pair]]", 20, "brocker"),
        ("[[pair]]", '[broker]\nheartbeat = "00:00:01.5"\n[[pair]]', 21, "broker.heartbeat"),
        ("[[pair]]", "[broker]\nheartbeat = 10\n[[pair]]", 21, "broker.heartbeat"),
        ("[deployment]", '[deployment]\nlease_duration = "00:00:00.5"', 2, "deployment.lease_duration"),
    ],
)
def test_an_error_names_file_line_and_key(tmp_path: Path, old: str, new: str, line: int, key: str) -> None:
    assert old in MINIMAL
    error = complaint(tmp_path, MINIMAL.replace(old, new))
    assert error.field == key
    assert str(error).startswith(f"{tmp_path}/twinpool.toml, line {line}: {key}: ")


def test_what_is_missing_altogether_is_named(tmp_path: Path) -> None:
    error = complaint(tmp_path, "")
    assert error.field == "deployment"
    assert "is missing (and 1 more to correct)" in str(error)


def test_an_error_of_syntax_names_the_line(tmp_path: Path) -> None:
    assert "line 2" in str(complaint(tmp_path, "[deployment]\nname = \n"))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"absent\.toml"):
        load_deployment(tmp_path / "absent.toml", {})
    with pytest.raises(InvalidConfiguration, match="directory"):
        load_deployment(tmp_path, {})
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(InvalidConfiguration, match="UTF-8"):
        load_deployment(tmp_path / "latin.toml", {})


def test_the_environment_counts_more_than_the_file(tmp_path: Path) -> None:
    deployment = load(
        tmp_path,
        TWINPOOL_BROKER_URL="amqp://lab:pw@rabbit:5672/lab",
        TWINPOOL_BROKER_HEARTBEAT="00:00:30",
        TWINPOOL_LEASE_DURATION="00:00:10",
        TWINPOOL_CMS_MASTER="pool2.lab",
        TWINPOOL_STORE_POOL2_LAB="postgresql://u:pw@host/pool2",
        TWINPOOL_SOMETHING_ELSE="is none of our business",
    )
    assert deployment.broker == Broker(url="amqp://lab:pw@rabbit:5672/lab", heartbeat=timedelta(seconds=30))
    assert deployment.pool("pool1.lab").broker_url == deployment.broker.url
    assert deployment.lease_duration == timedelta(seconds=10)
    assert deployment.cms_master == "pool2.lab"
    assert deployment.pool("pool2.lab").store == "postgresql://u:pw@host/pool2"
    assert deployment.pool("pool2.lab").content == tmp_path / "pool2.lab.content"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TWINPOOL_BROKER_URL", "http://u:s3cret@host"),
        ("TWINPOOL_BROKER_URL", ""),
        ("TWINPOOL_BROKER_HEARTBEAT", "soon"),
        ("TWINPOOL_LEASE_DURATION", "01:00:00"),
        ("TWINPOOL_CMS_MASTER", "pool9.lab"),
        ("TWINPOOL_STORE_POOL1_LAB", "postgresql://u:s3cret@host"),
        ("TWINPOOL_STORE_POOL9_LAB", "sqlite:///pool9.db"),
    ],
)
def test_the_environment_is_checked_as_strictly_and_named(tmp_path: Path, variable: str, value: str) -> None:
    error = complaint(tmp_path, MINIMAL, **{variable: value})
    assert str(error).startswith(f"environment variable {variable}: ")
    assert error.field == variable
    assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    "url", ["postgresql://u:s3cret@host:port/d", "postgresql://u:s3cret@host", "http://u:s3cret@host/d"]
)
def test_a_password_is_in_no_error(tmp_path: Path, url: str) -> None:
    error = complaint(tmp_path, MINIMAL.replace("sqlite:///pool2.lab.db", url))
    while error is not None:
        assert "s3cret" not in str(error)
        error = error.__cause__  # type: ignore[assignment]  # any exception will do
    both = MINIMAL.replace("sqlite:///pool2.lab.db", "postgresql://u:s3cret@host/d")
    assert "s3cret" not in str(
        complaint(tmp_path, both.replace("sqlite:///pool1.lab.db", "postgresql://u:s3cret@host/d"))
    )


def test_the_deployment_file_is_looked_for_in_four_places(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="--deployment"):
        find_deployment_file(None, {}, tmp_path)
    in_lab = tmp_path / "lab" / "twinpool.toml"
    in_lab.parent.mkdir()
    in_lab.touch()
    assert find_deployment_file(None, {}, tmp_path) == in_lab
    here = tmp_path / "twinpool.toml"
    here.touch()
    assert find_deployment_file(None, {}, tmp_path) == here
    assert find_deployment_file(None, {"TWINPOOL_DEPLOYMENT": "named.toml"}, tmp_path) == Path("named.toml")
    assert find_deployment_file(Path("given.toml"), {"TWINPOOL_DEPLOYMENT": "named.toml"}) == Path("given.toml")


def test_keys_are_read_as_text_or_as_paths_beside_the_file(tmp_path: Path) -> None:
    text = "A" * 43 + "="
    keys = f'signing_key = "keys/pool1.lab.key"\nverify_keys = ["{text}", "keys/former.pub"]\nfront_ends'

    deployment = load(tmp_path, MINIMAL.replace("front_ends", keys, 1) + '[security]\nsignatures = "Required"\n')

    pool = deployment.pool("pool1.lab")
    assert pool.signing_key == tmp_path / "keys/pool1.lab.key"
    assert pool.verify_keys == (text, tmp_path / "keys/former.pub")
    assert deployment.security.signatures is Signatures.REQUIRED


def test_a_verify_key_that_is_cut_short_is_not_taken_for_a_path(tmp_path: Path) -> None:
    text = MINIMAL.replace("front_ends", 'verify_keys = ["AAAA="]\nfront_ends', 1)

    assert "32 bytes in base64" in str(complaint(tmp_path, text))
