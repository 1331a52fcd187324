"""What the workers of a guarded run may do."""

from collections.abc import Iterable

from confluent_kafka.admin._acl import AclBinding

from tests.support.acls import PASSWORD, USER, add, rule, take_back
from tests.support.kafka_cluster import KafkaCluster


async def log_in(cluster: KafkaCluster, topic: str) -> dict[str, str]:
    """Let the user do what a worker needs, and return the settings of one that logs in.

    Args:
        cluster: With that user.
        topic: What the names of its topics and its group begin with.
    """
    names = (topic, "notifications.")
    rules = [rule("TOPIC", name, "ALL") for name in names]
    await add(cluster, [*rules, rule("GROUP", topic, "ALL")])
    return {
        "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": cluster.guarded,
        "NOTIFIER_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "NOTIFIER_KAFKA__SASL_MECHANISM": "PLAIN",
        "NOTIFIER_KAFKA__SASL_USERNAME": USER,
        "NOTIFIER_KAFKA__SASL_PASSWORD": PASSWORD,
    }


async def refuse(cluster: KafkaCluster, topics: Iterable[str], operation: str) -> None:
    """Let nobody who logs in do something with topics."""
    await add(cluster, _denied(topics, operation))


async def grant(cluster: KafkaCluster, topics: Iterable[str], operation: str) -> None:
    """Take a refusal back."""
    await take_back(cluster, _denied(topics, operation))


def _denied(topics: Iterable[str], operation: str) -> list[AclBinding]:
    return [rule("TOPIC", topic, operation, "DENY", exact=True) for topic in topics]
