import json
from dataclasses import dataclass
from typing import Any

import pytest

from app.inbox.discord.form import Step
from app.inbox.discord.payload import Refusal, judge

URL = "https://example.com/"


@dataclass(frozen=True)
class Case:
    """A rule at its boundary."""

    taken: Any  # a message that keeps to it, just so
    refused: Any  # one that does not, by the least
    path: tuple[Step, ...]  # where the fault is told
    code: str  # of the fault

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path)) or 'message'}-{self.code}"


def embed(**parts: Any) -> dict[str, Any]:
    """Return a message of one embed."""
    return {"embeds": [parts]}


def fields(count: int, name: str = "n", value: str = "v", **more: Any) -> list[dict[str, Any]]:
    """Return so many fields."""
    return [{"name": name, "value": value, **more}] * count


def named(name: Any) -> dict[str, Any]:
    """Return a message under a name."""
    return {"content": "x", "username": name}


def mentioning(**mentions: Any) -> dict[str, Any]:
    """Return a message with ``allowed_mentions``."""
    return {"content": "x", "allowed_mentions": mentions}


def total(characters: int) -> dict[str, Any]:
    """Return a message with so many characters in every text that counts, over two embeds."""
    first = {"title": "t" * 256, "description": "d" * 2000, "author": {"name": "a" * 256}}
    named = fields(2, "n" * 256, "v" * 1000)
    rest = characters - 256 - 2000 - 256 - 2 * 1256
    return {"embeds": [first, {"fields": named, "footer": {"text": "f" * rest}}]}


TOO_LONG = "BASE_TYPE_MAX_LENGTH"
REQUIRED = "BASE_TYPE_REQUIRED"
BAD_URL = "URL_TYPE_INVALID_URL"
BAD_SCHEME = "URL_TYPE_INVALID_SCHEME"
BAD_NAME = "USERNAME_INVALID"
NOT_TEXT = "STRING_TYPE_CONVERT"
NOT_OBJECT = "MODEL_TYPE_CONVERT"
NOT_LIST = "LIST_TYPE_CONVERT"
NOT_NUMBER = "NUMBER_TYPE_COERCE"

ONE = ("embeds", 0)

LENGTHS = [
    Case({"content": "x" * 2000}, {"content": "x" * 2001}, ("content",), TOO_LONG),
    Case({"content": "😀" * 1000}, {"content": "😀" * 1000 + "x"}, ("content",), TOO_LONG),
    Case(
        {"embeds": [{"title": "x"}] * 10}, {"embeds": [{"title": "x"}] * 11}, ("embeds",), TOO_LONG
    ),
    Case(embed(title="x" * 256), embed(title="x" * 257), (*ONE, "title"), TOO_LONG),
    Case(embed(title="😀" * 128), embed(title="😀" * 129), (*ONE, "title"), TOO_LONG),
    Case(
        embed(description="x" * 4096),
        embed(description="x" * 4097),
        (*ONE, "description"),
        TOO_LONG,
    ),
    Case(embed(fields=fields(25)), embed(fields=fields(26)), (*ONE, "fields"), TOO_LONG),
    Case(
        embed(fields=fields(1, name="x" * 256)),
        embed(fields=fields(1, name="x" * 257)),
        (*ONE, "fields", 0, "name"),
        TOO_LONG,
    ),
    Case(
        embed(fields=fields(1, value="x" * 1024)),
        embed(fields=fields(1, value="x" * 1025)),
        (*ONE, "fields", 0, "value"),
        TOO_LONG,
    ),
    Case(
        embed(title="t", footer={"text": "x" * 2048}),
        embed(title="t", footer={"text": "x" * 2049}),
        (*ONE, "footer", "text"),
        TOO_LONG,
    ),
    Case(
        embed(title="t", author={"name": "x" * 256}),
        embed(title="t", author={"name": "x" * 257}),
        (*ONE, "author", "name"),
        TOO_LONG,
    ),
    Case(total(6000), total(6001), ("embeds",), "MAX_EMBED_SIZE_EXCEEDED"),
    Case(
        embed(title="t", url=URL + "x" * 2028),
        embed(title="t", url=URL + "x" * 2029),
        (*ONE, "url"),
        TOO_LONG,
    ),
]

EMPTINESS = [
    Case(embed(title="x"), embed(title=" \n"), (*ONE, "description"), REQUIRED),
    Case(embed(description="\u200b"), embed(description="\u200e"), (*ONE, "description"), REQUIRED),
    Case(embed(description="🚨"), embed(description="\u3164"), (*ONE, "description"), REQUIRED),
    Case(embed(title="x", color=1), embed(color=1), (*ONE, "description"), REQUIRED),
    Case(
        embed(title="x", footer={"text": "f"}),
        embed(footer={"text": "f"}),
        (*ONE, "description"),
        REQUIRED,
    ),
    Case(embed(image={"url": URL}), embed(url=URL), (*ONE, "description"), REQUIRED),
    Case(embed(thumbnail={"url": URL}), embed(thumbnail={}), (*ONE, "thumbnail", "url"), REQUIRED),
    Case(embed(fields=fields(1)), embed(fields=[]), (*ONE, "description"), REQUIRED),
    Case({"embeds": [{"title": "x"}]}, {"embeds": [{}]}, ONE, "LIST_ITEM_VALUE_REQUIRED"),
    Case({"embeds": [{"title": "x"}]}, {"embeds": [None]}, ONE, "LIST_ITEM_VALUE_REQUIRED"),
    Case(
        embed(fields=fields(1, name="\u200b")),
        embed(fields=fields(1, name="")),
        (*ONE, "fields", 0, "name"),
        REQUIRED,
    ),
    Case(
        embed(fields=fields(1, value="\u200b")),
        embed(fields=fields(1, value=" \t\n")),
        (*ONE, "fields", 0, "value"),
        REQUIRED,
    ),
    Case(
        embed(fields=fields(1)),
        embed(fields=[{"name": "n"}]),
        (*ONE, "fields", 0, "value"),
        REQUIRED,
    ),
    Case(
        embed(title="x", author={"name": "a"}),
        embed(title="x", author={"icon_url": URL}),
        (*ONE, "author", "name"),
        REQUIRED,
    ),
    Case(
        embed(title="x", footer={"text": "f"}),
        embed(title="x", footer={"text": " "}),
        (*ONE, "footer", "text"),
        REQUIRED,
    ),
]

TYPES = [
    Case({"content": "x"}, ["x"], (), "DICT_TYPE_CONVERT"),
    Case({"content": "1"}, {"content": 1}, ("content",), NOT_TEXT),
    Case({"content": None, "embeds": [{"title": "x"}]}, {"content": []}, ("content",), NOT_TEXT),
    Case({"embeds": None, "content": "x"}, {"embeds": {}}, ("embeds",), NOT_LIST),
    Case({"embeds": [{"title": "x"}]}, {"embeds": ["x"]}, ONE, NOT_OBJECT),
    Case(embed(title="1"), embed(title=1), (*ONE, "title"), NOT_TEXT),
    Case(embed(title="x", author=None), embed(title="x", author="x"), (*ONE, "author"), NOT_OBJECT),
    Case(
        embed(fields=fields(1, inline=True)),
        embed(fields=fields(1, inline="true")),
        (*ONE, "fields", 0, "inline"),
        "BOOLEAN_TYPE_CONVERT",
    ),
    Case(
        embed(fields=fields(1, inline=None)),
        embed(fields=fields(1, inline=1)),
        (*ONE, "fields", 0, "inline"),
        "BOOLEAN_TYPE_CONVERT",
    ),
    Case(
        {"content": "x", "tts": False},
        {"content": "x", "tts": 0},
        ("tts",),
        "BOOLEAN_TYPE_CONVERT",
    ),
    Case(
        {"content": "x", "flags": 4096},
        {"content": "x", "flags": 1 << 15},
        ("flags",),
        "NOT_MODELLED",
    ),
    Case({"content": "x"}, {"content": "x", "components": []}, ("components",), "NOT_MODELLED"),
    Case(embed(title="x", type="rich"), embed(title="x", type=1), (*ONE, "type"), NOT_TEXT),
    Case(embed(title="x"), embed(title="x", video={}), (*ONE, "video"), "NOT_MODELLED"),
    Case(
        embed(image={"url": URL, "proxy_url": 1}),
        embed(image={"url": URL, "width": 1}),
        (*ONE, "image", "width"),
        "NOT_MODELLED",
    ),
]

COLORS = [
    Case(
        embed(title="x", color=0xFFFFFF),
        embed(title="x", color=0x1000000),
        (*ONE, "color"),
        "NUMBER_TYPE_MAX",
    ),
    Case(embed(title="x", color=0), embed(title="x", color=-1), (*ONE, "color"), "NUMBER_TYPE_MIN"),
    Case(embed(title="x", color=1), embed(title="x", color="1"), (*ONE, "color"), NOT_NUMBER),
    Case(embed(title="x", color=None), embed(title="x", color=1.0), (*ONE, "color"), NOT_NUMBER),
    Case(embed(title="x", color=1), embed(title="x", color=True), (*ONE, "color"), NOT_NUMBER),
]

TIMES = [
    Case(
        embed(title="x", timestamp=taken),
        embed(title="x", timestamp=refused),
        (*ONE, "timestamp"),
        "DATE_TIME_TYPE_PARSE",
    )
    for taken, refused in [
        ("2026-01-01T00:00:00Z", "2026-01-01"),
        ("2026-01-01T00:00:00+08:00", "2026-01-01T00:00:00"),
        ("2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00.1234567Z"),
        ("1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z"),
        ("2024-02-29T23:59:59-23:59", "2025-02-29T23:59:59Z"),
        ("9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00Z", "2026-01-01T24:00:00Z"),
        (None, 1767225600),
    ]
]

URLS = [
    Case(
        embed(title="x", url=taken),
        embed(title="x", url=refused),
        (*ONE, "url"),
        code,
    )
    for taken, refused, code in [
        ("http://example.com", "ftp://example.com", BAD_SCHEME),
        ("https://example.com/a:b", "javascript:alert(1)", BAD_SCHEME),
        ("https://example.com", "", BAD_SCHEME),
        ("https://example.com", "example.com", BAD_SCHEME),
        (None, "attachment://a.png", BAD_SCHEME),
        ("https://a.example.com/", "https://a_b.example.com/", BAD_URL),
        ("http://bugsink.local:8000", "http://bugsink:8000", BAD_URL),
        ("http://192.168.1.1:3000/x", "http://192.168.1.256:3000/x", BAD_URL),
        ("https://example.com:65535/", "https://example.com:65536/", BAD_URL),
        ("https://example.com:1/", "https://example.com:0/", BAD_URL),
        ("https://example.com/a%20b", "https://example.com/a b", BAD_URL),
        ("https://example.com/%E6%97%A5", "https://example.com/日", BAD_URL),
        ("https://xn--wgv71a.jp/", "https://日本.jp/", BAD_URL),
        ("https://example.com/%25", "https://example.com/%", BAD_URL),
        ("https://example.com/?a=b&c#d", "https://example.com/#a#b", BAD_URL),
        ("https://example.com/", "https://user@example.com/", BAD_URL),
        ("https://example.com/", "https://example.com./", BAD_URL),
        ("https://example.com/", "https://-example.com/", BAD_URL),
        ("https://example.com/", "https://[::1]/", BAD_URL),
        ("https://example.com/", "https:///", BAD_URL),
        ("https://example.com/", "https://example.com/\n", BAD_URL),
        ("https://" + "a" * 63 + ".com", "https://" + "a" * 64 + ".com", BAD_URL),
    ]
]

URL_PLACES = [
    Case(
        {"content": "x", "avatar_url": URL},
        {"content": "x", "avatar_url": "x"},
        ("avatar_url",),
        BAD_SCHEME,
    ),
    Case(embed(image={"url": URL}), embed(image={"url": "x"}), (*ONE, "image", "url"), BAD_SCHEME),
    Case(
        embed(thumbnail={"url": URL}),
        embed(thumbnail={"url": 1}),
        (*ONE, "thumbnail", "url"),
        NOT_TEXT,
    ),
    Case(
        embed(title="x", author={"name": "a", "url": URL}),
        embed(title="x", author={"name": "a", "url": "x"}),
        (*ONE, "author", "url"),
        BAD_SCHEME,
    ),
    Case(
        embed(title="x", author={"name": "a", "icon_url": URL}),
        embed(title="x", author={"name": "a", "icon_url": "x"}),
        (*ONE, "author", "icon_url"),
        BAD_SCHEME,
    ),
    Case(
        embed(title="x", footer={"text": "f", "icon_url": URL}),
        embed(title="x", footer={"text": "f", "icon_url": "x"}),
        (*ONE, "footer", "icon_url"),
        BAD_SCHEME,
    ),
]

NAMES = [
    Case(named(taken), named(refused), ("username",), code)
    for taken, refused, code in [
        ("x" * 80, "x" * 81, "BASE_TYPE_BAD_LENGTH"),
        ("😀" * 40, "😀" * 41, "BASE_TYPE_BAD_LENGTH"),
        ("x", "", "BASE_TYPE_BAD_LENGTH"),
        ("交易", " ", "BASE_TYPE_BAD_LENGTH"),
        ("🤖", "\u200b", "BASE_TYPE_BAD_LENGTH"),
        ("Disco", "My DISCORD bot", "USERNAME_INVALID_CONTAINS"),
        ("Cly de", "xclydex", "USERNAME_INVALID_CONTAINS"),
        ("dis cord", "dis\u200bcord", "USERNAME_INVALID_CONTAINS"),
        ("disc", "ｄｉｓｃｏｒｄ", "USERNAME_INVALID_CONTAINS"),
        ("``", "```", "USERNAME_INVALID_CONTAINS"),
        ("ops@prod #1: alerts", "here", BAD_NAME),
        ("her e", "groundsphere", BAD_NAME),
        ("every one", "Everyone", BAD_NAME),
        (None, 1, NOT_TEXT),
    ]
]

MENTIONS = [
    Case(
        mentioning(parse=["users", "roles", "everyone"]),
        mentioning(parse=["here"]),
        ("allowed_mentions", "parse", 0),
        "BASE_TYPE_CHOICES",
    ),
    Case(mentioning(parse=[]), mentioning(parse="users"), ("allowed_mentions", "parse"), NOT_LIST),
    Case(
        mentioning(parse=["users"]),
        mentioning(parse=["users", "users"]),
        ("allowed_mentions", "parse", 1),
        "SET_TYPE_ALREADY_CONTAINS_VALUE",
    ),
    Case(
        mentioning(parse=["roles"], users=["1"]),
        mentioning(parse=["users"], users=["1"]),
        ("allowed_mentions",),
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    ),
    Case(
        mentioning(parse=["roles"], roles=[]),
        mentioning(parse=["roles"], roles=["1"]),
        ("allowed_mentions",),
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    ),
    Case(
        mentioning(users=["1", "2"]),
        mentioning(users=["1", "2", "1"]),
        ("allowed_mentions", "users", 2),
        "SET_TYPE_ALREADY_CONTAINS_VALUE",
    ),
    Case(
        mentioning(users=[str(number) for number in range(100)]),
        mentioning(users=[str(number) for number in range(101)]),
        ("allowed_mentions", "users"),
        TOO_LONG,
    ),
    Case(
        mentioning(users=["9223372036854775807"]),
        mentioning(users=["9223372036854775808"]),
        ("allowed_mentions", "users", 0),
        "NUMBER_TYPE_MAX",
    ),
    Case(
        mentioning(users=["1"]),
        mentioning(users=["x"]),
        ("allowed_mentions", "users", 0),
        NOT_NUMBER,
    ),
    Case(
        mentioning(replied_user=True),
        mentioning(replied_user="yes"),
        ("allowed_mentions", "replied_user"),
        "BOOLEAN_TYPE_CONVERT",
    ),
    Case(
        {"content": "x", "allowed_mentions": None},
        {"content": "x", "allowed_mentions": []},
        ("allowed_mentions",),
        NOT_OBJECT,
    ),
]

CASES = [
    *LENGTHS,
    *EMPTINESS,
    *TYPES,
    *COLORS,
    *TIMES,
    *URLS,
    *URL_PLACES,
    *NAMES,
    *MENTIONS,
]

NO_JSON = [
    b"",
    b"{",
    b"nonsense",
    b'{"content": "\xff"}',
    b'\xef\xbb\xbf{"content": "x"}',
    b'{"content": "\\ud800"}',
    b'{"content": "x", "flags": NaN}',
    b'{"x":' + b"[" * 100_000,
    b'{"content": "x\n"}',
]

EMPTY = [
    {},
    {"content": ""},
    {"content": " \n\u3000"},
    {"content": "\u202e\u2060"},
    {"content": None, "embeds": []},
    {"username": "somebody"},
]


def verdict(message: Any, version: int = 10) -> dict[str, Any] | Refusal:
    """Judge a message as JSON."""
    return judge(json.dumps(message).encode(), version)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_at_its_boundary(case: Case) -> None:
    """What just keeps to a rule is taken; what just breaks it is refused at its place."""
    assert verdict(case.taken) == case.taken
    refusal = verdict(case.refused)
    assert isinstance(refusal, Refusal)
    assert (refusal.answer["message"], refusal.answer["code"]) == ("Invalid Form Body", 50035)
    place = refusal.answer["errors"]
    for step in case.path:
        place = place[str(step)]
    assert case.code in [error["code"] for error in place["_errors"]]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_old_form_of_a_refusal(case: Case) -> None:
    """Before API v8 a refusal names keys and messages, and of lists only the position."""
    refusal = verdict(case.refused, version=6)
    assert isinstance(refusal, Refusal)
    first = str(case.path[0]) if case.path else "_misc"
    assert first in refusal.answer
    assert "code" not in refusal.answer


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (embed(title="x" * 257), {"embeds": ["0"]}),
        ({"embeds": [{"title": "x"}] * 11}, {"embeds": ["Must be 10 or fewer in length."]}),
        (total(6001), {"embeds": ["Embed size exceeds maximum size of 6000"]}),
        (named("x" * 81), {"username": ["Must be between 1 and 80 in length."]}),
        (
            mentioning(parse=["users"], users=["1"]),
            {
                "allowed_mentions": [
                    'parse:["users"] and users: [ids...] are mutually exclusive.',
                ]
            },
        ),
        (
            mentioning(users=["x"], parse=1),
            {
                "allowed_mentions": {
                    "users": ["0"],
                    "parse": ["Only iterables may be used in a ListType"],
                }
            },
        ),
    ],
)
def test_old_refusals_read_as_reported(message: Any, answer: Any) -> None:
    """These bodies stand in public reports, word for word where they are quoted."""
    assert verdict(message, version=6) == Refusal(answer)


def test_every_fault_is_told() -> None:
    """One answer tells of all of them, each at its own place."""
    refusal = verdict({"content": 1, "embeds": [{"title": "x", "color": -1}, {"title": "x" * 300}]})
    assert isinstance(refusal, Refusal)
    errors = refusal.answer["errors"]
    assert set(errors) == {"content", "embeds"}
    assert set(errors["embeds"]) == {"0", "1"}


@pytest.mark.parametrize("body", NO_JSON)
def test_no_json(body: bytes) -> None:
    """What is no JSON text is refused as such, in every version."""
    answer = {"message": "The request body contains invalid JSON.", "code": 50109}
    assert judge(body) == judge(body, 6) == Refusal(answer)


@pytest.mark.parametrize("message", EMPTY)
def test_an_empty_message(message: dict[str, Any]) -> None:
    """A message that says nothing is refused with a code of its own, in every version."""
    answer = {"message": "Cannot send an empty message", "code": 50006}
    assert verdict(message) == verdict(message, 6) == Refusal(answer)


def test_what_discord_does_not_know() -> None:
    """Keys that no page names are ignored."""
    message = {"content": "x", "wait": False, "embeds": [{"title": "x", "type": "rich", "a": "a"}]}
    assert verdict(message) == message
