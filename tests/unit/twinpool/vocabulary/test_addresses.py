import pytest

from twinpool.vocabulary import addresses


def test_a_pool_is_kept_in_lower_case() -> None:
    assert addresses.parse_fqdn("Pool1.LAB") == "pool1.lab"


@pytest.mark.parametrize(
    "text",
    ["", "pool1", "pool1.", ".lab", "pool_1.lab", "-a.lab", "a-.lab", "a..lab", "pöol.lab", "a b.lab", "cms",
     "a" * 64 + ".lab", ".".join(["a" * 50] * 3), "a.lab\n", "..", "a.lab/../x",
     "a.lab\x00"],
)  # fmt: skip
def test_what_is_no_fqdn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="fully qualified"):
        addresses.parse_fqdn(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:8101", ("127.0.0.1", 8101)),
        ("FE1.lab:1", ("fe1.lab", 1)),
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_a_listen_address_is_host_and_port(text: str, place: tuple[str, int]) -> None:
    assert addresses.parse_listen(text) == place


@pytest.mark.parametrize("text", ["", "8101", "host", "host:", "host:0", "host:65536", ":8101", "::1:8101", "a b:1"])
def test_what_is_no_listen_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        addresses.parse_listen(text)


@pytest.mark.parametrize("text", ["http://fe1:8101", "https://fe1.lab", "http://127.0.0.1:8101/"])
def test_a_front_ends_address_is_scheme_host_and_port(text: str) -> None:
    assert addresses.parse_http_url(text) == text.rstrip("/")


@pytest.mark.parametrize(
    "text",
    ["fe1:8101", "ftp://fe1", "http://", "http://fe1/path", "http://u:s3cret@fe1", "http://fe1?x=1", "http:/fe1"],
)
def test_what_is_no_front_ends_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be an address") as refused:
        addresses.parse_http_url(text)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("text", ["amqp://guest:guest@127.0.0.1:5672/", "amqps://host", "amqp://host/vhost"])
def test_a_broker_is_reached_by_amqp(text: str) -> None:
    assert addresses.parse_broker_url(text) == text


@pytest.mark.parametrize(
    "text", ["http://host", "amqp://", "amqp:///", "amqp://u:s3cret/x@host", "amqp://host:s3cret", "amqp://h/a/b", ""]
)
def test_what_is_no_broker_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(ValueError, match="AMQP address") as refused:
        addresses.parse_broker_url(text)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:///pool1.db",
        "sqlite:////srv/pool1.db",
        "postgresql://u:p@host:5432/pool1",
        "postgresql:///pool1?host=/run",
    ],
)
def test_a_store_is_a_file_or_a_database(text: str) -> None:
    assert addresses.parse_store_url(text) == text


@pytest.mark.parametrize(
    "text", ["sqlite://pool1.db", "sqlite:///", "sqlite:///dir/", "sqlite:///a?b=c", "postgresql://host", "mysql://h/d",
             "postgresql://u:s3cret@host:port/d", "pool1.db"],
)  # fmt: skip
def test_what_is_no_store_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///FILE") as refused:
        addresses.parse_store_url(text)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://u:p@ss@host:1/v", "amqp://u:***@host:1/v"),
        ("amqp://host:1/v", "amqp://host:1/v"),
        ("sqlite:////srv/a.db", "sqlite:////srv/a.db"),
        ("postgresql://u@host/d", "postgresql://u@host/d"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert addresses.without_password(url) == shown


def test_a_broker_url_may_name_all_nodes_of_a_cluster() -> None:
    url = "amqp://ada:s,ecret@one.lab:5672,two.lab:5673/lab?heartbeat=2"

    assert addresses.parse_broker_url(url) == url
    assert addresses.broker_addresses(url) == (
        "amqp://ada:s,ecret@one.lab:5672/lab?heartbeat=2",
        "amqp://ada:s,ecret@two.lab:5673/lab?heartbeat=2",
    )


@pytest.mark.parametrize("url", ["amqp://one:5672,/lab", "amqp://,one/lab", "amqp://one:5672,two:0/lab"])
def test_each_node_of_a_cluster_needs_an_address(url: str) -> None:
    with pytest.raises(ValueError, match="AMQP address"):
        addresses.parse_broker_url(url)


@pytest.mark.parametrize(
    "name", ["ca", "Broker", "operator", "", ".", "..", "fe1/..", "fe1\\x", "fe1\x00", "fé1", "-fe1", "fe1 ", "x" * 101]
)
def test_what_could_be_another_file_is_no_front_end(name: str) -> None:
    with pytest.raises(ValueError, match="must"):
        addresses.parse_front_end_name(name)
