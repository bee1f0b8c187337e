"""Fixtures that tests of every kind may ask for."""

from __future__ import annotations

from tests.rabbitmq_server import amqp_url, own_rabbitmq_node, rabbitmq_node

__all__ = ["amqp_url", "own_rabbitmq_node", "rabbitmq_node"]
