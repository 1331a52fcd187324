"""What holds for every chat service: it takes whatever is said, shows all of it, calls nobody."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.edges.channels import (
    bark,
    gotify,
    mattermost,
    ntfy,
    pushplus,
    rocketchat,
    serverchan,
    teams,
)
from app.edges.channels.base import ChannelEntry
from app.edges.channels.chat import ChatChannel
from app.inbox import bark as bark_inbox
from app.inbox import gotify as gotify_inbox
from app.inbox import mattermost as mattermost_inbox
from app.inbox import ntfy as ntfy_inbox
from app.inbox import pushplus as pushplus_inbox
from app.inbox import rocketchat as rocketchat_inbox
from app.inbox import serverchan as serverchan_inbox
from app.inbox import teams as teams_inbox
from app.policies.texts.plain_text import SHORTENED
from app.values.inbox import InboxCard
from app.values.notification import ContentType, Field, Footer, Notification
from tests.support.chats import (
    SHORT_NOTIFICATIONS,
    channel_of,
    delivery,
    merged_request,
    missing,
    requests_of,
)
from tests.support.notifications import NOTIFICATIONS


class Chat(NamedTuple):
    """A service: its channel, an address, and what its stand-in makes of a request."""

    entry: ChannelEntry
    address: str
    judge: Callable[[bytes], tuple[Sequence[InboxCard], Sequence[str]]]


def uncalled(
    judge: Callable[[bytes], InboxCard],
) -> Callable[[bytes], tuple[list[InboxCard], list[str]]]:
    """Return the same for a service in which nobody can be called."""
    return lambda body: ([judge(body)], [])


HOOK = "https://chat.example/hooks/abcdefghijklmnopqrstuvwxyz"
FLOW = (
    "https://x.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/ab12/"
    "triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s3cret"
)
CHATS = [
    Chat(mattermost.SPEC, HOOK, mattermost_inbox.judge),
    Chat(rocketchat.SPEC, f"{HOOK}/token", rocketchat_inbox.judge),
    Chat(teams.SPEC, FLOW, lambda body: (teams_inbox.judge(body), [])),
    Chat(ntfy.SPEC, "https://ntfy.sh/risk-room", uncalled(ntfy_inbox.judge)),
    Chat(gotify.SPEC, "https://push.example/message?token=A1b2", uncalled(gotify_inbox.judge)),
    Chat(bark.SPEC, "https://api.day.app/abcdefghijklmnopqrstuv", uncalled(bark_inbox.judge)),
    Chat(serverchan.SPEC, "https://sctapi.ftqq.com/SCT123.send", uncalled(serverchan_inbox.judge)),
    Chat(pushplus.SPEC, "https://www.pushplus.plus/send?token=t0", uncalled(pushplus_inbox.judge)),
]
every_chat = pytest.mark.parametrize("chat", CHATS, ids=[chat.entry.name for chat in CHATS])


def told(content: str = "text", **parts: Any) -> Notification:
    """Return a notification."""
    return Notification(content, (), **parts)


def shown(cards: Sequence[InboxCard]) -> list[str]:
    """Return everything that cards show."""
    texts = []
    for card in cards:
        fields = [part for field in card.fields for part in field]
        texts += [card.title or "", card.text, *fields, card.footer or ""]
    return texts


@every_chat
@settings(max_examples=30, deadline=None)
@given(NOTIFICATIONS, st.booleans())
def test_it_takes_whatever_is_said_and_shows_all_of_it(
    chat: Chat, notification: Notification, plain: bool
) -> None:
    """Or marks that something was cut; foreign text calls nobody."""
    cards: list[InboxCard] = []
    for request in requests_of(chat.entry, notification, chat.address, plain=plain):
        more, calls = chat.judge(request.body)
        cards += more
        assert list(calls) == []
    assert missing(notification, shown(cards)) == []


@every_chat
@settings(max_examples=30, deadline=None)
@given(st.lists(SHORT_NOTIFICATIONS, min_size=2, max_size=5))
@example([Notification(".", ()), Notification(".", (), title="=")])
@example([Notification(".", (), title="#"), Notification(".", (), title="1. first")])
def test_what_is_merged_is_taken_as_well(chat: Chat, several: list[Notification]) -> None:
    """Every one of them is told."""
    merged, request = merged_request(chat.entry, several, chat.address)
    cards, calls = chat.judge(request.body)
    assert list(calls) == []
    for each in merged:
        assert missing(each, shown(cards)) == []


@every_chat
@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="ab @*_~`[]()<>#+-=.!|\\&:;/1$'\"{}\n", max_size=120)
    | st.lists(
        st.sampled_from(
            ["@all ", "# ", "- ", "1. ", "> ", "***", "---", "===", "```", "&lt;", "    "]
        )
        | st.sampled_from([":smile:", "[a](b)", "<b>", "https://x.example/a_b_c", "\n", "a"]),
        max_size=12,
    ).map("".join)
)
def test_text_is_shown_as_it_stands(chat: Chat, content: str) -> None:
    """Character by character, line by line, and calls nobody."""
    (request,) = requests_of(chat.entry, told(f"x{content}x"), chat.address)
    cards, calls = chat.judge(request.body)
    read = cards[0].text.replace("\u200b", "")
    assert [line.rstrip(" ") for line in read.split("\n")] == [
        line.rstrip(" ") for line in f"x{content}x".split("\n")
    ]
    assert list(calls) == []


@every_chat
def test_what_is_too_long_is_cut_with_a_mark(chat: Chat) -> None:
    """And a note says so; the footer stays."""
    long = told("word " * 20_000, footer=Footer("the end"), fields=(Field("a", "b"),))
    (request,) = requests_of(chat.entry, long, chat.address)
    cards, _ = chat.judge(request.body)
    assert SHORTENED in "".join(shown(cards))
    assert "content" in [
        note.field for note in channel_of(chat.entry).notes(delivery(long, chat.address))
    ]


@every_chat
def test_markdown_is_put_into_its_dialect(chat: Chat) -> None:
    """What is said is the same."""
    content = "# Head\n**bold** _it_ ~~no~~ `co*de` [link](https://x.example)\n- item\n1. one\n> said\n```\n*raw*\n```\nend"
    (request,) = requests_of(
        chat.entry, told(content, content_type=ContentType.MARKDOWN), chat.address
    )
    cards, _ = chat.judge(request.body)
    read = cards[0].text
    for words in (
        "Head",
        "bold",
        "it",
        "no",
        "co*de",
        "link",
        "item",
        "one",
        "said",
        "*raw*",
        "end",
    ):
        assert words in read
    assert "**bold**" not in read
    assert "~~" not in read


@every_chat
def test_plain_text_follows_a_refusal_and_a_note_says_so(chat: Chat) -> None:
    """It is sent by itself."""
    channel = channel_of(chat.entry)
    assert isinstance(channel, ChatChannel)
    sent = delivery(told("a < b", title="T"), chat.address, plain=True)
    cards, _ = chat.judge(channel.request([sent], 0.0).body)
    assert "a < b" in shown(cards)[1]
    assert [note.problem for note in channel.notes(sent)] == [
        "the service refused its form; sent as plain text"
    ]
    assert not channel.mergeable([sent], sent)


@every_chat
def test_it_is_not_told_again_what_it_was_told(chat: Chat) -> None:
    """A notification is rendered once; its second request says nothing about what was left out."""
    channel = channel_of(chat.entry)
    assert isinstance(channel, ChatChannel)
    notification = told(url="javascript:1")
    channel.prepare(delivery(notification, chat.address))
    assert channel.render(notification) is channel.render(notification)
    assert [note.field for note in channel.notes(delivery(notification, chat.address))] == ["url"]
    assert channel.notes(delivery(notification, chat.address, part=1)) == ()
    assert json.loads(channel.request([delivery(notification, chat.address)], 0.0).body)
