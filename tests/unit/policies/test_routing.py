import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.headers.records import mark_of
from app.policies.routing import Defaults, Routed, route
from app.values.delivery import Delivery, Destination, Heading, Target
from app.values.note import Note
from app.values.notification import (
    NO_ACCESS,
    Access,
    Embed,
    Fallback,
    Footer,
    Mail,
    Notification,
    Request,
)
from tests.support.channels import KNOWN
from tests.support.messages import DISCORD_URL, HOOK_URL

SMTP = "smtp://127.0.0.1:2525"
INBOX_URL = "http://127.0.0.1:9999/api/webhooks/1/inbox"
DEFAULTS = Defaults(INBOX_URL, ("inbox@localhost",), SMTP)
DIGEST = b"d" * 32
CONSOLE = Target("console", "console", "console")


def routed(*requests: Request, defaults: Defaults = DEFAULTS, mail: Mail | None = None) -> Routed:
    """Route a notification with these requests."""
    notification = Notification("hello", requests, mail=mail or Mail())
    return route(notification, defaults, KNOWN, source="s", digest=DIGEST)


def test_a_webhook_delivery_is_whole() -> None:
    """Everything a channel needs is in it."""
    notification = Notification("hello", (Request("webhook", (DISCORD_URL,)),))
    label = "https://discord.com/api/webhooks/123/***"
    assert route(notification, DEFAULTS, KNOWN, source="s", digest=DIGEST) == Routed(
        (
            Delivery(
                notification,
                Destination("discord", DISCORD_URL, label),
                (Target("webhook", DISCORD_URL, label),),
                "s",
                DIGEST,
            ),
        ),
        (),
    )


@pytest.mark.parametrize(
    ("channel", "url", "served_by"),
    [
        ("webhook", DISCORD_URL, "discord"),
        ("webhook", "https://proxy.example/api/v10/webhooks/1/t?wait=true", "discord"),
        ("webhook", HOOK_URL, "webhook"),
        ("discord", HOOK_URL, "discord"),
    ],
)
def test_the_url_or_the_name_decides_the_channel(channel: str, url: str, served_by: str) -> None:
    """Discord's form is Discord's on any host; the name ``discord`` is so with any path."""
    (delivery,) = routed(Request(channel, (url,))).deliveries
    assert delivery.destination.channel == served_by
    assert delivery.targets[0].channel == channel


def test_requests_without_address_go_to_the_defaults() -> None:
    """One lane for the webhook, one for the mail server, one for the console."""
    result = routed(Request("webhook"), Request("email"), Request("console"))
    assert [d.destination.address for d in result.deliveries] == [INBOX_URL, SMTP, "console"]
    assert [d.targets[0].address for d in result.deliveries] == [
        INBOX_URL,
        "inbox@localhost",
        "console",
    ]
    assert result.unroutable == ()


@pytest.mark.parametrize("channel", ["webhook", "discord", "email"])
def test_no_address_at_all_fails_the_target(channel: str) -> None:
    """Without default destination there is nowhere to go; the console still is."""
    result = routed(Request(channel), Request("console"), defaults=Defaults())
    assert result.unroutable == (
        (Target(channel, "", channel), "no address, and no default destination is set"),
    )
    assert [delivery.targets for delivery in result.deliveries] == [(CONSOLE,)]


@pytest.mark.parametrize("channel", ["webhook", "email"])
def test_no_default_steps_in_for_somebody_who_is_named(channel: str) -> None:
    """What is meant for one user must not reach everybody's channel."""
    result = routed(Request(channel, (), "user 'x'"))
    assert result == Routed(
        (), ((Target(channel, "", channel), f"user 'x' has no {channel} contact"),)
    )


def test_the_same_url_is_one_target() -> None:
    """However it is spelled, and whichever channels name it."""
    url = DISCORD_URL.replace("https://discord.com", "HTTPS://Discord.com:443")
    result = routed(Request("webhook", (DISCORD_URL, url + "#x")), Request("discord", (url,)))
    assert [delivery.destination.address for delivery in result.deliveries] == [DISCORD_URL]


def test_the_explicit_name_decides_for_a_shared_url() -> None:
    """A URL that is named as Discord's gets Discord's body, in whatever order."""
    (delivery,) = routed(
        Request("webhook", (HOOK_URL,)), Request("discord", (HOOK_URL,))
    ).deliveries
    assert delivery.destination.channel == "discord"


@pytest.mark.parametrize("url", ["ftp://example.com/secret", "https://h/secret" + "x" * 5000])
def test_a_bad_url_fails_alone_and_is_not_shown(url: str) -> None:
    """The notification's other targets are sent."""
    result = routed(Request("webhook", (url, HOOK_URL)))
    assert [delivery.destination.address for delivery in result.deliveries] == [HOOK_URL]
    ((target, error),) = result.unroutable
    assert (target.address, target.label) == (url, "webhook")
    assert "secret" not in error


def test_a_mail_is_one_delivery_to_all_its_recipients() -> None:
    """Each address once; the delivery says who stands where in the headers."""
    result = routed(
        Request("email", ("a@example.com", "b@Example.com")),
        Request("console"),
        mail=Mail(("c@example.com", "a@EXAMPLE.com"), ("d@example.com",), "s", "<p>"),
    )
    mail = result.deliveries[0]
    assert mail.destination == Destination("email", SMTP, SMTP)
    assert [target.address for target in mail.targets] == [
        "a@example.com",
        "b@example.com",
        "c@example.com",
        "d@example.com",
    ]
    assert mail.targets[0] == Target("email", "a@example.com", "a@example.com")
    assert mail.heading == Heading(("a@example.com", "b@example.com"), ("c@example.com",))


def test_who_is_kept_apart_is_a_delivery_each() -> None:
    """So that each is retried, and answered for, alone."""
    result = routed(Request("email", ("a@example.com", "b@example.com"), "group 'x'"))
    assert [
        ([target.address for target in each.targets], each.heading.apart)
        for each in result.deliveries
    ] == [(["a@example.com"], True), (["b@example.com"], True)]


def test_bad_mail_addresses_fail_alone_and_leave_the_headers() -> None:
    """Nothing that could break out of a header is left in the mail."""
    evil = "x@example.com\r\nBcc: y@example.com"
    result = routed(Request("email", ("a@example.com", "nobody")), mail=Mail(cc=(evil, "z" * 300)))
    (delivery,) = result.deliveries
    assert [target.address for target in delivery.targets] == ["a@example.com"]
    assert delivery.heading == Heading(("a@example.com",))
    assert [target.address for target, _ in result.unroutable] == ["nobody", evil, "z" * 300]
    assert [target.label for target, _ in result.unroutable] == [
        "nobody",
        ascii(evil),
        "z" * 100 + "…",
    ]


def test_mail_without_a_usable_address_is_not_sent() -> None:
    """There is no delivery without targets."""
    result = routed(Request("email", ("nobody",)))
    assert result.deliveries == ()
    assert len(result.unroutable) == 1


def test_a_copy_is_an_address_too() -> None:
    """With somebody in Cc, the default recipient is not told."""
    (delivery,) = routed(Request("email"), mail=Mail(cc=("c@example.com",))).deliveries
    assert [target.address for target in delivery.targets] == ["c@example.com"]


def test_without_mail_server_every_mail_target_fails() -> None:
    """Each by itself, with the setting to set."""
    result = routed(
        Request("email", ("a@example.com",)),
        defaults=Defaults(INBOX_URL),
        mail=Mail(cc=("c@example.com",)),
    )
    assert result.deliveries == ()
    assert [target.address for target, _ in result.unroutable] == ["a@example.com", "c@example.com"]
    assert all("NOTIFIER_EMAIL__HOST" in error for _, error in result.unroutable)


ADDRESSES = st.lists(st.sampled_from([DISCORD_URL, HOOK_URL, "a@example.com", "bad"]) | st.text())


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["webhook", "discord", "email", "console"]), ADDRESSES),
    ADDRESSES,
    st.sampled_from([DEFAULTS, Defaults()]),
)
def test_every_request_is_delivered_or_unroutable(
    requests: dict[str, list[str]], cc: list[str], defaults: Defaults
) -> None:
    """No target is lost or doubled, and every lane has one channel."""
    result = routed(
        *(Request(channel, tuple(addresses)) for channel, addresses in requests.items()),
        defaults=defaults,
        mail=Mail(cc=tuple(cc)),
    )
    targets = [target.address for delivery in result.deliveries for target in delivery.targets]
    assert len(set(targets)) == len(targets)
    assert all(delivery.targets for delivery in result.deliveries)
    assert bool(requests) == bool(targets or result.unroutable)


def test_a_request_that_cannot_be_met_fails_alone() -> None:
    """Whatever its channel is called; and what it asks for is shown without secrets."""
    problem = Note("channels", "expected webhook, got 'telegram'")
    unknown = Request("unknown", ("telegram\n", DISCORD_URL), problem=problem)
    result = routed(Request("webhook"), unknown)
    assert [delivery.destination.address for delivery in result.deliveries] == [INBOX_URL]
    assert [(target.channel, target.label, error) for target, error in result.unroutable] == [
        ("unknown", "'telegram\\n'", problem.problem),
        ("unknown", "https://discord.com/api/webhooks/123/***", problem.problem),
    ]


def test_what_an_address_asks_for_goes_with_its_target() -> None:
    """To the webhook that asks for it, and to no other."""
    access = Access((("Authorization", "Bearer t"),), "s")
    request = Request("webhook", (HOOK_URL, DISCORD_URL), access=((HOOK_URL, access),))
    hook, discord = routed(request).deliveries
    assert (hook.targets[0].access, discord.targets[0].access) == (access, NO_ACCESS)


def test_the_default_destination_may_want_a_signature() -> None:
    """Its secret is for it alone, not for addresses that a message names."""
    defaults = Defaults(webhook_url=HOOK_URL, webhook_secret="s")
    told = Notification("x", (Request("webhook"),))
    (delivery,) = route(told, defaults, KNOWN, source="s", digest=DIGEST).deliveries
    assert delivery.targets[0].access == Access(secret="s")
    own = Notification("x", (Request("webhook", (DISCORD_URL,)),))
    (delivery,) = route(own, defaults, KNOWN, source="s", digest=DIGEST).deliveries
    assert delivery.targets[0].access == NO_ACCESS


@pytest.mark.parametrize(
    ("content", "footer", "shown"),
    [
        ("hello", None, Footer("交易")),
        ("hello", Footer("Ginkgo"), Footer("交易 · Ginkgo")),
        ("x" * 300 + "交易", None, Footer("交易")),
        ("交易信号", Footer("Ginkgo"), Footer("Ginkgo")),
        ("hello", Footer("Ginkgo 交易系统"), Footer("Ginkgo 交易系统")),
    ],
)
def test_the_keyword_that_a_robot_demands_is_in_the_footer(
    content: str, footer: Footer | None, shown: Footer
) -> None:
    """Where nothing says it already; other destinations are told what the producer wrote."""
    access = ((HOOK_URL, Access(keyword="交易")),)
    request = Request("webhook", (HOOK_URL, DISCORD_URL), access=access)
    notification = Notification(content, (request,), footer=footer)
    robot, other = route(notification, DEFAULTS, KNOWN, source="s", digest=DIGEST).deliveries
    assert robot.notification.footer == shown
    assert other.notification is notification


def test_what_is_for_nobody_goes_nowhere() -> None:
    """A notification for inactive users alone has no requests."""
    assert routed() == Routed((), ())


def test_embeds_that_do_not_fit_are_a_further_delivery() -> None:
    """To the same address, and accepted or not by itself; other channels get one delivery."""
    requests = Request("discord", (DISCORD_URL,)), Request("webhook", (HOOK_URL,))
    embeds = tuple(Embed(title=str(number)) for number in range(10))
    notification = Notification("hello", requests, embeds=embeds)
    deliveries = route(notification, DEFAULTS, KNOWN, source="s", digest=DIGEST).deliveries
    assert [(each.destination.channel, each.targets[0].part) for each in deliveries] == [
        ("discord", 0),
        ("discord", 1),
        ("webhook", 0),
    ]
    first, second, _ = deliveries
    assert first.targets[0].address == second.targets[0].address
    assert mark_of(first.targets[0]).id != mark_of(second.targets[0]).id


MAILED = ("email", "a@example.com", NO_ACCESS)


def test_a_target_knows_who_is_told_instead() -> None:
    """Each step knows those after it; deliveries to them are there, and are not made by default."""
    fallback = Fallback((("discord", DISCORD_URL, Access(secret="s")), MAILED), 60.0)
    request = Request("webhook", (HOOK_URL,), fallbacks=((HOOK_URL, fallback),))
    result = routed(request)
    (delivery,) = result.deliveries
    (target,) = delivery.targets
    assert target.fallback_after == 60.0
    (discord,), (mail,) = target.fallback
    assert (discord.channel, discord.access.secret, discord.fallback) == (
        "discord",
        "s",
        ((mail,),),
    )
    assert (mail.address, mail.fallback) == ("a@example.com", ())
    assert {each.destination.channel for each in result.detours} == {"discord", "email"}


def test_nobody_is_told_instead_who_is_told_anyway() -> None:
    """Or who cannot be: without a mail server, or at an address that cannot be used."""
    for steps, more in (
        (MAILED, (Request("email", ("a@example.com",)),)),
        (("webhook", "nonsense", NO_ACCESS), ()),
    ):
        request = Request("webhook", (HOOK_URL,), fallbacks=((HOOK_URL, Fallback((steps,))),))
        assert routed(request, *more).deliveries[0].targets[0].fallback == ()
    request = Request("webhook", (HOOK_URL,), fallbacks=((HOOK_URL, Fallback((MAILED,))),))
    lonely = Notification("x", (request,))
    nobody = route(lonely, Defaults(), KNOWN, source="s", digest=DIGEST)
    assert nobody.deliveries[0].targets[0].fallback == ()


def test_a_mail_and_the_console_have_fallbacks_and_are_some() -> None:
    """A mail to somebody of the recipients file is for nobody else."""
    fallback = Fallback((("console", "console", NO_ACCESS),))
    mail = Request("email", ("a@example.com",), "a", fallbacks=(("a@example.com", fallback),))
    (delivery,) = routed(mail).deliveries
    assert delivery.targets[0].fallback[0][0].channel == "console"


def test_the_default_is_for_those_whose_form_it_has() -> None:
    """A robot's message is not posted to Discord; whoever names the channel is told so."""
    defaults = Defaults(DISCORD_URL)
    result = routed(Request("webhook"), Request("feishu"), defaults=defaults)
    (delivery,) = result.deliveries
    assert delivery.destination.channel == "discord"
    assert [(target.channel, error) for target, error in result.unroutable] == [
        ("feishu", "no address, and no default destination is set")
    ]
    assert routed(Request("discord"), defaults=defaults).deliveries
    assert routed(Request("feishu"), defaults=Defaults(HOOK_URL)).deliveries
