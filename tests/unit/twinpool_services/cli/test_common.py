from pathlib import Path

import pytest

from twinpool.errors import InvalidParameter
from twinpool_services.cli.backup_cmdlets import CMDLETS
from twinpool_services.cli.common import Common, Format, part_common, wants_json

STATUS = CMDLETS[0].parameters


@pytest.mark.parametrize(
    "words", [["--format", "json"], ["--format=json"], ["-Format", "JSON"], ["-format:json"], ["\u2013Format", "json"]]
)
def test_the_format_is_found_anywhere(words: list[str]) -> None:
    common, left = part_common(["-PoolFqdn", "pool1.lab", *words, "-Force"], STATUS)
    assert common == Common(format=Format.JSON)
    assert left == ["-PoolFqdn", "pool1.lab", "-Force"]
    assert wants_json(words)


@pytest.mark.parametrize("words", [["-?"], ["--help"], ["-h"], ["-Help"]])
def test_help_has_many_names(words: list[str]) -> None:
    assert part_common(words, STATUS)[0].help


def test_the_deployment_file_is_a_path() -> None:
    assert part_common(["--deployment", "a/b.toml"])[0].deployment == Path("a/b.toml")


def test_a_parameter_of_the_cmdlets_own_counts_more() -> None:
    assert part_common(["-Fo"], STATUS) == (Common(), ["-Fo"])


@pytest.mark.parametrize("words", [["--format"], ["--format", "xml"], ["--format", "-x"], ["--format=json"] * 2])
def test_a_wrong_format_is_refused(words: list[str]) -> None:
    with pytest.raises(InvalidParameter) as refused:
        part_common(words)
    assert refused.value.field == "format"


def test_errors_are_json_only_if_asked_for() -> None:
    assert not wants_json([])
    assert not wants_json(["--format", "table"])
    assert not wants_json(["-PoolFqdn", "json"])
