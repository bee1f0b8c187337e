"""Fixtures for labs of containers: an engine, images, and one lab after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.compose.engine import (
    compose_tools,
    lab_images,
    no_engine,
    one_at_a_time,
    one_generation_does,
    running_engine,
)
from tests.compose.lab import ComposeLab, compose_lab

OpenLab = Callable[..., AbstractContextManager[ComposeLab]]


@pytest.fixture(scope="session")
def engine() -> Iterator[dict[str, str]]:
    """What the environment says about engine and images while these tests run."""
    if not compose_tools():
        no_engine("there is no Docker Compose (scripts/test installs it where that is allowed)")
    with running_engine() as reached, pytest.MonkeyPatch.context() as patch:
        variables = {**reached, **lab_images(reached), "COMPOSE_PROFILES": ""}
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


@pytest.fixture(scope="session")
def open_lab(engine: dict[str, str]) -> OpenLab:
    """Return what brings a lab up from files of compose/, by one generation of Docker Compose."""
    tools = compose_tools()

    @contextmanager
    def open_(*files: str, generation: str) -> Iterator[ComposeLab]:
        if generation not in tools:
            one_generation_does(generation)
        command = tools.get(generation) or next(iter(tools.values()))
        with one_at_a_time(), compose_lab(command, files, f"twinpool-test-{os.getpid()}", engine) as lab:
            yield lab

    return open_
