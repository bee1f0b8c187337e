"""The broker's port fulfilled with RabbitMQ; only this package knows pika."""

from twinpool.brokers.rabbitmq.examining import BrokerExamination, QueueExamination, examine_broker
from twinpool.brokers.rabbitmq.link import RabbitmqLink

__all__ = ["BrokerExamination", "QueueExamination", "RabbitmqLink", "examine_broker"]
