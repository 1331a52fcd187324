from urllib.parse import urlsplit

import pytest

from app.edges.channels.discord.address import fault, is_webhook, limit_key, shown


@pytest.mark.parametrize(
    ("url", "is_one", "seen"),
    [
        ("https://discord.com/api/webhooks/123/token", True, "/api/webhooks/123/"),
        ("https://discord.com/api/v10/webhooks/123/token?wait=true", True, "/api/webhooks/123/"),
        ("http://proxy.example:8080/api/webhooks/xxx/yyy/", True, ""),
        ("https://discord.com/api/webhooks/123", False, ""),
        ("https://discord.com/api/webhooks/123/token/slack", False, ""),
        ("https://example.com/x/api/webhooks/123/token", False, ""),
    ],
)
def test_discords_form_is_known_by_the_path(url: str, is_one: bool, seen: str) -> None:
    """On any host, with or without the version; the id may be seen if it is one."""
    parts = urlsplit(url)
    assert (is_webhook(parts), shown(parts)) == (is_one, seen)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://discord.com/api/webhooks/1/secret", ""),
        ("https://discord.com/api/webhooks/1/secret/slack", "ends in /slack"),
        ("https://relay.example/api/v10/webhooks/1/secret/github/", "ends in /github"),
    ],
)
def test_the_endpoints_for_other_services_forms_cannot_be_used(url: str, words: str) -> None:
    """They take other bodies; the text says so without the token."""
    problem = fault(urlsplit(url))
    assert problem.startswith(words)
    assert bool(problem) == bool(words)
    assert "secret" not in problem


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://discord.com/api/webhooks/1/t", "https://discord.com/api/webhooks/1/t"),
        (
            "https://discord.com/api/webhooks/1/t?thread_id=5",
            "https://discord.com/api/webhooks/1/t",
        ),
        ("https://discord.com/api/v10/webhooks/1/t/", "https://discord.com/api/webhooks/1/t"),
        ("https://canary.discordapp.com/api/webhooks/1/t", "https://discord.com/api/webhooks/1/t"),
        ("http://relay:8080/api/webhooks/1/t?wait=true", "http://relay:8080/api/webhooks/1/t"),
        ("https://discord.com/api/webhooks/1/u", "https://discord.com/api/webhooks/1/u"),
        ("https://example.com/hook", ""),
    ],
)
def test_what_discord_limits_together(url: str, key: str) -> None:
    """Id and token count; thread, version, and which of its own hosts do not."""
    assert limit_key(urlsplit(url)) == key
