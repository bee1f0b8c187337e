"""The broker's port fulfilled with RabbitMQ; only this package knows pika."""

from twinpool.brokers.rabbitmq.link import RabbitmqLink

__all__ = ["RabbitmqLink"]
