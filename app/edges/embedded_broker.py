"""The embedded broker: librdkafka's in-process cluster, which speaks the real protocol over TCP.

It is driven through librdkafka's C interface (``rdkafka_mock.h``), because confluent-kafka's Python
one can neither silence it nor spare a group the three seconds before its first assignment.

What it cannot do, met with aiokafka 0.14: create, grow or delete topics (it names no controller;
a topic is made, with four partitions, by a metadata request that says so), describe configurations
or groups, list groups, delete records, find offsets by time, list a group's offsets without naming
the partitions, and hold a group of two. It hands out one record batch a fetch and acknowledges with
a timestamp of 1234. Memory only: see ``app.policies.service.embedded_capacity`` for what it drops.
"""

import asyncio
import ctypes
from typing import Self

from confluent_kafka import cimpl

from app.values.errors import NotifierError

PRODUCER = 0  # RD_KAFKA_PRODUCER: the kind of client that owns the cluster; it sends nothing
ERROR_SIZE = 512

_Pointer = ctypes.c_void_p
_Text = ctypes.c_char_p
_PROTOTYPES = {
    "rd_kafka_conf_new": (_Pointer, ()),
    "rd_kafka_conf_set": (ctypes.c_int, (_Pointer, _Text, _Text, _Text, ctypes.c_size_t)),
    "rd_kafka_conf_set_log_cb": (None, (_Pointer, _Pointer)),
    "rd_kafka_conf_destroy": (None, (_Pointer,)),
    "rd_kafka_new": (_Pointer, (ctypes.c_int, _Pointer, _Text, ctypes.c_size_t)),
    "rd_kafka_destroy": (None, (_Pointer,)),
    "rd_kafka_handle_mock_cluster": (_Pointer, (_Pointer,)),
    "rd_kafka_mock_cluster_bootstraps": (_Text, (_Pointer,)),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, (_Pointer, ctypes.c_int32)),
}


class EmbeddedBroker:
    """A Kafka broker in this process, alive inside an ``async with`` block.

    Raises:
        NotifierError: On entering, if it cannot start.
    """

    address: str  # ``127.0.0.1:port``, known once entered

    async def __aenter__(self) -> Self:
        self._cluster = await asyncio.to_thread(lambda: _Cluster(_load(cimpl.__file__)))
        self.address = self._cluster.address
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await asyncio.to_thread(self._cluster.close)


class _Cluster:
    """librdkafka's handle on the cluster; its calls may block."""

    def __init__(self, rdkafka: ctypes.CDLL) -> None:
        self._rdkafka = rdkafka
        self._client = self._new_client()
        cluster = self._rdkafka.rd_kafka_handle_mock_cluster(self._client)
        self._rdkafka.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
        self.address: str = self._rdkafka.rd_kafka_mock_cluster_bootstraps(cluster).decode()

    def _new_client(self) -> int:
        error = ctypes.create_string_buffer(ERROR_SIZE)
        configuration = self._rdkafka.rd_kafka_conf_new()
        self._rdkafka.rd_kafka_conf_set(
            configuration, b"test.mock.num.brokers", b"1", error, ERROR_SIZE
        )
        self._rdkafka.rd_kafka_conf_set_log_cb(configuration, None)  # else to standard error
        client = self._rdkafka.rd_kafka_new(PRODUCER, configuration, error, ERROR_SIZE)
        if not client:
            self._rdkafka.rd_kafka_conf_destroy(configuration)
            raise NotifierError(f"the embedded broker did not start: {error.value.decode()}")
        return int(client)

    def close(self) -> None:
        """Close every connection, end the threads and forget all records."""
        self._rdkafka.rd_kafka_destroy(self._client)


def _load(path: str) -> ctypes.CDLL:
    """Return librdkafka, declared, from a file that is linked to it: its name differs by wheel."""
    rdkafka = ctypes.CDLL(path)
    for name, (result, arguments) in _PROTOTYPES.items():
        try:
            function = getattr(rdkafka, name)
        except AttributeError as error:
            raise NotifierError(
                "the embedded broker does not run here (librdkafka was not found); "
                "name a Kafka broker in NOTIFIER_KAFKA__BOOTSTRAP_SERVERS"
            ) from error
        function.restype, function.argtypes = result, arguments
    return rdkafka
