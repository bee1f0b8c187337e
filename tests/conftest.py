"""Fixtures that tests of every kind may ask for."""

from __future__ import annotations

from tests.rabbitmq_server import amqp_url, own_rabbitmq_node, rabbitmq_node
from tests.simulation_options import pytest_addoption, pytest_collection_modifyitems

__all__ = ["amqp_url", "own_rabbitmq_node", "pytest_addoption", "pytest_collection_modifyitems", "rabbitmq_node"]
