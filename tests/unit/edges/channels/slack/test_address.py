"""Which URLs are Slack's, and what of them may be seen."""

from urllib.parse import urlsplit

import pytest

from app.edges.channels.slack import SPEC
from app.policies.redaction import Secrets, scrub
from tests.support.channels import KNOWN

HOOK = "https://hooks.slack.com/services/T0001/B0002/secretpart"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (HOOK, True),
        (f"{HOOK}/", True),
        ("https://relay.example/services/T1/B2/x", True),
        ("https://hooks.slack.com/services/T1/B2", False),
        ("https://hooks.slack.com/services/a/b/c", False),
    ],
)
def test_a_webhook_is_recognised_by_its_path(url: str, expected: bool) -> None:
    """On any host."""
    assert SPEC.recognises(urlsplit(url)) is expected
    assert (KNOWN.serving("webhook", url).name == "slack") is expected


def test_a_workflow_is_no_webhook() -> None:
    """It wants other JSON; the fault says what to make instead."""
    fault = SPEC.fault(urlsplit("https://hooks.slack.com/triggers/T1/2/secret"))
    assert "incoming webhook" in fault
    assert "secret" not in fault
    assert SPEC.fault(urlsplit("https://other.example/triggers/T1/2/x")) == ""
    assert SPEC.fault(urlsplit(HOOK)) == ""


def test_the_last_part_is_hidden() -> None:
    """In addresses and in texts; team and webhook may be seen."""
    assert KNOWN.redact(HOOK) == "https://hooks.slack.com/services/T0001/B0002/***"
    shown = scrub("not /services/T1/B2/secret", Secrets(forms=KNOWN.forms))
    assert shown == "not /services/T1/B2/***"
    assert SPEC.shown(urlsplit("https://x.example/a")) == ""


def test_spellings_of_one_webhook_share_its_limit() -> None:
    """Whatever the query."""
    assert SPEC.limit_key(urlsplit(f"{HOOK}/?a=1")) == HOOK
    assert SPEC.limit_key(urlsplit("https://x.example/a")) == ""
