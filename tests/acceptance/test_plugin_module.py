"""A module of another distribution joins ours once it is installed; nothing of ours is touched for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent / "example_module"
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-module.md"

OURS = ["UserServices.PresenceFocus", "ConfServices.DataConf", "CentralMgmt.CMSMaster"]

ASK = """
import json
from twinpool.errors import InvalidRecord
from twinpool.modules.registry import load_modules
from twinpool.vocabulary.change import Change

modules = load_modules()
refused = ""
try:
    modules["callforwarding"].check(Change("ada@example.com", "sometimes", b"sip:bob@example.com"))
except InvalidRecord as error:
    refused = error.field
modules["callforwarding"].check(Change("ada@example.com", "busy", b"sip:bob@example.com"))
print(json.dumps({"names": modules.names, "refused": refused}))
"""


def run(*command: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with a directory of installed packages in front of its own."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the example is installed: beside this installation, not into it."""
    target = tmp_path_factory.mktemp("site-packages")
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    done = run("-m", "pip", "install", *options, "--target", str(target), str(EXAMPLE), path=target)
    assert done.returncode == 0, done.stderr
    return target


def test_an_installed_plug_in_is_found_after_ours_and_checks_its_records(installed: Path) -> None:
    done = run("-c", ASK, path=installed)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"names": [*OURS, "UserServices.CallForwarding"], "refused": "key"}


def test_a_broken_plug_in_is_named_with_its_distribution(installed: Path, tmp_path: Path) -> None:
    broken = tmp_path / "site-packages"
    broken.mkdir()
    for path in installed.glob("*.dist-info"):
        (broken / path.name).symlink_to(path)
    (broken / "twinpool_call_forwarding.py").write_text("import no_such_package\n")

    done = run("-c", ASK, path=broken)

    assert done.returncode != 0
    assert "UserServices.CallForwarding of distribution twinpool-call-forwarding cannot be loaded" in done.stderr


def test_without_the_plug_in_there_are_ours_alone(tmp_path: Path) -> None:
    done = run("-c", "from twinpool.modules.registry import load_modules; print(*load_modules().names)", path=tmp_path)

    assert done.stdout.split() == OURS


@pytest.mark.parametrize("name", ["pyproject.toml", "twinpool_call_forwarding.py"])
def test_the_how_to_shows_this_very_example(name: str) -> None:
    assert (EXAMPLE / name).read_text() in HOW_TO.read_text()
