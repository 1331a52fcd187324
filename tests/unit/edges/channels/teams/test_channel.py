"""Teams: the card that is sent, which addresses lead to workflows, what answers mean."""

import json
from urllib.parse import urlsplit

import pytest

from app.edges.channels.teams import SPEC
from app.edges.channels.teams.cards import MAX_BYTES, MOST_LINES
from app.inbox.teams import judge
from app.policies.redaction import Secrets, scrub
from app.policies.texts.plain_text import SHORTENED
from app.values.notification import Author, ContentType, Field, Footer, Notification
from app.values.outcome import Delivered, Denied, Gone, Outcome, RateLimited, Rejected, Retry
from tests.support.channels import KNOWN
from tests.support.chats import channel_of, merged_request, outcome_of, requests_of

HOST = "https://x.environment.api.powerplatform.com:443"
FLOW = (
    f"{HOST}/powerautomate/automations/direct/workflows/ab12cd/triggers/manual/paths/invoke"
    "?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cret-sig_nature"
)


def test_a_message_is_a_card_of_lines() -> None:
    """Author, title in the colour's word and with its link, text, fields, footer; no null."""
    told = Notification(
        content="a *b*\n# c\n`d` ~~e~~ <at>all</at>\n- f",
        requests=(),
        content_type=ContentType.MARKDOWN,
        title="Risk",
        color=0xFF0000,
        url="https://x.example/1",
        author=Author("Ginkgo", "https://g.example/"),
        fields=(Field("Account", "A1"), Field("List", "- a\n- b"), Field("", "bare")),
        footer=Footer("System"),
    )
    (request,) = requests_of(SPEC, told, FLOW)
    assert request.url == FLOW
    assert b"null" not in request.body
    (attachment,) = json.loads(request.body)["attachments"]
    runs = [block["inlines"] for block in attachment["content"]["body"]]
    assert runs[0][0]["selectAction"] == {"type": "Action.OpenUrl", "url": "https://g.example/"}
    assert runs[1] == [
        {
            "type": "TextRun",
            "text": "Risk",
            "weight": "Bolder",
            "color": "Attention",
            "size": "Medium",
            "selectAction": {"type": "Action.OpenUrl", "url": "https://x.example/1"},
        }
    ]
    assert runs[2][1] == {"type": "TextRun", "text": "b", "italic": True}
    assert runs[3] == [{"type": "TextRun", "text": "c", "weight": "Bolder"}]
    assert runs[4][0] == {"type": "TextRun", "text": "d", "fontType": "Monospace"}
    assert runs[4][2]["strikethrough"] is True
    (card,) = judge(request.body)
    assert card.text == (
        "Ginkgo\nRisk\na b\nc\nd e <at>all</at>\n• f\nAccount: A1\nList: \n• a\n• b\nbare\nSystem"
    )
    assert card.color == 0xC4314B


def test_several_notifications_are_set_apart_in_one_card() -> None:
    """Each in a container of its own, as long as there is room."""
    told = [Notification(f"text {number}", ()) for number in range(3)]
    merged, request = merged_request(SPEC, told, FLOW)
    assert len(merged) == 3
    assert [card.text for card in judge(request.body)] == ["text 0", "text 1", "text 2"]
    long = [Notification("word " * 3000, ()) for _ in range(3)]
    merged, _ = merged_request(SPEC, long, FLOW)
    assert len(merged) == 1


def test_a_card_is_within_its_size() -> None:
    """Long lines, long words, many lines: cut, with a mark."""
    for content in ("交易" * 20_000, "a\n" * 900, f"{'b' * 30_000}\nend"):
        (request,) = requests_of(SPEC, Notification(content, (), footer=Footer("f")), FLOW)
        assert len(request.body) < MAX_BYTES + 500
        (card,) = judge(request.body)
        assert SHORTENED in card.text
        assert card.text.count("\n") <= MOST_LINES + 1


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (FLOW, ""),
        (FLOW.split("&sig", maxsplit=1)[0], "has no signature"),
        ("https://acme.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4", "retired"),
        ("https://outlook.office.com/webhook/1@2/IncomingWebhook/3/4", "retired"),
        ("https://example.com/webhook/1", ""),
    ],
)
def test_retired_connectors_and_cut_urls_are_named(url: str, fault: str) -> None:
    """With what to make instead."""
    said = SPEC.fault(urlsplit(url))
    assert fault in said
    assert bool(said) is bool(fault)


def test_a_workflow_is_recognised_and_its_signature_is_hidden() -> None:
    """On any host, old ones too; the workflow may be seen."""
    old = "https://prod-1.westus.logic.azure.com/workflows/ab12/triggers/manual/paths/invoke?sig=s3cretsig"
    for url in (FLOW, old):
        assert KNOWN.serving("webhook", url).name == "teams"
        label = KNOWN.redact(url)
        assert "workflows/ab12" in label
        assert "s3cret" not in label
    assert SPEC.shown(urlsplit("https://x.example/")) == ""
    shown = scrub(f"no {old.split('.com')[1]}", Secrets(forms=KNOWN.forms))
    assert "s3cretsig" not in shown


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (202, "", Delivered),
        (200, "1", Delivered),
        (200, "Microsoft Teams endpoint returned HTTP error 429", RateLimited),
        (400, '{"error": {"code": "WorkflowTriggerIsNotEnabled"}}', Gone),
        (404, '{"error": {"code": "WorkflowNotFound"}}', Gone),
        (400, '{"error": {"code": "TriggerInputSchemaMismatch"}}', Rejected),
        (400, '{"error": "x"}', Rejected),
        (400, "[", Rejected),
        (401, '{"error": {"code": 1}}', Denied),
        (403, "", Denied),
        (413, "", Rejected),
        (429, "", RateLimited),
        (502, "", Retry),
    ],
)
def test_what_answers_mean(status: int, body: str, kind: type[Outcome]) -> None:
    """A workflow's code decides, not its status alone."""
    assert type(outcome_of(SPEC, FLOW, status, body)) is kind


def test_its_published_limit_is_kept() -> None:
    """One in two seconds."""
    (limit,) = channel_of(SPEC).limits(FLOW)
    assert limit.requests / limit.seconds == 0.5
