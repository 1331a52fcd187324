import asyncio
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.faces.cli.columns import cut
from app.faces.cli.notifier import command
from app.policies.service.access import Access
from app.values.errors import BusyError
from app.values.outcome import Reason
from app.values.replay import Replay, Selection
from tests.support.fakes import Fakes, make_dead_letter
from tests.support.served import served
from tests.support.service import clean_environment

PATIENCE = 30.0


@pytest.fixture
async def fakes() -> Fakes:
    """Return what is behind the service."""
    return Fakes()


@pytest.fixture
async def url(fakes: Fakes) -> AsyncIterator[str]:
    """Return the address of a running service."""
    async with served(fakes) as url:
        yield url


async def run(url: str, *arguments: str) -> Result:
    """Run ``notifier dead-letters``, as in a pipe."""
    given = ["dead-letters", *arguments, "--url", url]
    return await asyncio.to_thread(CliRunner().invoke, command, given)


async def test_dead_letters_are_listed(fakes: Fakes, url: str) -> None:
    """One line each, newest first, with what was replayed, and nothing that steers a terminal."""
    fakes.dead_letters.letters = [
        make_dead_letter("0/7", replayed="2026-01-01T13:00:00+00:00"),
        make_dead_letter(
            "3/17",
            reason="rejected",
            error="400\x1b[2J Bad\nRequest",
            title="🚨 系统告警",
            targets_failed=("webhook https://hooks.example/***",),
        ),
    ]
    result = await run(url, "list")
    assert result.exit_code == 0
    header, newer, older = result.stdout.splitlines()
    assert header.split() == ["ID", "TIME", "REASON", "REPLAYED", "WHAT", "HAPPENED"]
    assert newer.startswith("3/17  ")
    said = "  🚨 系统告警: 400\\x1b[2J Bad Request (webhook https://hooks.example/***)"
    assert newer.endswith(f"  rejected  -                  {said}")
    assert older.startswith("0/7   ")
    assert older.endswith("content: missing")
    assert older.count(":00:00") == 2
    assert result.stderr == ""


async def test_a_list_is_as_long_as_asked_for(fakes: Fakes, url: str) -> None:
    """Further pages are read until it is, and it is said that there are more."""
    fakes.dead_letters.letters = [make_dead_letter(f"0/{number}") for number in range(700)]
    few = await run(url, "list", "--limit", "3")
    assert [line.split()[0] for line in few.stdout.splitlines()[1:]] == ["0/699", "0/698", "0/697"]
    assert few.stderr == "There are more: --limit 30\n"
    many = await run(url, "list", "--limit", "600")
    assert len(many.stdout.splitlines()) == 601
    every = await run(url, "list", "--limit", "1000")
    assert len(every.stdout.splitlines()) == 701
    assert every.stderr == ""


async def test_a_list_is_of_one_reason(fakes: Fakes, url: str) -> None:
    """Others are left out; that there are none is said."""
    fakes.dead_letters.letters = [
        make_dead_letter("0/1", reason="expired"),
        make_dead_letter("0/2"),
    ]
    found = await run(url, "list", "--reason", "expired")
    assert [line.split()[0] for line in found.stdout.splitlines()[1:]] == ["0/1"]
    none = await run(url, "list", "--reason", "exhausted")
    assert none.stdout == "There are no dead letters that match.\n"
    fakes.dead_letters.letters = []
    assert (await run(url, "list")).stdout == "There are no dead letters.\n"


async def test_one_is_shown_whole(fakes: Fakes, url: str) -> None:
    """Every header, and the value with a line for each of its items."""
    fakes.dead_letters.letters = [
        make_dead_letter(
            "3/17",
            value='{"content":"\\u4ea4\\u6613","channels":["webhook"]}',
            targets_failed=("discord https://a/***", "email b"),
            headers={"notifier.reason": "invalid", "own": "header"},
        )
    ]
    result = await run(url, "show", "3/17")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "ID:               3/17"
    assert "Failed targets:   discord https://a/***, email b" in lines
    assert "Replayed:         -" in lines
    assert "  own: header" in lines
    start = lines.index("Value:") + 1
    assert lines[start : start + 5] == [
        "{",
        '  "content": "交易",',
        '  "channels": [',
        '    "webhook"',
        "  ]",
    ]


async def test_one_that_is_not_there_is_an_error(url: str) -> None:
    """One line says which, and where the others are."""
    result = await run(url, "show", "3/18")
    assert result.exit_code == 1
    assert "has no record at 3/18" in result.stderr
    assert result.stderr.count("\n") == 1


async def test_a_plan_is_shown_and_nothing_done(fakes: Fakes, url: str) -> None:
    """A dry run says what would be sent again, and what not and why."""
    ids = tuple(f"0/{number}" for number in range(7))
    fakes.replayer.planned = Replay(
        state="planned", selected=10, replayable=7, already=1, expired=2, missing=1, ids=ids
    )
    result = await run(url, "replay", "--all", "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "To be sent again:  7 of 11 (0/0, 0/1, 0/2, 0/3, 0/4, …)",
        "Left out:          1 replayed before, 2 expired, 1 not in the topic",
    ]
    assert fakes.replayer.asked == [(Selection(), "plan")]


@pytest.mark.parametrize(
    ("arguments", "selection"),
    [
        (["3/17", "0/2"], Selection(places=frozenset({(3, 17), (0, 2)}))),
        (["--all"], Selection()),
        (["--reason", "expired"], Selection(reason=Reason.EXPIRED)),
        (
            ["--query", "AAPL", "--since", "2026-01-01T12:00:00Z"],
            Selection(query="AAPL", since=1767268800.0),
        ),
        (["--until", "2026-01-02T00:00:00+01:00"], Selection(until=1767308400.0)),
    ],
)
async def test_a_replay_is_followed_to_its_end(
    fakes: Fakes, url: str, arguments: list[str], selection: Selection
) -> None:
    """What is asked for is planned, then done; in a pipe nothing is asked."""
    command = asyncio.create_task(run(url, "replay", *arguments, "--rate", "5"))
    await fakes.replayer.begun.wait()
    fakes.replayer.change(state="done", replayed=1)
    result = await command
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "1 of 1 sent again."
    assert fakes.replayer.asked == [(selection, "plan"), (selection, 5.0)]


async def test_times_without_a_zone_are_local(fakes: Fakes, url: str) -> None:
    """As those that the list shows."""
    await run(url, "replay", "--since", "2026-01-01T12:00", "--dry-run")
    since = datetime(2026, 1, 1, 12, 0).astimezone().timestamp()
    assert fakes.replayer.asked == [(Selection(since=since), "plan")]


async def test_nothing_to_send_is_a_failure(fakes: Fakes, url: str) -> None:
    """Exit status 1, with what was left out."""
    fakes.replayer.planned = Replay(state="planned", selected=2, already=2)
    result = await run(url, "replay", "--all")
    assert result.exit_code == 1
    assert result.stdout == "Left out:          2 replayed before\n"
    assert result.stderr == "Error: There is nothing to send again.\n"


async def test_a_replay_that_fails_is_a_failure(fakes: Fakes, url: str) -> None:
    """Its error is quoted in one line, with how far it came."""
    command = asyncio.create_task(run(url, "replay", "--all"))
    await fakes.replayer.begun.wait()
    fakes.replayer.change(state="failed", error="Kafka did not answer\nin time")
    result = await command
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The replay ended early: Kafka did not answer in time.")
    assert "0 of 1 sent again" in result.stderr
    assert result.stderr.count("\n") == 1


async def test_a_service_that_was_restarted_knows_nothing_of_it(fakes: Fakes, url: str) -> None:
    """The command does not wait for ever, and says how to go on."""
    command = asyncio.create_task(run(url, "replay", "--all"))
    await fakes.replayer.begun.wait()
    fakes.replayer.progress = Replay()
    result = await command
    assert result.exit_code == 1
    assert "it was restarted, or another one has begun" in result.stderr


async def test_a_service_that_is_busy_says_so(fakes: Fakes, url: str) -> None:
    """One line, as the service has it."""
    fakes.replayer.error = BusyError("a replay is under way; wait for its end")
    result = await run(url, "replay", "--all")
    assert result.exit_code == 1
    assert f"the service at {url} answered 409: a replay is under way" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["replay"], "Say which: by ids"),
        (["replay", "0/1", "--all"], "exclude each other"),
        (["replay", "--reason", "expired", "--all"], "exclude each other"),
        (["replay", "0-1"], "'0-1' is not an id; they look like 3/17."),
        (["replay", "--since", "yesterday"], "'yesterday' is not a time"),
        (["replay", "--since", "0001-01-01"], "is not a time"),
        (["show", "../stop"], "is not an id"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    fakes: Fakes, url: str, arguments: list[str], words: str
) -> None:
    """Before anything is asked of the service, in one line."""
    result = await run(url, *arguments)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert fakes.replayer.asked == []


async def test_the_key_is_sent() -> None:
    """A service with keys is asked with one, and a missing one is said."""
    locked = Fakes(access=Access.of(["secret-key"]))
    async with served(locked) as url:
        assert "--api-key or NOTIFIER_API_KEY" in (await run(url, "list")).stderr
        result = await run(url, "list", "--api-key", "secret-key")
    assert result.stdout == "There are no dead letters.\n"


class Terminal:
    """A terminal with a command on it."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self._process = process
        self._master = master
        self._text = ""

    async def until(self, text: str) -> str:
        """Wait until a text was printed, and return all that was."""
        while text not in self._text:
            self._text += (await asyncio.to_thread(os.read, self._master, 10_000)).decode()
        return self._text

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._master, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    async def end(self) -> tuple[int, str]:
        """Wait for the command's end; return its status and all that it printed."""
        with suppress(OSError):  # how a terminal says that nobody writes to it any more
            await self.until("nothing that is ever printed")
        return await self._process.wait(), self._text


@asynccontextmanager
async def terminal(url: str, home: Path, *arguments: str) -> AsyncIterator[Terminal]:
    """Start ``notifier dead-letters`` on a terminal of 60 columns."""
    master, slave = pty.openpty()
    script = "from app.faces.cli.notifier import main; main()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, "dead-letters", *arguments, "--url", url),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=clean_environment(home, {"COLUMNS": "60"}),
    )
    os.close(slave)
    try:
        async with asyncio.timeout(PATIENCE):
            yield Terminal(process, master)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(master)


async def test_on_a_terminal_no_means_no(fakes: Fakes, url: str, tmp_path: Path) -> None:
    """The plan stands before the question."""
    async with terminal(url, tmp_path, "replay", "--all") as shown:
        asked = await shown.until("Send them again?")
        assert "To be sent again:  1 of 1 (0/1)" in asked
        shown.type("n")
        status, _ = await shown.end()
    assert status == 1
    assert not fakes.replayer.begun.is_set()


@pytest.mark.parametrize("flags", [(), ("--yes",)])
async def test_on_a_terminal_progress_is_shown(
    fakes: Fakes, url: str, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    """A bar, once the question is answered; with ``--yes`` there is none."""
    async with terminal(url, tmp_path, "replay", "--all", *flags) as shown:
        if not flags:
            await shown.until("Send them again?")
            shown.type("y")
        await fakes.replayer.begun.wait()
        fakes.replayer.change(state="done", replayed=1)
        status, text = await shown.end()
    assert status == 0
    assert ("Send them again?" in text) is (not flags)
    assert "1/1" in text
    assert "1 of 1 sent again." in text


async def test_who_leaves_leaves_the_replay_alone(fakes: Fakes, url: str, tmp_path: Path) -> None:
    """Ctrl-C ends the command; the service goes on, and that is said."""
    fakes.replayer.planned = Replay(state="planned", selected=2, replayable=2)
    async with terminal(url, tmp_path, "replay", "--all", "--yes") as shown:
        await fakes.replayer.begun.wait()
        fakes.replayer.change(replayed=1)
        await shown.until("]  1/2")
        shown.interrupt()
        status, text = await shown.end()
    assert status == 130
    assert "The replay goes on in the service." in text
    assert "Traceback" not in text


async def test_on_a_terminal_lines_are_cut_to_its_width(
    fakes: Fakes, url: str, tmp_path: Path
) -> None:
    """Nothing wraps."""
    fakes.dead_letters.letters = [make_dead_letter("0/1", title="交易信号" * 30)]
    async with terminal(url, tmp_path, "list") as shown:
        status, text = await shown.end()
    assert status == 0
    [line] = text.splitlines()[1:]
    assert line.endswith("…")
    assert line == cut(line, 60)
