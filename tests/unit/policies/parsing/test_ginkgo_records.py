"""Every shape that Ginkgo's producers can write reaches everybody it is for."""

import pytest

from app.edges.channels.discord.payload import encode
from app.edges.channels.discord.rendering import render
from app.edges.channels.webhook.payload import encode as encode_standard
from app.edges.templates import load_templates
from app.inbox.discord.payload import Refusal, judge
from app.policies.mail.text import content_of, text_of
from app.policies.parsing import parse
from app.policies.routing import Defaults, route
from app.values.notification import Notification
from app.values.recipients import Contact, Group, Recipients, User
from tests.support.channels import KNOWN
from tests.support.ginkgo import RISK, SAMPLES, SILENT, TRADER, Sample, encoded

RECIPIENTS = Recipients(
    {
        TRADER: User(
            (
                Contact("webhook", "https://discord.com/api/webhooks/1/trader", primary=True),
                Contact("email", "trader@example.com"),
            )
        ),
        RISK: User((Contact("webhook", "https://discord.com/api/webhooks/2/risk"),)),
        SILENT: User((Contact("webhook", "https://hooks.example/3"),), active=False),
    },
    {
        "traders": Group("traders", (TRADER, RISK, SILENT), "9c" * 16),
        "System": Group("System", (RISK,)),
    },
)
DEFAULTS = Defaults(
    "https://discord.com/api/webhooks/0/shared", ("all@example.com",), "smtp://m:25"
)


def read(sample: Sample) -> Notification:
    """Parse a sample as the worker does."""
    return parse(
        encoded(sample.message),
        timestamp=1_767_231_000.0,
        recipients=RECIPIENTS,
        templates=load_templates(None),
        channels=KNOWN,
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_it_reaches_everybody_it_is_for(sample: Sample) -> None:
    """Delivered to as many targets as it has, with a note on each part that is not sent."""
    notification = read(sample)
    routed = route(notification, DEFAULTS, KNOWN, source="s", digest=b"d")
    targets = [target for delivery in routed.deliveries for target in delivery.targets]
    assert len(targets) == sample.targets
    assert len(routed.unroutable) == sample.failing
    noted = [note.field for note in notification.notes]
    assert len(noted) == len(sample.noted), notification.notes
    assert all(field.endswith(end) for field, end in zip(noted, sample.noted, strict=True))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_channel_can_tell_it(sample: Sample) -> None:
    """Discord takes it, a webhook's JSON is written, and a mail's text says something."""
    notification = read(sample)
    for request in render(notification).requests:
        assert not isinstance(judge(encode(request, notification.sender)), Refusal)
    assert encode_standard(notification, 0.0)
    assert text_of(notification, content_of(notification), "").strip()


def test_names_tell_samples_apart() -> None:
    """A failure names one record."""
    assert len({sample.name for sample in SAMPLES}) == len(SAMPLES)
