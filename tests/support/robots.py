"""Group robots of Feishu, DingTalk and WeCom on a loopback server, with their services' rules.

What a message may hold is the inbox's stand-ins' business (``app/inbox/feishu`` and its like). Here
are the robots themselves: their security settings, how often they may be asked, and how long they
are blocked for more; signatures are worked out apart from the sender's code. Time comes from a
clock of the test's. Sources stand beside the stand-ins' rules.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from app.inbox.coded import Refusal, read_object
from app.inbox.dingtalk.payload import judge as judge_dingtalk
from app.inbox.feishu.payload import judge as judge_feishu
from app.inbox.wecom.payload import judge as judge_wecom
from tests.support.http_server import Answer, Behaviour, HttpServer, Received, http_server

SKEW = 3600.0
"""Seconds that a signature is good for, in both directions."""


class Robot(msgspec.Struct):
    """One robot."""

    service: str  # ``feishu``, ``dingtalk`` or ``wecom``
    secret: str | None = None  # signs; None if it wants no signature
    keyword: str | None = None  # must occur in every message; None for no such demand
    most: int = 20  # messages that it takes in ``period`` seconds
    period: float = 60.0  # seconds
    block: float = 0.0  # seconds for which it takes nothing after one more
    banned: str | None = None  # a word that DingTalk takes for unsafe; None for none
    gone: bool = False  # it was taken out of its group
    shown: list[Any] = []  # what it said, in order
    times: list[float] = []  # when it was asked
    codes: list[int] = []  # what it answered
    blocked_until: float = 0.0

    @property
    def texts(self) -> list[str]:
        """What readers see, by message."""
        return [each.texts for each in self.shown]


_REFUSALS = {
    "gone": {
        "feishu": (19001, "param invalid: incoming webhook access token invalid"),
        "dingtalk": (300005, "token is not exist"),
        "wecom": (93000, "invalid webhook url, hint: [17], from ip: 203.0.113.9, more info at x"),
    },
    "limit": {
        "feishu": (11232, "frequency limited psm[lark.oapi]"),
        "dingtalk": (130101, "send too fast, exceed 20 times per minute"),
        "wecom": (45009, "api freq out of limit, hint: [17]"),
    },
    "signature": {
        "feishu": (19021, "sign match fail or timestamp is not within one hour from current time"),
        "dingtalk": (310000, "description:机器人发送签名不匹配;solution:请确认签名和时间戳;"),
    },
    "keyword": {
        "feishu": (19024, "Key Words Not Found"),
        "dingtalk": (310000, "description:关键词不匹配;solution:请联系群管理员;"),
    },
}


class RobotServer:
    """All three services on one server.

    Args:
        server: Where requests come in.
        clock: Seconds since the epoch, by the services.
    """

    def __init__(self, server: HttpServer, clock: Callable[[], float] = time.time) -> None:
        self._server = server
        self.clock = clock
        self.robots: dict[str, Robot] = {}
        server.behaviour = self.answer

    def create(self, service: str, token: str = "very-secret-token", **settings: Any) -> str:  # noqa: S107
        """Add a robot to a group, and return its URL.

        Args:
            service: Its service.
            token: The secret of its URL; ``robots`` has it by that.
            settings: Of a ``Robot``.
        """
        self.robots[token] = Robot(service, **settings)
        path = {
            "feishu": f"/open-apis/bot/v2/hook/{token}",
            "dingtalk": f"/robot/send?access_token={token}",
            "wecom": f"/cgi-bin/webhook/send?key={token}",
        }[service]
        return self._server.url(path)

    def answer(self, request: Received) -> Behaviour:
        """Answer as the service would: with 200, and with a code."""
        service, token = _addressed(request.path)
        robot = self.robots.get(token)
        try:
            if robot is None or robot.gone or robot.service != service:
                raise _refusal("gone", service)
            robot.times.append(self.clock())
            self._say(robot, request)
        except Refusal as refusal:
            code, words = refusal.code, refusal.message
        else:
            code, words = 0, "ok"
        if robot is not None:
            robot.codes.append(code)
        names = ("code", "msg") if service == "feishu" else ("errcode", "errmsg")
        body = {names[0]: code, names[1]: words}
        return Answer.of_json(200, body, Date=formatdate(self.clock(), usegmt=True))

    def _say(self, robot: Robot, request: Received) -> None:
        now = self.clock()
        recent = [at for at in robot.times if at > now - robot.period]
        if len(recent) > robot.most:
            robot.blocked_until = max(robot.blocked_until, now + robot.block)
        if len(recent) > robot.most or now < robot.blocked_until:
            raise _refusal("limit", robot.service)
        if robot.secret is not None:
            self._check_signature(robot, request, now)
        judge: Any = {"feishu": judge_feishu, "dingtalk": judge_dingtalk, "wecom": judge_wecom}
        shown = judge[robot.service](request.body)
        if robot.keyword is not None and robot.keyword not in shown.texts:
            raise _refusal("keyword", robot.service)
        if robot.banned is not None and robot.banned in shown.texts:
            raise Refusal(430104, "description:消息中包含不合适的内容;")
        robot.shown.append(shown)

    def _check_signature(self, robot: Robot, request: Received, now: float) -> None:
        """Work the signature out anew, by the papers' recipes."""
        secret = (robot.secret or "").encode()
        if robot.service == "feishu":
            body = read_object(request.body) or {}
            told, given = str(body.get("timestamp")), body.get("sign")
            key, message, at = told.encode() + b"\n" + secret, b"", told
        else:
            query = parse_qs(urlsplit(request.path).query, strict_parsing=True)
            told, given = query.get("timestamp", [""])[0], query.get("sign", [""])[0]
            key, message, at = secret, told.encode() + b"\n" + secret, told[:-3]
        wanted = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
        if given != wanted or not at.isdecimal() or abs(int(at) - now) > SKEW:
            raise _refusal("signature", robot.service)


def _addressed(path: str) -> tuple[str, str]:
    """Return the service and the token that a path names."""
    url = urlsplit(path)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    if url.path.startswith("/open-apis/bot/v2/hook/"):
        return "feishu", url.path.rpartition("/")[2]
    if url.path == "/robot/send":
        return "dingtalk", query.get("access_token", "")
    return "wecom", query.get("key", "")


def _refusal(kind: str, service: str) -> Refusal:
    return Refusal(*_REFUSALS[kind][service])


@asynccontextmanager
async def robot_server(clock: Callable[[], float] = time.time) -> AsyncIterator[RobotServer]:
    """Serve robots on loopback.

    Args:
        clock: Seconds since the epoch, by the services.
    """
    async with http_server() as server:
        yield RobotServer(server, clock)
