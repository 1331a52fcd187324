"""Whatever a notification holds, the services take it, and all of its text is there or cut."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.edges.channels import dingtalk, feishu, wecom
from app.edges.channels.chat import ChatChannel
from app.edges.channels.dingtalk.channel import DingtalkChannel
from app.edges.channels.feishu.channel import FeishuChannel
from app.edges.channels.robots import UNSEEN
from app.edges.channels.wecom.channel import WecomChannel
from app.inbox.dingtalk.payload import judge as judge_dingtalk
from app.inbox.feishu.payload import judge as judge_feishu
from app.inbox.wecom.payload import judge as judge_wecom
from app.policies.texts.markdown import read_markdown
from app.policies.texts.markup import text_of
from app.policies.texts.plain_text import SHORTENED, readable
from app.policies.texts.visible import is_seen
from app.values.delivery import Delivery, Destination, Target
from app.values.notification import (
    Access,
    ContentType,
    Field,
    Footer,
    Notification,
    Priority,
    Request,
)
from tests.support.notifications import NOTIFICATIONS

NOW = 1_700_000_000.0
ACCESS = Access(secret="SECdemo", keyword="风控")


class Service(NamedTuple):
    """A service: its channel, its stand-in's verdict, and its address."""

    name: str
    channel: ChatChannel[Any]
    judge: Callable[[bytes], Any]
    requests: Callable[[Notification], int]
    address: str


class NoHttp:
    """Sends nothing."""


def service(kind: Any, name: str, judge: Any, requests: Any, address: str) -> Service:
    """Return a service whose channel sends nothing."""
    return Service(name, kind(NoHttp(), 5.0, lambda: NOW), judge, requests, address)


SERVICES = (
    service(
        FeishuChannel,
        "feishu",
        judge_feishu,
        feishu.SPEC.requests,
        "https://open.feishu.cn/open-apis/bot/v2/hook/token",
    ),
    service(
        DingtalkChannel,
        "dingtalk",
        judge_dingtalk,
        dingtalk.SPEC.requests,
        "https://oapi.dingtalk.com/robot/send?access_token=token",
    ),
    service(
        WecomChannel,
        "wecom",
        judge_wecom,
        wecom.SPEC.requests,
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=key",
    ),
)
every_service = pytest.mark.parametrize("used", SERVICES, ids=lambda each: each.name)


def deliveries(
    used: Service, told: Notification, access: Access = ACCESS, *, plain: bool = False
) -> list[Delivery]:
    """Return the deliveries of a notification: one for each message that it takes."""
    destination = Destination(used.name, used.address, "label")
    return [
        Delivery(
            told,
            destination,
            (Target(used.name, used.address, "label", access, part),),
            "source",
            b"digest",
            plain=plain,
        )
        for part in range(used.requests(told))
    ]


def shown(used: Service, batch: Sequence[Delivery]) -> Any:
    """Return what one request shows of deliveries; the stand-in takes it."""
    return used.judge(used.channel.request(batch, NOW).body)


def notification(content: str, **more: Any) -> Notification:
    """Return a notification for one of them."""
    return Notification(content, (Request("webhook"),), **more)


def read_back(text: str) -> str:
    """Return a text as a person reads it off the screen: no matter how wide signs are."""
    twins = str.maketrans("＊＿｀ˋ［］\u00a0\u223c", "*_``[] ~")
    return "".join(text.replace(UNSEEN, "").translate(twins).split())


def words(text: str) -> str:
    """Return the letters and digits of a text: signs are written in each service's own way."""
    return "".join(each for each in text if each.isalnum() and is_seen(each))


def lost(told: Notification, messages: Sequence[str]) -> list[str]:
    """Return the texts of a notification that nobody sees, if no mark says that it was cut."""
    whole = words("".join(messages))
    if words(SHORTENED) in whole:
        return []
    is_markdown = told.content_type is ContentType.MARKDOWN
    content = text_of(read_markdown(told.content)) if is_markdown else readable(told)
    fields = [each for field in told.fields for each in (field.name, field.value)]
    texts = [told.title or "", content, *([] if is_markdown else fields)]
    texts.append(told.footer.text if told.footer else "")
    return [text for text in texts if words(text) not in whole]


@every_service
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(told=NOTIFICATIONS, plain=st.booleans())
def test_anything_is_taken(used: Service, told: Notification, plain: bool) -> None:
    """Any text, fields, links and embeds, of any length; all of it is there, or a mark is.

    Nobody is called by a foreign text.
    """
    messages = []
    for each in deliveries(used, told, Access(), plain=plain):
        said = shown(used, [each])
        assert not said.mentions
        messages.append(said.texts)
    assert not lost(told, messages)


@every_service
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("sign", [">", "#", "***", "* >", "# *"])
def test_what_is_nothing_but_signs_is_taken(used: Service, sign: str, plain: bool) -> None:
    """DingTalk refuses an empty title; the first line without its marks was one."""
    for told in (notification(sign), notification("", footer=Footer(sign))):
        for each in deliveries(used, told, Access(), plain=plain):
            assert shown(used, [each]).texts


LINES = st.lists(
    st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=30)
    | st.sampled_from(
        [
            "**not bold**",
            "> not a quotation",
            "# not a heading",
            "- no item",
            "1. no item",
            "[no](https://x.example/link)",
            "`code` ~~struck~~ _under_ *star*",
            '<font color="red">x</font> <@all> <at id=all></at>',
            "a & b &lt; c \\* d",
            "  four  spaces",
            "2 * 3 = 6, a_b_c, 5 < 7 > 3, C:\\dir\\*.csv",
            "---",
            "| a | b |",
            "成交 600519 100 股 @所有人",
        ]
    ),
    min_size=1,
    max_size=12,
)


@every_service
@settings(max_examples=40, deadline=None)
@given(lines=LINES)
def test_text_is_shown_literally_and_line_by_line(used: Service, lines: list[str]) -> None:
    """Character by character: nothing of it is taken for markup, and no line break is lost."""
    content = "\n".join(["行情", *lines])
    told = notification(content, title="标题")
    (each,) = deliveries(used, told, Access())
    said = shown(used, [each])
    assert read_back(content) in read_back(said.texts)
    assert not said.mentions
    wanted = [read_back(line) for line in content.split("\n") if read_back(line)]
    got = [read_back(line) for line in said.texts.split("\n") if read_back(line)]
    assert [line for line in got if line in wanted] == wanted or set(wanted) <= set(got)


@every_service
@pytest.mark.parametrize("length", [900, 1500, 5000, 18_000, 40_000])
def test_a_long_text_is_split_and_what_is_too_long_is_marked(used: Service, length: int) -> None:
    """All of it is there, or a visible mark and a note say that it is not."""
    content = "\n".join(f"{number:05} 行情数据" for number in range(length // 10))
    told = notification(content, title="标题", footer=Footer("页脚"), message_id="m-1")
    parts = deliveries(used, told, Access())
    texts = [shown(used, [each]).texts for each in parts]
    whole = read_back("".join(texts))
    is_whole = all(f"{number:05}" in whole for number in range(length // 10))
    assert is_whole or any(SHORTENED in text for text in texts)
    assert is_whole is not bool(used.channel.notes(parts[0]))
    assert "m-1" in texts[-1]
    assert "页脚" in texts[-1]


@pytest.mark.parametrize("used", SERVICES[:2], ids=lambda each: each.name)
def test_a_keyword_is_there_whatever_is_cut(used: Service) -> None:
    """It stands where nothing is cut off, whatever stands around it; WeCom's demand none."""
    fields = tuple(Field("n" * 900, "v" * 2000) for _ in range(50))
    told = notification("x" * 50_000, title="t" * 500, fields=fields, footer=Footer("f" * 5000))
    for each in deliveries(used, told):
        assert "风控" in shown(used, [each]).texts


@every_service
def test_a_digest_has_the_gravest_on_top_and_all_in_order(used: Service) -> None:
    """Its title and colour are those of the gravest; every notification stands below."""
    told = [
        notification("first text", title="Started", color=0x00FF00),
        notification("second text", title="Risk", color=0xFF0000),
        notification("third text", title="Delayed", color=0xFFA500),
    ]
    batch = [each for one in told for each in deliveries(used, one, Access())]
    assert used.channel.mergeable(batch[:1], batch[1])
    assert used.channel.mergeable(batch[:2], batch[2])
    said = shown(used, batch)
    assert "Risk (+2)" in said.texts.split("\n")[0]
    places = [said.texts.index(part) for part in ("Started", "first", "second", "Delayed", "third")]
    assert places == sorted(places)


@every_service
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(told=st.lists(NOTIFICATIONS, min_size=2, max_size=8))
def test_what_fits_together_is_taken(used: Service, told: list[Notification]) -> None:
    """As many as fit by the channel's own word."""
    first, *others = [deliveries(used, each)[0] for each in told]
    batch = [first]
    for each in others:
        if used.channel.mergeable(batch, each):
            batch.append(each)
    assert not shown(used, batch).mentions


@every_service
def test_what_is_let_in_differently_or_is_plain_stands_alone(used: Service) -> None:
    """One message is signed with one secret; and no message is of two kinds."""
    (one,) = deliveries(used, notification("one"), ACCESS)
    (other,) = deliveries(used, notification("two"), Access(secret="other"))
    (plain,) = deliveries(used, notification("three"), ACCESS, plain=True)
    assert not used.channel.mergeable([one], other)
    assert not used.channel.mergeable([one], plain)


@every_service
def test_a_refused_form_is_plain_text(used: Service) -> None:
    """Everything is there, and a note says so."""
    told = notification("**text**", title="Title", content_type=ContentType.MARKDOWN)
    (each,) = deliveries(used, told, Access(), plain=True)
    said = shown(used, [each])
    assert "Title" in said.texts
    assert "text" in said.texts
    assert any("plain text" in note.problem for note in used.channel.notes(each))


@every_service
def test_a_part_whose_form_alone_is_refused_says_the_same_as_plain_text(used: Service) -> None:
    """Otherwise something would be said twice, and something never; or it is visibly cut."""
    told = notification(" ".join(f"w{number}" for number in range(9000)))
    rich, plain = (deliveries(used, told, Access(), plain=each) for each in (False, True))
    assert len(rich) == len(plain) > 1
    for one, other in zip(rich, plain, strict=True):
        before, after = (shown(used, [each]).texts for each in (one, other))
        assert before.split()[0] == after.split()[0]
        said = {
            word for word in before.split() if not word.endswith("…")
        }  # DingTalk's list has one
        assert said <= set(after.split()) or SHORTENED in after


@every_service
def test_urgency_is_a_colour_where_no_colour_is_given(used: Service) -> None:
    """Urgent ones are red, as in a digest with others."""
    told = notification("text", title="T", priority=Priority.URGENT)
    calm = notification("text", title="T")
    bodies = [
        used.channel.request(deliveries(used, each, Access()), NOW).body for each in (told, calm)
    ]
    if used.name != "dingtalk":
        assert bodies[0] != bodies[1]


limits_of = partial(map, lambda used: (used.name, used.channel.limits(used.address)))


def test_each_keeps_what_its_service_publishes() -> None:
    """Feishu's two limits, and twenty a minute of the others."""
    kept = {
        name: [(each.requests, each.seconds) for each in limits]
        for name, limits in limits_of(SERVICES)
    }
    assert kept == {
        "feishu": [(5, 1.0), (100, 60.0)],
        "dingtalk": [(20, 60.0)],
        "wecom": [(20, 60.0)],
    }
