import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from twinpool.errors import InvalidConfiguration
from twinpool.security.key_files import (
    ReadableByOthers,
    key_id_of,
    new_private_key,
    private_key_text,
    public_key_of,
    public_key_text,
    read_private_key,
    read_public_keys,
    require_private,
)


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="ascii")
    path.chmod(mode)
    return path


def test_a_private_key_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    key = new_private_key()

    read = read_private_key(written(tmp_path / "key", private_key_text(key)))

    assert read.private_bytes_raw() == key.private_bytes_raw()


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o602, 0o777])
def test_a_private_key_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "key", private_key_text(new_private_key()), mode)

    with pytest.raises(ReadableByOthers, match=f"{mode:04o}"):
        read_private_key(path)


@pytest.mark.parametrize(("owner", "mode", "is_private"), [(0, 0o640, True), (1000, 0o640, False), (1000, 0o400, True)])
def test_root_alone_may_lend_a_key_to_a_group(tmp_path: Path, owner: int, mode: int, is_private: bool) -> None:
    path = written(tmp_path / "key", "")
    status = list(path.stat())
    status[stat.ST_MODE], status[stat.ST_UID] = stat.S_IFREG | mode, owner

    def check() -> None:
        require_private(path, type(path.stat())(status))

    if is_private:
        check()
    else:
        with pytest.raises(ReadableByOthers):
            check()


def test_a_public_key_is_read_from_base64_and_from_pem(tmp_path: Path) -> None:
    public = new_private_key().public_key()
    text = public_key_text(public)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    assert public_key_of(text) == public
    assert read_public_keys(written(tmp_path / "pem", pem, 0o644)) == (public,)
    assert read_public_keys(written(tmp_path / "base64", f"# of today\n{text} # the new one\n\n", 0o644)) == (public,)


def test_a_file_may_hold_several_public_keys(tmp_path: Path) -> None:
    keys = tuple(new_private_key().public_key() for _ in range(2))

    assert read_public_keys(written(tmp_path / "two", "\n".join(map(public_key_text, keys)))) == keys


def test_what_is_no_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    inside = "c2VjcmV0LXNlY3JldC1zZWNyZXQ"

    for read in (read_private_key, read_public_keys):
        with pytest.raises(InvalidConfiguration, match="holds no p") as refused:
            read(written(tmp_path / "key", inside))
        assert inside not in str(refused.value)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = generate_private_key(SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    with pytest.raises(InvalidConfiguration, match="another kind"):
        read_private_key(written(tmp_path / "private", private))
    with pytest.raises(InvalidConfiguration, match="another kind"):
        read_public_keys(written(tmp_path / "public", public))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"no\.key: No such file"):
        read_private_key(tmp_path / "no.key")


def test_the_key_id_belongs_to_the_public_key_alone() -> None:
    one, other = new_private_key(), new_private_key()

    assert key_id_of(one.public_key()) == key_id_of(public_key_of(public_key_text(one.public_key())))
    assert key_id_of(one.public_key()) != key_id_of(other.public_key())
