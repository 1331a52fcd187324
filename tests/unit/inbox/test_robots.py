"""Robots' messages in the inbox: what their services refuse, and what a reader sees of the rest."""

import json
from typing import Any

import pytest

from app.inbox import dingtalk, feishu, wecom
from app.inbox.dingtalk.payload import judge as by_dingtalk
from app.inbox.feishu.payload import judge as by_feishu
from app.inbox.stand_in import RefusedError, StandIn
from app.inbox.wecom.payload import judge as by_wecom
from app.values.inbox import InboxCard


def body(value: Any) -> bytes:
    """Return a body as senders write it."""
    return json.dumps(value, ensure_ascii=False).encode()


def read(stand_in: StandIn, sent: Any) -> InboxCard:
    """Return the one card that a message shows."""
    (card,) = stand_in.read(sent if isinstance(sent, bytes) else body(sent), {})
    return card


def code(stand_in: StandIn, sent: Any) -> int:
    """Return the code that a message is refused with."""
    with pytest.raises(RefusedError) as caught:
        read(stand_in, sent)
    answer = json.loads(caught.value.reply.body)
    assert caught.value.reply.status == 200
    return int(answer.get("code", answer.get("errcode")))


def feishu_card(*elements: Any, **more: Any) -> dict[str, Any]:
    """Return a Feishu message with a card."""
    return {"msg_type": "interactive", "card": {"elements": list(elements), **more}}


def plain(text: str) -> dict[str, str]:
    """Return a text element of Feishu's that is shown as it stands."""
    return {"tag": "plain_text", "content": text}


DIV = {"tag": "div", "text": plain("text")}
BUTTON = {"tag": "button", "text": plain("go"), "url": "https://x.example"}


def test_a_feishu_card_as_readers_see_it() -> None:
    """Title and colour, texts without markup, fields, and the note."""
    card = read(
        feishu.STAND_IN,
        feishu_card(
            {"tag": "div", "text": plain("**as it is**")},
            {"tag": "hr"},
            {"tag": "markdown", "content": "**b** [a &#42;](https://x.example) &#60;"},
            {"tag": "div", "fields": [{"is_short": True, "text": plain("name\nvalue")}]},
            {"tag": "action", "actions": [BUTTON]},
            {"tag": "note", "elements": [plain("note")]},
            header={"template": "red", "title": plain("T")},
        ),
    )
    assert (card.kind, card.title, card.color) == ("feishu", "T", 0xF54A45)
    assert card.text == "**as it is**\nb a * <"
    assert (card.fields, card.footer) == ((("name", "value"),), "note")
    assert read(feishu.STAND_IN, {"msg_type": "text", "content": {"text": "t"}}).text == "t"


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"{", 9499),
        (b"[]", 9499),
        (body({"msg_type": "text", "content": {"text": "x" * 20_000}}), 9499),
        ({"content": {"text": "x"}}, 19002),
        ({"msg_type": "text", "content": {}}, 19002),
        ({"msg_type": "interactive"}, 11246),
        (feishu_card(), 11246),
        (feishu_card(DIV, schema="2.0"), 11246),
        (feishu_card({"tag": "table"}), 11246),
        (feishu_card("x"), 11246),
        (feishu_card({"tag": "div"}), 11246),
        (feishu_card({"tag": "div", "text": plain(" ")}), 11246),
        (feishu_card({"tag": "div", "fields": [{"text": plain("x")}]}), 11246),
        (feishu_card({"tag": "div", "fields": "x"}), 11246),
        (feishu_card({"tag": "markdown", "content": ""}), 11246),
        (feishu_card({"tag": "action", "actions": [{**BUTTON, "url": "ftp://x"}]}), 11246),
        (feishu_card({"tag": "action", "actions": [{"tag": "button"}]}), 11246),
        (feishu_card(DIV, header={"template": "pink", "title": plain("T")}), 11246),
        (feishu_card(DIV, header={"title": {"tag": "lark_md", "content": "T"}}), 11246),
    ],
)
def test_what_feishu_refuses(sent: Any, refusal: int) -> None:
    """With 200 and a code."""
    assert code(feishu.STAND_IN, sent) == refusal


def dingtalk_markdown(text: str, **more: Any) -> dict[str, Any]:
    """Return a DingTalk message."""
    return {"msgtype": "markdown", "markdown": {"title": "T", "text": text}, **more}


def test_dingtalks_markdown_as_readers_see_it() -> None:
    """A lone line break is none; two spaces or an empty line make it one."""
    card = read(
        dingtalk.STAND_IN,
        dingtalk_markdown("#### T\n**b** \\*  \nnext\nsame\n\n- item [a](https://x.example)"),
    )
    assert (card.kind, card.title) == ("dingtalk", "T")
    assert card.text == "T b *\nnext same\n\nitem a"
    sent = {"msgtype": "text", "text": {"content": "as *it* is"}, "at": {"isAtAll": False}}
    assert read(dingtalk.STAND_IN, sent).text == "as *it* is"


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"{", 40035),
        (dingtalk_markdown("x" * 20_000), 460101),
        ({"msgtype": "card"}, 400105),
        (dingtalk_markdown(" "), 400401),
        ({"msgtype": "markdown", "markdown": {"text": "x"}}, 400401),
        (dingtalk_markdown("x", at="all"), 400402),
    ],
)
def test_what_dingtalk_refuses(sent: Any, refusal: int) -> None:
    """With 200 and a code."""
    assert code(dingtalk.STAND_IN, sent) == refusal


def wecom_markdown(content: str) -> dict[str, Any]:
    """Return a WeCom message."""
    return {"msgtype": "markdown", "markdown": {"content": content}}


def test_wecoms_markdown_as_readers_see_it() -> None:
    """The colour of its title, and texts without markup."""
    sent = wecom_markdown('### <font color="warning">T</font>\n> **b** `c` [a](https://x.example)')
    card = read(wecom.STAND_IN, sent)
    assert (card.kind, card.title, card.text, card.color) == ("wecom", "T", "b c a", 0xFF7F24)
    one_line = read(wecom.STAND_IN, {"msgtype": "text", "text": {"content": "as **it** is"}})
    assert (one_line.title, one_line.text) == (None, "as **it** is")


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b'{"msgtype": "markdown", "markdown": {"content": "a\nb"}}', 40008),
        (json.dumps(wecom_markdown("交易")).encode(), 40033),
        ({"msgtype": "file"}, 40008),
        (wecom_markdown(" "), 44004),
        (wecom_markdown("交" * 1366), 40058),
        ({"msgtype": "text", "text": {"content": "x" * 2049}}, 40058),
    ],
)
def test_what_wecom_refuses(sent: Any, refusal: int) -> None:
    """Bytes count, and line breaks and characters stand in JSON by the book."""
    assert code(wecom.STAND_IN, sent) == refusal


@pytest.mark.parametrize("stand_in", [feishu.STAND_IN, dingtalk.STAND_IN, wecom.STAND_IN])
def test_limits_and_faults_are_codes_too(stand_in: StandIn) -> None:
    """The status is 200, whatever they say."""
    limited = stand_in.limited(0.0, 1.0)
    for reply in (stand_in.accepted, limited, stand_in.failed):
        answer = json.loads(reply.body)
        assert reply.status == 200
        assert (answer.get("code", answer.get("errcode")) == 0) is (reply is stand_in.accepted)


def test_who_is_called_is_noticed() -> None:
    """The tests' robots say whether a message calls anybody."""
    text = {"msg_type": "text", "content": {"text": '<at user_id="all">x</at>'}}
    card = feishu_card({"tag": "markdown", "content": "<at id=all></at>x"})
    assert by_feishu(body(text)).mentions
    assert by_feishu(body(card)).mentions
    assert by_dingtalk(body(dingtalk_markdown("x", at={"isAtAll": True}))).mentions
    assert by_wecom(body(wecom_markdown("<@zhang> x"))).mentions
    assert by_wecom(
        body({"msgtype": "text", "text": {"content": "x", "mentioned_list": ["@all"]}})
    ).mentions
