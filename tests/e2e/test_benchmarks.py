"""The benchmarks themselves, in small: so that a change of the service does not break them."""

from pathlib import Path

from app.edges.embedded_broker import EmbeddedBroker
from tests.benchmarks.bench import Bench
from tests.benchmarks.competitors import Service
from tests.benchmarks.cores import Cores
from tests.benchmarks.kafka import BenchKafka
from tests.benchmarks.measuring import Window, measure
from tests.benchmarks.report import Report
from tests.benchmarks.sink_process import sink_process


async def test_the_service_is_measured_on_the_embedded_broker(tmp_path: Path) -> None:
    """Two hundred notifications, 32 at a time and 100 ms each: all arrive, at a rate that can be."""
    cores = Cores.here()
    async with EmbeddedBroker() as broker, sink_process(cores, tmp_path) as sink:
        kafka = BenchKafka(broker.address, real=False, name="embedded")
        bench = Bench(kafka, sink, cores, Report(), tmp_path, (), quick=True, brief=True, rounds=1)
        topic = await bench.filled_topic("slow/100", sent=200)
        found = await measure(bench, Service(), topic, 32, Window(warm=0.0, measured=60.0))
    assert (found.count.due, found.count.missing, found.count.repeats) == (200, (), 0)
    assert 0 < found.rate < 2 * 32 / 0.1
