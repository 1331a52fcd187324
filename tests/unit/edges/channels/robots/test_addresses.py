"""Robots' URLs: known by their paths on any host, limited by their secrets, signed as demanded."""

from urllib.parse import parse_qs, urlsplit

import pytest

from app.edges.channels.dingtalk.address import signed
from app.edges.channels.dingtalk.signing import sign as sign_for_dingtalk
from app.edges.channels.feishu.signing import sign as sign_for_feishu
from app.policies.redaction import scrub, veil
from app.values.errors import UnroutableError
from tests.support.channels import KNOWN

FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/0b1d-secret"
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=t0ken-secret"
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a-secret"


@pytest.mark.parametrize(
    ("url", "channel"),
    [
        (FEISHU, "feishu"),
        ("https://open.larksuite.com/open-apis/bot/v2/hook/x/", "feishu"),
        ("http://relay.example:8080/open-apis/bot/v2/hook/x?a=b", "feishu"),
        ("https://open.feishu.cn/open-apis/im/v1/messages", "webhook"),
        (DINGTALK, "dingtalk"),
        ("http://relay.example/robot/send/?access_token=x&timestamp=1&sign=y", "dingtalk"),
        ("https://oapi.dingtalk.com/robot/send?token=x", "webhook"),
        (WECOM, "wecom"),
        ("http://relay.example/cgi-bin/webhook/send?debug=1&key=x", "wecom"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=", "webhook"),
        ("https://qyapi.weixin.qq.com/cgi-bin/message/send?access_token=x", "webhook"),
    ],
)
def test_robots_are_known_by_their_paths(url: str, channel: str) -> None:
    """On any host: many reach them through a relay of their own."""
    assert KNOWN.serving("webhook", url).name == channel


@pytest.mark.parametrize(
    ("channel", "one", "same", "other"),
    [
        ("feishu", FEISHU, f"{FEISHU}/?a=b", f"{FEISHU}2"),
        ("dingtalk", DINGTALK, f"{DINGTALK}&timestamp=1&sign=x", f"{DINGTALK}2"),
        ("wecom", WECOM, WECOM.replace("?", "?debug=1&"), f"{WECOM}2"),
    ],
)
def test_a_limit_belongs_to_the_secret(channel: str, one: str, same: str, other: str) -> None:
    """Whatever else stands in the URL."""
    key = KNOWN[channel].limit_key
    assert key(urlsplit(one)) == key(urlsplit(same)) != key(urlsplit(other))
    assert key(urlsplit("https://example.com/hook")) == ""


@pytest.mark.parametrize("url", [FEISHU, DINGTALK, WECOM])
def test_secrets_are_hidden_everywhere(url: str) -> None:
    """In labels, in programs' texts and in people's; two robots can be told apart."""
    label = KNOWN.redact(url)
    assert "secret" not in label
    assert label != KNOWN.redact(f"{url}2")
    for hide in (scrub, veil):
        assert "secret" not in hide(f"cannot reach {url}: refused", KNOWN.secrets)


def test_feishus_first_version_cannot_be_used() -> None:
    """It takes another form; what to do is said without the token."""
    with pytest.raises(UnroutableError, match="first version") as caught:
        KNOWN.normalise("webhook", "https://open.feishu.cn/open-apis/bot/hook/secret")
    assert "secret" not in str(caught.value)


def test_feishu_signs_with_the_text_as_key() -> None:
    """A vector that was computed apart."""
    assert sign_for_feishu("demo", "1599360473") == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


def test_dingtalk_signs_with_the_secret_as_key_and_encodes_once() -> None:
    """A vector that was computed apart; what somebody copied along is taken out."""
    sign = sign_for_dingtalk("SECdemo", "1599360473000")
    assert sign == "tGWkA5eQOQNCNPDgphtxIoNLO+/gD8Lcb705KQoRzeY="
    url = signed(f"{DINGTALK}&timestamp=1&sign=old", "1599360473000", sign)
    assert url.endswith(
        "&timestamp=1599360473000&sign=tGWkA5eQOQNCNPDgphtxIoNLO%2B%2FgD8Lcb705KQoRzeY%3D"
    )
    assert parse_qs(urlsplit(url).query)["sign"] == [sign]
    assert signed(DINGTALK, "", "") == DINGTALK
