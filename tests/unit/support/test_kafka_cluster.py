import socket
from pathlib import Path

import pytest

from tests.support.kafka_broker import Broker
from tests.support.kafka_cluster import KafkaCluster, free_ports, server_properties, until


def brokers(count: int) -> list[Broker]:
    """Brokers that are not started, on ports 1 and 2, 3 and 4, and so on."""
    return [Broker((), node, 2 * node + 1, 2 * node + 2, Path("/f")) for node in range(count)]


def properties_of(cluster: list[Broker]) -> dict[str, str]:
    """The first broker's configuration."""
    lines = server_properties(cluster[0], cluster).splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(("count", "copies", "acknowledging"), [(1, "1", "1"), (3, "3", "2")])
def test_replication_fits_the_number_of_brokers(
    count: int, copies: str, acknowledging: str
) -> None:
    """The brokers' own topics: one broker needs no others; of three, one may be away."""
    properties = properties_of(brokers(count))
    for setting in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        assert properties[f"{setting}.replication.factor"] == copies
    for setting in ("transaction.state.log", "share.coordinator.state.topic"):
        assert properties[f"{setting}.min.isr"] == acknowledging


def test_topics_get_what_kafka_gives_by_default() -> None:
    """Nothing about topics is set: what works with other brokers alone is found out."""
    properties = properties_of(brokers(3))
    default = ("auto.create.topics.enable", "num.partitions", "min.insync.replicas")
    assert not {*default, "default.replication.factor", "log.retention.ms"} & properties.keys()


def test_brokers_listen_on_loopback_and_know_each_other() -> None:
    """No port is open to other machines, and every controller has a vote."""
    properties = properties_of(brokers(3))
    assert properties["listeners"] == "CLIENT://127.0.0.1:1,CONTROLLER://127.0.0.1:2"
    assert properties["controller.quorum.voters"] == "0@127.0.0.1:2,1@127.0.0.1:4,2@127.0.0.1:6"


def test_ports_are_free_and_differ() -> None:
    """Each port can be bound and is given out once."""
    ports = free_ports(6)
    assert len(set(ports)) == 6
    for port in ports:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


async def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never happens is an error that says what was waited for."""
    monkeypatch.setattr("tests.support.kafka_cluster.READY_TIMEOUT", 0.0)

    async def never() -> bool:
        return False

    with pytest.raises(TimeoutError, match="waited 0 s for the moon"):
        await until(never, "the moon")


async def test_a_cluster_that_does_not_come_up_shows_its_logs(tmp_path: Path) -> None:
    """A broker that ends instead of serving is an error with what it printed, and none is left."""
    java = tmp_path / "java"
    formats = 'case "$*" in *StorageTool*) exit 0;; esac'
    java.write_text(f"#!/bin/sh\n{formats}\necho no memory; exit 7\n", encoding="utf-8")
    java.chmod(0o755)
    cluster = KafkaCluster(tmp_path / "kafka", java=java, jars=tmp_path, brokers=1)
    with pytest.raises(ChildProcessError, match="broker 0 ended: 7") as raised:
        await cluster.__aenter__()
    assert raised.value.__notes__ == [f"--- {tmp_path}/kafka/broker-0/broker.log\nno memory"]
    with pytest.raises(ValueError, match="broker 0 is not running"):
        cluster.pause_broker(0)


async def test_an_id_that_begins_with_a_dash_is_not_taken_for_a_flag(tmp_path: Path) -> None:
    """One random id of 64 begins so."""
    java = tmp_path / "java"
    java.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/given\n', encoding="utf-8")
    java.chmod(0o755)
    await Broker((str(java),), 0, 1, 2, tmp_path / "kafka").format("-_8AAA", "node.id=0\n")
    given = (tmp_path / "given").read_text(encoding="utf-8").splitlines()
    assert "--cluster-id=-_8AAA" in given
