import json

import httpx
import pytest

from app.values.control import PublishWarning
from app.values.errors import KafkaUnavailableError
from app.values.trace import TraceContext
from tests.support.fakes import Fakes

ENVELOPE = {"content": "Hello", "channels": ["webhook"]}


async def test_test_notifications_have_the_contracts_defaults(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Five webhook messages without delay."""
    answer = await client.post("/test-notifications")
    assert answer.status_code == 202
    assert answer.json() == {
        "type": "webhook",
        "requested": 5,
        "published": 5,
        "message_ids": [f"test-{number}" for number in range(5)],
    }
    assert fakes.publisher.tests == [("webhook", 5, 0.0)]


@pytest.mark.parametrize("kind", ["webhook", "email", "multi", "trading", "alert"])
async def test_every_type_is_taken(client: httpx.AsyncClient, fakes: Fakes, kind: str) -> None:
    """Type, count and delay reach the publisher."""
    answer = await client.post(f"/test-notifications?type={kind}&count=2&delay=0.5")
    assert answer.status_code == 202
    assert answer.json()["published"] == 0
    assert len(answer.json()["message_ids"]) == 2
    assert fakes.publisher.tests == [(kind, 2, 0.5)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("count=1", 202),
        ("count=10000", 202),
        ("delay=60", 202),
        ("count=0", 422),
        ("count=10001", 422),
        ("count=1.5", 422),
        ("delay=-0.1", 422),
        ("delay=60.1", 422),
        ("delay=nan", 422),
        ("delay=inf", 422),
        ("type=fax", 422),
        ("type=", 422),
    ],
)
async def test_limits_are_those_of_the_contract(
    client: httpx.AsyncClient, fakes: Fakes, query: str, status: int
) -> None:
    """What is beyond them publishes nothing."""
    answer = await client.post(f"/test-notifications?{query}")
    assert answer.status_code == status
    assert len(fakes.publisher.tests) == (status == 202)


async def test_a_missing_destination_is_a_warning(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """The messages are published all the same."""
    fakes.publisher.warning = "there is no mail server"
    answer = await client.post("/test-notifications?type=email")
    assert answer.status_code == 202
    assert answer.json()["warning"] == "there is no mail server"


@pytest.mark.parametrize("path", ["/test-notifications", "/notifications"])
async def test_silence_from_kafka_is_503(
    client: httpx.AsyncClient, fakes: Fakes, path: str
) -> None:
    """The caller may try again."""
    fakes.publisher.error = KafkaUnavailableError("Kafka did not acknowledge in 10 s")
    answer = await client.post(path, json=ENVELOPE)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_one_notification_is_published(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Its bytes go on as they came."""
    body = b' {"content": "Hello",\n "channels": ["webhook"]} '
    answer = await client.post("/notifications", content=body)
    assert answer.status_code == 202
    assert answer.json() == {"published": 1, "message_ids": ["id-0"], "warnings": []}
    assert fakes.publisher.published == [([body.strip()], None)]
    assert fakes.publisher.traces == [None]


async def test_the_callers_trace_goes_on(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """If it can be read; a bad one is no reason to refuse a notification."""
    good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for headers in ({"Traceparent": good, "Tracestate": "a=b"}, {"Traceparent": "nonsense"}):
        answer = await client.post("/notifications", json=ENVELOPE, headers=headers)
        assert answer.status_code == 202
    assert fakes.publisher.traces == [
        TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, "a=b"),
        None,
    ]


async def test_what_will_be_left_out_is_said(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """The notification is taken all the same; each warning names item, field and problem."""
    fakes.publisher.warnings = (PublishWarning(0, "kwargs.color", "no colour; left out"),)
    answer = await client.post("/notifications", json=ENVELOPE)
    assert answer.status_code == 202
    assert answer.json()["warnings"] == [
        {"index": 0, "field": "kwargs.color", "problem": "no colour; left out"}
    ]


@pytest.mark.parametrize(
    ("body", "published"),
    [
        (b'{"content": "cut \\ud83d"}', [{"content": "cut \ufffd"}]),
        (
            b'[{"content": "a", "x": NaN}, {"content": "b"}]',
            [{"content": "a", "x": "NaN"}, {"content": "b"}],
        ),
    ],
)
async def test_json_as_python_writes_it_is_taken(
    client: httpx.AsyncClient, fakes: Fakes, body: bytes, published: list[object]
) -> None:
    """What goes on the topic is JSON that everybody reads."""
    answer = await client.post("/notifications", content=body)
    assert answer.status_code == 202
    items, _ = fakes.publisher.published[0]
    assert [json.loads(item) for item in items] == published


async def test_a_list_keeps_its_order(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Ids come back in the order of the items."""
    items = [{**ENVELOPE, "message_id": str(number)} for number in range(1000)]
    answer = await client.post("/notifications", json=items)
    assert answer.json()["message_ids"] == [f"id-{number}" for number in range(1000)]
    published, _ = fakes.publisher.published[0]
    assert [json.loads(item) for item in published] == items


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "it is empty"),
        (b"{", "not JSON"),
        (b'[{"content": "x"}', "not JSON"),
        (b'{"content": "x"} {"content": "y"}', "not JSON"),
        (b"[]", "0 items"),
        (b"[" + b"{}," * 1000 + b"{}]", "1,001 items"),
        (b"[" * 5000, ""),
    ],
)
async def test_what_is_no_list_of_notifications_is_refused(
    client: httpx.AsyncClient, fakes: Fakes, body: bytes, text: str
) -> None:
    """422, and nothing is published."""
    answer = await client.post("/notifications", content=body)
    assert answer.status_code == 422
    assert text in answer.json()["errors"][0]["problem"]
    assert fakes.publisher.published == []


@pytest.mark.parametrize("key", ["k", "8e03978e-40d5-43dd-bc93-6894a57f9324", '"quoted key"'])
async def test_the_idempotency_key_reaches_the_publisher(
    client: httpx.AsyncClient, fakes: Fakes, key: str
) -> None:
    """Ids derive from it there."""
    answer = await client.post("/notifications", json=ENVELOPE, headers={"Idempotency-Key": key})
    assert answer.status_code == 202
    assert fakes.publisher.published[0][1] == key


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"\xc3\xa9", b"a\tb"])
async def test_a_senseless_idempotency_key_is_refused(
    client: httpx.AsyncClient, fakes: Fakes, key: bytes
) -> None:
    """Too long, empty, or not printable ASCII."""
    headers = [(b"Idempotency-Key", key)]
    answer = await client.post("/notifications", json=ENVELOPE, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["location"] == "header"
    assert fakes.publisher.published == []
