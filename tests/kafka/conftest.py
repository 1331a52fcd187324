"""Fixtures of the tests that need real Apache Kafka."""

import os
import re
import uuid
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.kafka_cluster import Kafka, KafkaCluster
from tests.support.tools import Tools

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs Kafka."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.kafka)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows what the brokers printed last when a test fails."""
    report = yield
    kafka = item.funcargs.get("kafka")
    if report.failed and isinstance(kafka, KafkaCluster):
        report.sections.append(("Kafka brokers", kafka.log_tail()))
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kafka]:
    """The session's Kafka: three brokers, or the one that NOTIFIER_TEST_KAFKA names."""
    if external := os.environ.get("NOTIFIER_TEST_KAFKA"):
        yield Kafka(external)
        return
    tools = Tools.here()
    folder = tmp_path_factory.mktemp("kafka")
    async with KafkaCluster(folder, java=tools.java(), jars=tools.kafka_jars()) as cluster:
        yield cluster


@pytest.fixture
async def kafka_cluster(kafka: Kafka) -> AsyncIterator[KafkaCluster]:
    """The session's brokers, for tests that stop them; afterwards all of them run again."""
    if not isinstance(kafka, KafkaCluster):
        pytest.fail(
            "This test stops and starts brokers, which it cannot do with those of "
            "NOTIFIER_TEST_KAFKA: run it without that variable.",
            pytrace=False,
        )
    yield kafka
    await kafka.start()


@pytest.fixture
def unique_name(request: pytest.FixtureRequest) -> str:
    """A name for this test's topics and groups that no other test and no other run has."""
    test = re.sub(r"[^a-zA-Z0-9-]+", "-", request.node.name)[:80]
    return f"{test}-{uuid.uuid4().hex[:8]}"
