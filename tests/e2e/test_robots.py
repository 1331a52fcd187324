"""Group robots from the topic to the group, by their services' rules."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.end_to_end import World
from tests.support.robots import RobotServer, robot_server

SERVICES = ("feishu", "dingtalk", "wecom")
SECRET = "SECdemo"
every_service = pytest.mark.parametrize("name", SERVICES)


@pytest.fixture
async def robots() -> AsyncIterator[RobotServer]:
    """The three services on one server."""
    async with robot_server() as server:
        yield server


def envelope(content: str, url: str | None = None, **more: Any) -> dict[str, Any]:
    """Return what producers write."""
    kwargs = {"color": 0xFF0000, "fields": [{"name": "账户", "value": "A1", "inline": True}]}
    message: dict[str, Any] = {
        "message_id": f"id-{content}",
        "content": content,
        "channels": ["webhook"],
        "metadata": {"title": f"风控 {content}"},
        "kwargs": kwargs | ({"webhook_url": url} if url else {}),
    }
    message["kwargs"] |= more.pop("kwargs", {})
    return message | more


def recipients(folder: Path, **contacts: str) -> dict[str, str]:
    """Write a recipients file with one user for each contact; return the setting."""
    users = "\n".join(f"  {user}: {{contacts: [{contact}]}}" for user, contact in contacts.items())
    path = folder / "recipients.yaml"
    path.write_text(f"users:\n{users}\n", encoding="utf-8")
    return {"NOTIFIER_RECIPIENTS_FILE": str(path)}


async def test_robots_are_told_by_contact_and_by_url(
    world: World, robots: RobotServer, tmp_path: Path
) -> None:
    """By the contact's type with its secret and keyword, by name, and by the form of a URL."""
    contacts = {
        name: f"{{type: {name}, address: '{robots.create(name, name, **demands)}', {given}}}"
        for name, demands, given in (
            ("feishu", {"secret": SECRET, "keyword": "盯盘"}, f"secret: {SECRET}, keyword: 盯盘"),
            ("dingtalk", {"secret": SECRET, "keyword": "盯盘"}, f"secret: {SECRET}, keyword: 盯盘"),
            ("wecom", {}, "name: room"),
        )
    }
    service = await world.service(recipients(tmp_path, **contacts))
    publish = await world.publisher(service)
    for name in SERVICES:
        url = robots.create(name, f"{name}-url", secret=SECRET if name != "wecom" else None)
        await publish(
            {"message_type": "simple", "content": "typed", "user_uuid": name, "title": "T"},
            envelope("by name", channels=[name], metadata={"user_uuid": name, "title": "T"}),
            envelope("by URL", url, kwargs={"secret": SECRET}),
        )
    stats = await service.until_stats(lambda got: got["messages_sent"] == 9, seconds=60)
    assert (stats["messages_failed"], stats["messages_retried"]) == (0, 0)
    for name in SERVICES:
        by_contact, by_url = robots.robots[name], robots.robots[f"{name}-url"]
        assert by_contact.codes[-1] == by_url.codes[-1] == 0
        whole = "\n".join(by_contact.texts)
        assert "typed" in whole
        assert "by name" in whole
        assert "id-by name" in whole
        assert "账户" in by_url.texts[0]
    shown = f"{stats} {service.log} {(await service.client.get('/deliveries')).text}"
    assert SECRET not in shown
    assert "-url" not in shown


@every_service
async def test_a_burst_stays_within_the_limit_and_is_merged(
    world: World, robots: RobotServer, name: str
) -> None:
    """Sixty at once, in order, in few messages; nobody is ever blocked, none is lost."""
    url = robots.create(name, most=20, period=60.0, block=600.0)
    service = await world.service()
    publish = await world.publisher(service)
    await service.client.post("/pause")
    await publish(*(envelope(f"{number:03}", url) for number in range(60)), key=b"one")
    await service.client.post("/resume")
    stats = await service.until_stats(lambda got: got["messages_sent"] == 60, seconds=60)
    robot = robots.robots["very-secret-token"]
    assert set(robot.codes) == {0}
    assert len(robot.codes) <= 20
    whole = "\n".join(robot.texts)
    places = [whole.index(f"id-{number:03}") for number in range(60)]
    assert places == sorted(places)
    assert any("(+" in text.split("\n")[0] for text in robot.texts)
    assert stats["messages_retried"] == 0


async def test_a_robot_that_is_gone_takes_no_other_with_it(
    world: World, robots: RobotServer
) -> None:
    """It is asked once; what was for it is a dead letter that says what to do."""
    gone = robots.create("wecom", "gone-token", gone=True)
    there = robots.create("wecom", "there-token")
    service = await world.service()
    publish = await world.publisher(service)
    await publish(*(envelope(f"gone {n}", gone) for n in range(3)), envelope("there", there))
    await service.until_stats(lambda got: got["messages_consumed"] == 4, seconds=30)
    letters = (await service.client.get("/dead-letters")).json()["dead_letters"]
    assert [letter["reason"] for letter in letters] == ["rejected"] * 3
    assert "the URL is wrong" in letters[0]["error"]
    assert "203.0.113.9" not in f"{letters} {service.log}"
    assert len(robots.robots["gone-token"].codes) == 1
    assert robots.robots["there-token"].codes == [0]


async def test_a_wrong_secret_stops_a_robot_and_loses_nothing(
    world: World, robots: RobotServer
) -> None:
    """It is denied at once, what to do is said, and there is no dead letter."""
    url = robots.create("dingtalk", secret=SECRET)
    service = await world.service()
    publish = await world.publisher(service)
    await publish(*(envelope(str(n), url, kwargs={"secret": "another"}) for n in range(5)))
    stats = await service.until_stats(
        lambda got: any(each["state"] == "denied" for each in got["destinations"].values()),
        seconds=30,
    )
    assert (stats["messages_failed"], stats["messages_dead_lettered"]) == (0, 0)
    stats = await service.until_stats(lambda got: got["messages_deferred"] == 5, seconds=30)
    warnings = " ".join((await service.client.get("/health")).json()["warnings"])
    assert "write the robot's secret into the contact's `secret`" in warnings
    assert len(robots.robots["very-secret-token"].codes) <= 8


@pytest.mark.parametrize("name", SERVICES[:2])
async def test_a_clock_that_is_off_is_put_right(world: World, name: str) -> None:
    """The service's clock is two hours ahead: one refusal, then its own time is signed with."""
    async with robot_server(lambda: time.time() + 7200) as robots:
        url = robots.create(name, secret=SECRET)
        service = await world.service({"NOTIFIER_RETRY__BASE_DELAY": "0.05"})
        publish = await world.publisher(service)
        await publish(
            *(envelope(str(n), url, kwargs={"secret": SECRET}) for n in range(3)), key=b"k"
        )
        await service.until_stats(lambda got: got["messages_sent"] == 3, seconds=60)
        codes = robots.robots["very-secret-token"].codes
        assert codes[0] != 0
        assert set(codes[1:]) == {0}
        assert "set this machine's clock (NTP)" in service.log


async def test_what_is_refused_in_a_digest_is_sent_one_by_one(
    world: World, robots: RobotServer
) -> None:
    """One text that DingTalk takes for unsafe takes no other with it; it alone fails."""
    url = robots.create("dingtalk", banned="unsafe", most=1000)
    service = await world.service()
    publish = await world.publisher(service)
    await service.client.post("/pause")
    texts = [*(f"good {n}" for n in range(2)), "unsafe", *(f"good {n}" for n in range(2, 4))]
    await publish(*(envelope(text, url) for text in texts), key=b"one")
    await service.client.post("/resume")
    stats = await service.until_stats(lambda got: got["messages_consumed"] == 5, seconds=90)
    assert (stats["messages_sent"], stats["messages_failed"]) == (4, 1)
    robot = robots.robots["very-secret-token"]
    whole = "\n".join(robot.texts)
    assert all(f"good {number}" in whole for number in range(4))
    assert robot.codes.count(430104) <= 2


async def test_who_stands_in_for_a_robot_is_told_instead(
    world: World, robots: RobotServer, tmp_path: Path
) -> None:
    """A removed robot: its notifications reach another one, once each, and nobody counts them twice."""
    gone = robots.create("feishu", "gone-token", gone=True)
    there = robots.create("wecom", "there-token")
    contacts = (
        f"{{type: feishu, address: '{gone}', primary: true, fallback: [wecom]}},"
        f" {{type: wecom, address: '{there}'}}"
    )
    service = await world.service(recipients(tmp_path, one=contacts))
    publish = await world.publisher(service)
    texts = [f"text {number}" for number in range(5)]
    await publish(
        *(
            {"message_type": "simple", "content": text, "user_uuid": "one", "message_id": text}
            for text in texts
        )
    )
    stats = await service.until_stats(lambda got: got["messages_sent"] == 5, seconds=60)
    assert (stats["messages_failed"], stats["messages_dead_lettered"]) == (0, 0)
    assert (stats["messages_fallback"], stats["messages_consumed"]) == (5, 5)
    whole = "\n".join(robots.robots["there-token"].texts)
    assert [whole.count(f"{text}\n") for text in texts] == [1] * 5
    assert len(robots.robots["gone-token"].codes) == 1
    found = (await service.client.get("/notifications/text 0")).json()
    assert found["state"] == "sent"
    assert [each["channel"] for each in found["targets"]] == ["feishu", "wecom"]
    assert "is told instead" in found["targets"][0]["attempts"][-1]["error"]
