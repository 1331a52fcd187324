import pytest

from app.edges.channels.discord.limits import (
    NOTHING,
    says_something,
    sound_embed,
    sound_url,
    sound_username,
)
from app.policies.texts.plain_text import SHORTENED
from app.values.notification import Author, Embed, Field, Footer, Image

URL = "https://example.com/"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://a-b.example.com:8443/x/y?z=%20&a=(1)#top",
        "http://192.168.1.1:3000/x",
        "https://xn--wgv71a.jp/",
        "https://example.com/" + "x" * 2028,
        "https://example.com:65535/",
    ],
)
def test_sound_urls_stay_as_they_are(url: str) -> None:
    """What Discord takes is not touched."""
    assert sound_url(url) == url


@pytest.mark.parametrize(
    ("url", "encoded"),
    [
        ("HTTPS://Example.com/A", "https://example.com/A"),
        ("https://日本.jp/日?本=1#語", "https://xn--wgv71a.jp/%E6%97%A5?%E6%9C%AC=1#%E8%AA%9E"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        (
            "https://example.com/a\\b<c>[d]|e^f`",
            "https://example.com/a%5Cb%3Cc%3E%5Bd%5D%7Ce%5Ef%60",
        ),
        ("https://example.com/100%/%41", "https://example.com/100%25/%41"),
        ("https://example.com/#a#b", "https://example.com/#a%23b"),
    ],
)
def test_odd_urls_are_encoded(url: str, encoded: str) -> None:
    """The link leads to the same place, in characters that Discord takes."""
    assert sound_url(url) == encoded
    assert sound_url(encoded) == encoded


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "x",
        "/path",
        "ftp://example.com/",
        "javascript:alert(1)",
        "attachment://picture.png",
        "https://localhost/",
        "http://bugsink:8000/",
        "https://a_b.example.com/",
        "https://example.com./",
        "https://example.1/",
        "https://256.1.1.1/",
        "https://[::1]/",
        "https://[::1/",
        "https://user:secret@example.com/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:x/",
        "https://" + "a" * 64 + ".com/",
        "https://" + "a." * 126 + "com/",
        "https://example.com/" + "x" * 2029,
        "https://example.com/" + "日" * 300,
    ],
)
def test_what_cannot_be_a_link_is_left_out(url: str | None) -> None:
    """A wrong link would have Discord refuse the whole message."""
    assert sound_url(url) is None


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("Ginkgo", "Ginkgo"),
        ("  交易 \n 📈 ", "交易 📈"),
        ("ops@prod #1: alerts", "ops@prod #1: alerts"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("😀" * 41, "😀" * 39 + "…"),
        ("dis cord", "dis cord"),
        ("the re", "the re"),
        ("x" * 80 + "discord", "x" * 79 + "…"),
        (None, None),
        ("", None),
        (" \u200b\u3164", None),
        ("\u200e" * 100, None),
        ("Discord bot", None),
        ("dis\u200bcord", None),
        ("ＣＬＹＤＥ", None),
        ("everyone", None),
        ("Atmosphere", None),
        ("```", None),
    ],
)
def test_usernames(name: str | None, sound: str | None) -> None:
    """Trimmed and cut; with a forbidden word in it, the webhook's own name shows instead."""
    assert sound_username(name) == sound


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", True),
        ("  交", True),
        ("📈", True),
        ("é", True),
        ("!", True),
        (NOTHING, True),
        ("", False),
        (" \n\t\u3000", False),
        ("\u200e\u2060\ufeff", False),
        ("\x00\x7f", False),
        ("\u3164\u2800", False),
        ("\ufe0f\u0301", False),
        ("\ue000", False),
    ],
)
def test_texts_that_discord_may_take_for_empty(text: str, says: bool) -> None:
    """White space, controls, fillers, lone marks and private characters say nothing for sure."""
    assert says_something(text) is says


def test_texts_that_may_be_empty_are_kept_beside_something() -> None:
    """A character that this Python does not know may well be a new emoji."""
    embed = sound_embed(
        Embed(title="\U0003ffff", description="\ue000" * 5000, fields=(Field("\n", ""),))
    )
    assert embed.title == "\U0003ffff" + NOTHING
    assert embed.description == "\ue000" * (4096 - len(SHORTENED)) + SHORTENED
    assert embed.fields == (Field(NOTHING, NOTHING),)
    full = sound_embed(Embed(title="\ue000" * 256)).title
    assert full == "\ue000" * 255 + NOTHING


@pytest.mark.parametrize(
    ("embed", "sound"),
    [
        (Embed(author=Author("a")), Embed(author=Author("a"), description=NOTHING)),
        (Embed(footer=Footer("f")), Embed(footer=Footer("f"), description=NOTHING)),
        (Embed(footer=Footer("f"), image=Image(URL)), Embed(footer=Footer("f"), image=Image(URL))),
        (Embed(author=Author(" "), footer=Footer("\n"), image=Image("x")), Embed()),
        (Embed(title="t", color=0xFFFFFF), Embed(title="t", color=0xFFFFFF)),
        (Embed(title="t", color=0x1000000), Embed(title="t")),
        (Embed(title="t", color=-1), Embed(title="t")),
    ],
)
def test_parts_of_embeds(embed: Embed, sound: Embed) -> None:
    """What says nothing goes; author and footer do not stand alone."""
    assert sound_embed(embed) == sound


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T08:00:00+08:00", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01", "2026-01-01T00:00:00+00:00"),
        ("20260101T000000", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T00:00:30+00:00:30", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500000+00:00"),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_timestamps(text: str | None, sound: str | None) -> None:
    """One spelling, in UTC; what is no time since 1970 is left out."""
    assert sound_embed(Embed(title="t", timestamp=text)).timestamp == sound
