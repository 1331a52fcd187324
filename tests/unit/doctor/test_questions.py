"""Robots are asked whether they are there, and nobody reads anything of it."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.doctor.findings import Verdict
from app.doctor.questions import check_questions
from app.settings.models import Settings, WebhookSettings
from tests.support.channels import KNOWN
from tests.support.http_server import Answer, HttpServer, http_server
from tests.support.robots import RobotServer, robot_server
from tests.support.service import free_port

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
async def robots() -> AsyncIterator[RobotServer]:
    """The services on one server."""
    async with robot_server() as server:
        yield server


def settings(folder: Path, url: str | None, *contacts: tuple[str, str]) -> Settings:
    """Return settings with a default URL and a user with these contacts."""
    lines = "".join(f"      - {{type: {kind}, address: '{to}'}}\n" for kind, to in contacts)
    path = folder / "recipients.yaml"
    path.write_text(f"users:\n  one:\n    contacts:\n{lines or '      []'}\n", encoding="utf-8")
    hooks = WebhookSettings(default_url=SecretStr(url) if url else None, allowed_networks=LOOPBACK)
    return Settings.model_validate({"webhook": hooks, "recipients_file": path})


async def test_a_robot_that_is_there_and_one_that_is_gone(
    robots: RobotServer, tmp_path: Path
) -> None:
    """By default URL and by contact; DingTalk and WeCom have no question that shows nothing."""
    there, gone = robots.create("feishu", "there"), robots.create("feishu", "gone", gone=True)
    others = [(name, robots.create(name, name)) for name in ("dingtalk", "wecom")]
    found = await check_questions(settings(tmp_path, there, ("webhook", gone), *others), KNOWN)
    verdicts = [(each.verdict, each.subject.split()[0]) for each in found]
    assert verdicts == [(Verdict.OK, "feishu"), (Verdict.FAIL, "feishu")]
    assert "taken out of the group" in found[1].text
    assert all(robot.shown == [] for robot in robots.robots.values())
    assert robots.robots["dingtalk"].times == []
    assert "gone" not in found[1].subject


async def test_whoever_is_not_feishu_is_told_apart(tmp_path: Path) -> None:
    """A relay's page is none of Feishu's answers, and nobody at all is a fault."""
    path = "/open-apis/bot/v2/hook/token"

    async def finding(url: str) -> str:
        (found,) = await check_questions(settings(tmp_path, url), KNOWN)
        assert found.verdict is Verdict.FAIL
        assert "hook/token" not in found.text
        return found.text

    server: HttpServer
    async with http_server(Answer(200, b"<html>welcome")) as server:
        assert "does not answer as Feishu does" in await finding(server.url(path))
    await finding(f"http://127.0.0.1:{free_port()}{path}")


async def test_unusable_addresses_are_not_asked(tmp_path: Path) -> None:
    """Other checks say what is wrong with them."""
    assert (
        await check_questions(
            settings(tmp_path, "https://open.feishu.cn/open-apis/bot/hook/old"), KNOWN
        )
        == []
    )
    (tmp_path / "recipients.yaml").write_text("users: [", encoding="utf-8")
    broken = Settings.model_validate({"recipients_file": tmp_path / "recipients.yaml"})
    assert await check_questions(broken, KNOWN) == []
    assert await check_questions(Settings(), KNOWN) == []


TELEGRAM = "/bot123456:AAverysecret/sendMessage?chat_id=-100"
SLACK = "/services/T1/B2/verysecret"


@pytest.mark.parametrize(
    ("path", "asked", "status", "body", "problem"),
    [
        (TELEGRAM, "/bot123456:AAverysecret/getChat?chat_id=-100", 200, '{"ok": true}', ""),
        (TELEGRAM, None, 400, '{"ok": false, "description": "chat not found"}', "chat not found"),
        (TELEGRAM, None, 401, '{"ok": false, "description": "Unauthorized"}', "@BotFather"),
        (
            TELEGRAM,
            None,
            400,
            '{"ok": false, "parameters": {"migrate_to_chat_id": -1007}}',
            "write chat_id=-1007",
        ),
        (TELEGRAM, None, 200, "<html>", "not from Telegram"),
        (SLACK, SLACK, 400, "no_text", ""),
        (SLACK, None, 404, "no_service", "make a new incoming webhook"),
        (SLACK, None, 503, "", "HTTP 503"),
    ],
)
async def test_bots_and_webhooks_are_asked_as_well(
    tmp_path: Path, path: str, asked: str | None, status: int, body: str, problem: str
) -> None:
    """Telegram about the chat, Slack with nothing to post; what is wrong is said."""
    async with http_server(Answer(status, body.encode())) as server:
        (found,) = await check_questions(settings(tmp_path, server.url(path)), KNOWN)
    assert (found.verdict is Verdict.OK) is (problem == "")
    assert problem in found.text
    assert "verysecret" not in f"{found}"
    assert server.received[0].path == (asked or server.received[0].path)
    assert server.received[0].json == {}
