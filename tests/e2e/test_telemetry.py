"""A notification's span, at a real collector, and its trace at a real webhook."""

import signal
from typing import Any

import pytest

from tests.support.collector import collector, values
from tests.support.end_to_end import World
from tests.support.http_server import Answer, Hang, HttpServer

pytestmark = pytest.mark.usefixtures("no_inbox")

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TRACEPARENT = ("traceparent", f"00-{TRACE}-{PARENT}-01".encode())
TRACESTATE = ("tracestate", b"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
CONSUMER = 5
ERROR = 2


def to(url: str, name: str) -> dict[str, Any]:
    """Return a notification for one webhook."""
    return {
        "message_id": name,
        "content": "text",
        "channels": ["webhook"],
        "kwargs": {"webhook_url": url},
    }


async def test_a_trace_goes_from_the_record_over_the_span_to_the_webhook(
    world: World, hooks: HttpServer
) -> None:
    """Parent, attributes, attempts and outcome are right; story and webhook name the trace."""
    hooks.script.extend([Answer(503), Answer(204), Answer(400)])
    async with collector() as traces:
        settings = {"OTEL_SERVICE_NAME": "alerts", "NOTIFIER_RETRY__BASE_DELAY": "0.01"}
        service = await world.service({**traces.settings, **settings}, measured=True)
        publish = await world.publisher(service)
        await publish(to(hooks.url("/secret-path"), "one"), headers=(TRACEPARENT, TRACESTATE))
        (span,) = await traces.until(lambda spans: len(spans) == 1)

        assert (span.name, span.kind) == (f"process {world.topic}", CONSUMER)
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
        assert [link.span_id.hex() for link in span.links] == [PARENT]
        said = values(span.attributes)
        assert said.pop("messaging.destination.partition.id").isdecimal()
        assert said == {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": world.topic,
            "messaging.consumer.group.name": world.group,
            "messaging.kafka.offset": 0,
            "messaging.message.id": "one",
            "notifier.outcome": "sent",
        }
        first, second = span.events
        assert (first.name, second.name) == ("notifier.retry", "notifier.delivered")
        assert values(first.attributes)["notifier.error"].startswith("HTTP 503")
        label = values(second.attributes)["notifier.destination"]
        assert label.startswith("http://127.0.0.1:")
        assert span.start_time_unix_nano <= first.time_unix_nano <= second.time_unix_nano
        assert second.time_unix_nano <= span.end_time_unix_nano
        assert traces.resource["service.name"] == "alerts"

        _, request = await hooks.wait_for(2)
        assert request.headers["traceparent"] == f"00-{TRACE}-{span.span_id.hex()}-01"
        assert request.headers["tracestate"] == TRACESTATE[1].decode()
        story = (await service.client.get("/notifications/one")).json()
        assert (story["state"], story["trace_id"]) == ("sent", TRACE)
        page = await service.client.get("/notifications/one", headers={"Accept": "text/html"})
        assert TRACE in page.text

        await publish(to(hooks.url("/secret-path"), "two"), headers=(("traceparent", b"00-bad"),))
        _, refused = await traces.until(lambda spans: len(spans) == 2)
        said = values(refused.attributes)
        assert (said["notifier.outcome"], said["error.type"]) == ("failed", "rejected")
        assert refused.status.code == ERROR
        assert refused.parent_span_id == b""
        story = (await service.client.get("/notifications/two")).json()
        assert story["trace_id"] == refused.trace_id.hex() != TRACE
        assert not any(b"secret-path" in each.body for each in traces.server.received)


async def test_a_collector_that_hangs_touches_no_delivery(world: World, hooks: HttpServer) -> None:
    """Everything is delivered, health says what is lost, and the service stops nevertheless."""
    async with collector(Hang()) as traces:
        few = {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"}
        service = await world.service({**traces.settings, **few, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"})
        publish = await world.publisher(service)
        await publish(*(to(hooks.url(), f"id-{number}") for number in range(100)))
        assert len(await hooks.wait_for(100)) == 100
        await service.logged("Deliveries are not touched")
        (warning,) = (await service.client.get("/health")).json()["warnings"]
        assert "spans lost so far" in warning
        assert await service.stop() == -signal.SIGTERM
