"""Faults of the embedded broker, made by librdkafka's own means (``rdkafka_mock.h``)."""

import ctypes
from collections.abc import Sequence

from app.edges.embedded_broker import EmbeddedBroker

PRODUCE, FETCH = 0, 1  # API keys
BROKER = 1  # the embedded broker's only node
NOBODY = -1

_PROTOTYPES = {
    "rd_kafka_mock_push_request_errors_array": (
        None,
        (ctypes.c_void_p, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)),
    ),
    "rd_kafka_mock_clear_request_errors": (None, (ctypes.c_void_p, ctypes.c_int16)),
    "rd_kafka_mock_broker_set_down": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_int32)),
    "rd_kafka_mock_broker_set_up": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_int32)),
    "rd_kafka_mock_partition_set_leader": (
        ctypes.c_int,
        (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32),
    ),
}


class BrokerFaults:
    """Makes an embedded broker answer with errors, or not at all.

    Args:
        broker: A running one.
    """

    def __init__(self, broker: EmbeddedBroker) -> None:
        cluster = broker._cluster
        self._rdkafka = cluster._rdkafka
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(self._rdkafka, name)
            function.restype, function.argtypes = result, arguments
        self._cluster = self._rdkafka.rd_kafka_handle_mock_cluster(cluster._client)

    def answer(self, api_key: int, codes: Sequence[int]) -> None:
        """Answer the next requests of a kind with these of Kafka's error codes, one each; 0 is none."""
        self._rdkafka.rd_kafka_mock_push_request_errors_array(
            self._cluster, api_key, len(codes), (ctypes.c_int * len(codes))(*codes)
        )

    def answer_well(self, api_key: int) -> None:
        """Answer requests of a kind as usual from now on."""
        self._rdkafka.rd_kafka_mock_clear_request_errors(self._cluster, api_key)

    def take_down(self) -> None:
        """Close every connection, and take none."""
        self._rdkafka.rd_kafka_mock_broker_set_down(self._cluster, BROKER)

    def bring_up(self) -> None:
        """Take connections again."""
        self._rdkafka.rd_kafka_mock_broker_set_up(self._cluster, BROKER)

    def set_leader(self, topic: str, partition: int, leader: int) -> None:
        """Let a broker lead a partition, or nobody."""
        error = self._rdkafka.rd_kafka_mock_partition_set_leader(
            self._cluster, topic.encode(), partition, leader
        )
        assert error == 0
