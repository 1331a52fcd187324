"""Records that somebody might write who means harm, or has a bug."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.support.channels import KNOWN
from tests.support.records import CHANGES, drawn

LARGE = 960_000
"""Bytes: nearly what Kafka takes by default."""
HUGE = 8_000_000
"""Bytes: what it takes if somebody has raised that."""

USER = "user-1"
"""Has a contact of every kind that there is (``tests/bounds/world.py``)."""
PARTS_OF_HTML = {
    "line breaks": "<br>",
    "nested": "<div>",
    "references": "&amp; ",
    "half tags": "<a ",
    "quotes in tags": "<a \"'",
    "comments": "<!---->",
    "style sheets": "<style></style>",
    "cells": "<td>1</td>",
    "links": '<a href="http://a.example/">b</a>',
    "short lines": "x\n",
}

_UNITS = [
    *"x \n\t\0\u200b\ue000\ufdfa\u6c49\U0001f600<>&\"'\\/%,;@:{}[]",
    *("<br>", "&amp;", "a@b.c", "https://a.example/", "/api/webhooks/1/t", "token="),
]
_OUTSIDE = ("content", "content_type", "channels", "message_id", "priority", "metadata", "tags")
_PLACES = [
    *_OUTSIDE,
    *("to", "cc", "bcc", "subject", "html", "attachments", "embeds", "fields", "footer", "author"),
    *("color", "url", "username", "avatar_url", "webhook_url", "thread_id", "image"),
]

Record = Mapping[str, Any] | bytes


def records(size: int) -> Iterator[tuple[str, bytes]]:
    """Yield records of about so many bytes, by what is odd about them."""
    for group in (_texts, _chats, _dressed, _addressed, _typed, _broken):
        for name, record in group(size).items():
            yield name, record if isinstance(record, bytes) else encoded(record)


def huge_records(size: int) -> Iterator[tuple[str, bytes]]:
    """Yield those of which a larger one takes another way, and not only as much longer."""
    yield "a text of short lines", encoded(_short_lines(size))
    yield "as many fields as are read", encoded(_many_fields(size))
    yield "a long HTML part", encoded(_html_part(size))
    yield "quotes in tags", encoded(html(PARTS_OF_HTML["quotes in tags"], size))


def random_records(size: int, seeds: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    """Yield records of odd values in random places, by their seed."""
    for seed in seeds:
        yield f"seed {seed}", _random(size, random.Random(seed))


def drawn_records(size: int, count: int, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield records that hypothesis draws, the same ones for the same number.

    Every second one has the value of one key so often that it is of about this size.
    """
    for place, changes in enumerate(drawn(CHANGES, count, number)):
        keys = list(changes)
        if place % 2 and keys:
            changes[keys[0]] = _grown(changes[keys[0]], size)
        yield f"drawn {number}, {place}: {' '.join(keys)}", encoded(envelope() | changes)


def _grown(value: Any, size: int) -> Any:
    count = size // max(len(json.dumps(value)), 8)
    match value:
        case str():
            return value * count
        case dict():
            return {
                f"{key}{number}": each for key, each in value.items() for number in range(count)
            }
        case _:
            return [value] * count


def _random(size: int, chance: random.Random) -> bytes:
    places = chance.sample(_PLACES, 4)
    values = [_odd_value(size // len(places), chance) for _ in places]
    record = envelope(kwargs={})
    for place, value in zip(places, values, strict=True):
        (record if place in _OUTSIDE else record["kwargs"])[place] = value
    return encoded(record)


def _odd_value(size: int, chance: random.Random) -> Any:
    unit = "".join(chance.choices(_UNITS, k=3))
    text = unit * (size // len(unit.encode()))
    short = "".join(chance.choices(_UNITS, k=2))
    things: tuple[Any, ...] = (
        text,
        [short] * (size // 16),
        {f"k{number}": short for number in range(size // 32)},
        [{"name": short, "value": short}] * (size // 64),
        [[short], {short: short}] * 1000,
    )
    return chance.choice(things)


def encoded(record: Mapping[str, Any]) -> bytes:
    """Return a record's value; lone surrogates as JSON escapes them."""
    try:
        return json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(record).encode()


def envelope(content: str = "text", **fields: Any) -> dict[str, Any]:
    """Return an envelope for every channel."""
    return {"content": content, "channels": KNOWN.names, "metadata": {"user_uuid": USER}, **fields}


def ordinary(number: int, size: int) -> bytes:
    """Return one of many notifications, for one webhook, of about so many bytes."""
    text = "word " * (size // 5 - 40)
    return encoded({"content": text, "message_id": f"m{number}", "channels": ["webhook"]})


def html(part: str, size: int) -> dict[str, Any]:
    """Return HTML that is one part again and again."""
    return envelope(part * (size // len(part)), content_type="html")


def _short_lines(size: int) -> dict[str, Any]:
    return envelope("x\n" * (size // 2))


def _many_fields(size: int) -> dict[str, Any]:
    field = {"name": "n", "value": "v" * max(size // 40_000, 1)}
    return envelope(kwargs={"fields": [field] * min(40_000, size // 30)})


def _html_part(size: int) -> dict[str, Any]:
    return envelope(kwargs={"html": "<p>\u00e4</p>" * (size // 9)})


def _texts(size: int) -> dict[str, Record]:
    return {
        "a long text": envelope("word " * (size // 5)),
        "a text of short lines": _short_lines(size),
        "a text of spaces": envelope("x" + " " * size),
        "a Chinese text": envelope("\u6c49" * (size // 3)),
        "emoji": envelope("\U0001f600" * (size // 4)),
        "control characters": envelope("\x01" * (size // 6)),
        "nothing to be seen": envelope("\u200b" * (size // 3)),
        "private characters": envelope("\ue000" * (size // 3)),
        "addresses in a text": envelope("https://a.example/b " * (size // 20)),
        "webhooks in a text": envelope("/api/webhooks/1/token " * (size // 22)),
        "markdown": envelope("**[a](b)**`c`|d|\n" * (size // 17), content_type="markdown"),
        **{f"HTML of {name}": html(part, size) for name, part in PARTS_OF_HTML.items()},
    }


def _chats(size: int) -> dict[str, Record]:
    """Return what is written in the dialects of chats."""
    marks = "*a **b* `c` [d](https://a.example/e) "
    embed = {"description": "*a **b* " * 250, "fields": [{"name": "n", "value": "*v " * 300}]}
    return {
        "marks of chats": envelope(marks * (size // 40), content_type="markdown"),
        "names in chats": envelope("@all " * (size // 5)),
        "embeds with marks": envelope(kwargs={"embeds": [embed] * (size // 3000)}),
    }


def _dressed(size: int) -> dict[str, Record]:
    """Return what decorates, in any number and of any length."""
    field = {"name": "n", "value": "v"}
    return {
        "a long title": envelope(metadata={"user_uuid": USER, "title": "t" * size}),
        "a title of private characters": envelope(
            metadata={"user_uuid": USER, "title": "\ue000" * (size // 3)}
        ),
        "a long id": envelope(message_id="i" * size),
        "a long key": envelope(ordering_key="k" * size),
        "a long unknown key": envelope() | {"k" * size: 1},
        "unknown keys": envelope() | {f"k{number}": 1 for number in range(size // 16)},
        "fields": envelope(kwargs={"fields": [field] * (size // 30)}),
        "as many fields as are read": _many_fields(size),
        "fields without values": envelope(kwargs={"fields": [{"name": None}] * (size // 16)}),
        "fields that are none": envelope(kwargs={"fields": [[]] * (size // 4)}),
        "a long field": envelope(kwargs={"fields": [{"name": "n", "value": "v" * size}]}),
        "embeds": envelope(kwargs={"embeds": [{"title": "t"}] * (size // 16)}),
        "embeds with nothing": envelope(kwargs={"embeds": [{}] * (size // 4)}),
        "embeds with fields": envelope(
            kwargs={"embeds": [{"title": "t", "fields": [field] * 30}] * (size // 1000)}
        ),
        "embeds with odd addresses": envelope(
            kwargs={"embeds": [{"title": "t", "url": "http://\u00e4.example/%"}] * (size // 45)}
        ),
        "odd colours": envelope(
            kwargs={"embeds": [{"title": "t", "color": "x" * 20}] * (size // 45)}
        ),
        "a long footer": envelope(kwargs={"footer": "\ue000" * (size // 3)}),
        "a long user name": envelope(kwargs={"username": "\ufdfa" * (size // 3)}),
        "a long picture": envelope(kwargs={"avatar_url": "http://" + "a" * size}),
        "a long subject": envelope(kwargs={"subject": "\u00e4" * (size // 2)}),
        "a long HTML part": _html_part(size),
        "attachments": envelope(
            kwargs={"attachments": [{"filename": "f", "content": "c"}] * (size // 36)}
        ),
        "a long attachment": envelope(
            kwargs={"attachments": [{"filename": "f.csv", "content": "1,2\n" * (size // 4)}]}
        ),
    }


def _addressed(size: int) -> dict[str, Record]:
    people = [f"{number}@mail.example" for number in range(size // 20)]
    return {
        "many recipients": envelope(kwargs={"to": people}),
        "many recipients in one text": envelope(kwargs={"to": ",".join(people)}),
        "many blind copies": envelope(kwargs={"to": "a@mail.example", "bcc": people[:5000]}),
        "recipients that are none": envelope(kwargs={"to": ["@"] * (size // 4)}),
        "quotes for recipients": envelope(kwargs={"to": '"' * (size // 2)}),
        "half quotes for recipients": envelope(kwargs={"to": '"a' * (size // 3)}),
        "commas for recipients": envelope(kwargs={"to": "," * size}),
        "a long webhook": envelope(kwargs={"webhook_url": "http://" + "a" * size}),
        "an odd webhook": envelope(kwargs={"webhook_url": "http://" + "\u00e4" * 2000}),
        "many channels": envelope() | {"channels": ["webhook"] * (size // 12)},
        "channels that are none": envelope() | {"channels": ["x" * 10] * (size // 14)},
        "a long channel": envelope() | {"channels": ["webhook", "w" * size]},
        "nested channels": b'{"content":"x","channels":%b}' % nested(size),
    }


def _typed(size: int) -> dict[str, Record]:
    signal = {"direction": "LONG", "code": "AAPL"}
    template = {"message_type": "template", "template_id": "trading_signal", "user_uuid": USER}
    return {
        "a long variable": template | {"context": signal | {"reason": "x" * size}},
        "many variables": template
        | {"context": signal | {f"k{number}": 1 for number in range(size // 16)}},
        "a nested variable": b'{"message_type":"template","template_id":"trading_signal",'
        b'"user_uuid":"user-1","context":{"code":%b}}' % nested(size),
        "a variable of many": template | {"context": signal | {"code": [1] * (size // 3)}},
        "a long direction": {
            "message_type": "trading_signal",
            "direction": "l" * size,
            "code": "x",
            "user_uuid": USER,
        },
        "typed fields": {
            "message_type": "custom_fields",
            "content": "x",
            "fields": [{"name": "n", "value": "v"}] * (size // 30),
            "user_uuid": USER,
        },
        "a long user": {"message_type": "simple", "content": "x", "user_uuid": "u" * size},
        "many users": {
            "message_type": "simple",
            "content": "x",
            "user_uuid": USER,
            "user_uuids": [f"u-{number}" for number in range(size // 10)],
        },
        "a long type": {"message_type": "t" * size, "content": "x"},
    }


def _broken(size: int) -> dict[str, Record]:
    """Return what is no notification, or hardly one."""
    return {
        "nested lists": _with("z", nested(size)),
        "nested objects": _with("z", b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6)),
        "nested fields": _with("kwargs", b'{"fields":%b}' % nested(size)),
        "lists of lists": _with("z", b"[%b]" % (b"[]," * (size // 3) + b"[]")),
        "a long number": _with("ttl_seconds", b"9" * size),
        "a long colour": _with("kwargs", b'{"color":%b}' % (b"9" * size)),
        "an odd number": _with("kwargs", b'{"color":%b.5e%b}' % (b"9" * 1000, b"9" * 1000)),
        "not a number": _with("z", b"[%b]" % (b"NaN," * (size // 4) + b"NaN")),
        "lone surrogates": _with("title", b'"%b"' % (b"\\ud83d" * (size // 6))),
        "escapes": _with("z", b"1").replace(b'"x"', b'"%b"' % (b"\\u0041" * (size // 6))),
        "cut off": b'{"content":"x",' + b'"a":1,' * (size // 6),
        "no text": b"\xff" * size,
        "zeros": b"\0" * size,
        "a long time": envelope(timestamp="1" * size, expires_at="2" * size),
    }


def _with(field: str, value: bytes) -> bytes:
    """Return an envelope with a value that ``json`` would not write so."""
    return encoded(envelope("x"))[:-1] + b',"%b":%b}' % (field.encode(), value)


def nested(size: int) -> bytes:
    """Return lists in lists."""
    return b"[" * (size // 2) + b"]" * (size // 2)
