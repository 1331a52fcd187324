import json

from tests.benchmarks.discord import DiscordWebhooks

ONE = json.dumps({"embeds": [{"description": "text"}]}).encode()


def test_five_requests_in_two_seconds() -> None:
    """The sixth is told how long to wait, in the body and in the headers, as Discord does."""
    webhooks = DiscordWebhooks()
    assert all(webhooks.answer(1, ONE, 100.0 + n / 10).accepted for n in range(5))
    refused = webhooks.answer(1, ONE, 100.5)
    head, _, body = refused.encoded.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 429 ")
    assert "Retry-After: 2\r\n" in head
    assert "X-RateLimit-Reset-After: 1.500\r\n" in head
    assert json.loads(body)["retry_after"] == 1.5
    assert refused.limited
    assert not refused.accepted


def test_the_limit_ends_with_its_window() -> None:
    """Two seconds after the first request there is room again, and each webhook has its own."""
    webhooks = DiscordWebhooks()
    answers = [webhooks.answer(1, ONE, 100.0) for _ in range(6)]
    assert answers[-1].limited
    assert webhooks.answer(2, ONE, 100.0).accepted
    again = webhooks.answer(1, ONE, 102.0)
    assert again.accepted
    assert b"X-RateLimit-Remaining: 4\r\n" in again.encoded


def test_ten_embeds_are_taken_and_eleven_refused() -> None:
    """What merging must not do is refused with 400, and nothing of it counts as accepted."""
    embed = {"description": "text"}
    webhooks = DiscordWebhooks()
    assert webhooks.answer(1, json.dumps({"embeds": [embed] * 10}).encode(), 0.0).accepted
    for body in ({"embeds": [embed] * 11}, {"embeds": [{"description": "x" * 6001}]}, {}):
        refused = webhooks.answer(1, json.dumps(body).encode(), 0.0)
        assert refused.encoded.startswith(b"HTTP/1.1 400 ")
        assert not refused.accepted


def test_what_is_no_message_is_refused() -> None:
    """Neither JSON of another shape nor other bytes end the sink."""
    for body in (b"", b"[]", b'"text"', b'{"embeds": 1}', b"\xff"):
        assert DiscordWebhooks().answer(1, body, 0.0).encoded.startswith(b"HTTP/1.1 400 ")
