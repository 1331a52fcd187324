"""Every log line goes one way, in one form, without secrets."""

import asyncio
import io
import json
import logging
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from app.edges.logs import LONGEST_MESSAGE, LONGEST_TRACE, configured_logging, set_level
from app.policies.redaction import Secrets
from app.settings.models import LogSettings
from app.values.errors import SettingsError
from tests.support.channels import KNOWN

URL = "https://discord.com/api/webhooks/123/t0ken-of-the-webhook"
UVICORN = ("uvicorn", "uvicorn.error", "uvicorn.access")


class Clock:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the seconds it stands at."""
        return self.now


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    """Put back what a test (or uvicorn in it) changes, and check that a block undoes its own."""
    root = logging.getLogger()
    loggers = [root, *map(logging.getLogger, UVICORN)]
    before = [(each, each.level, each.propagate, each.handlers[:]) for each in loggers]
    yield
    assert root.handlers == before[0][3]
    for logger, level, propagate, handlers in before:
        logger.setLevel(level)
        logger.propagate = propagate
        logger.handlers[:] = handlers


@pytest.fixture
def stream() -> io.StringIO:
    """Stand in for standard error."""
    return io.StringIO()


def json_lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return what was written, one object a line."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_console_line(stream: io.StringIO) -> None:
    """Local time, level, logger, message."""
    with configured_logging(LogSettings(), stream):
        logging.getLogger("app.engine.worker").info("taken %d of %s", 5, "通知")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO     app\.engine\.worker: taken 5 of 通知\n",
        stream.getvalue(),
    )


def test_the_yielded_logger(stream: io.StringIO) -> None:
    """The block hands out the logger of the application."""
    with configured_logging(LogSettings(), stream) as log:
        log.info("first line")
    assert " app: first line" in stream.getvalue()


def test_a_json_line(stream: io.StringIO) -> None:
    """One object with UTC time, level, logger, message and whatever the record carries."""
    extra = {
        "topic": "通知",
        "offsets": (1, 2),
        "lag": {"p": 0.5, "q": float("inf")},
        "ok": True,
        "none": None,
        "path": Path("some/file"),
        "time": "not this",
        "color_message": "for uvicorn's own eyes",
    }
    with configured_logging(LogSettings(format="json"), stream):
        logging.getLogger("app.x").warning("two\nlines", extra=extra)
    (line,) = json_lines(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "WARNING",
        "logger": "app.x",
        "message": "two\nlines",
        "topic": "通知",
        "offsets": [1, 2],
        "lag": {"p": 0.5, "q": "inf"},
        "ok": True,
        "none": None,
        "path": "some/file",
    }


def fail() -> None:
    """Raise what a careless library might."""
    raise ValueError(f"POST {URL} with hush-password\x1b[2J")


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_secret_is_seen(stream: io.StringIO, form: str) -> None:
    """Neither in messages nor in arguments, exceptions, stacks or extra values."""
    quoted = 'hush"quoted'
    log = LogSettings.model_validate({"format": form})
    with configured_logging(
        log, stream, secrets=Secrets(["hush-password", quoted], forms=KNOWN.forms)
    ):
        try:
            fail()
        except ValueError:
            logging.getLogger("app").exception(
                "sent to %s with %s",
                URL,
                quoted,
                extra={"url": URL, "tried": [{"hush-password": quoted}]},
                stack_info=True,
            )
    text = stream.getvalue()
    assert "sent to https://discord.com/api/webhooks/" in text
    assert "with ***" in text
    assert "t0ken" not in text
    assert "hush-password" not in text
    assert not re.search(r'hush\\?"quoted', text)


def test_a_very_short_secret_does_not_ruin_the_log(stream: io.StringIO) -> None:
    """Blanking out every 'e' would tell that the password is 'e'."""
    with configured_logging(LogSettings(), stream, secrets=Secrets(["e", ""])):
        logging.getLogger("app").info("everything")
    assert "everything" in stream.getvalue()


def test_exception_and_stack_in_json(stream: io.StringIO) -> None:
    """Each is a text of its own."""
    with configured_logging(LogSettings(format="json"), stream):
        try:
            fail()
        except ValueError:
            logging.getLogger("app").exception("failed", stack_info=True)
        logging.getLogger("app").error("no exception here", exc_info=(None, None, None))
    failed, calm = json_lines(stream)
    assert failed["exception"].startswith("Traceback (most recent call last):")
    assert failed["exception"].splitlines()[-1].startswith("ValueError: POST https://discord.com")
    assert failed["stack"].startswith("Stack (most recent call last):")
    assert "exception" not in calm


def test_a_message_cannot_forge_lines(stream: io.StringIO) -> None:
    """Line breaks and terminal codes of untrusted texts are written out."""
    with configured_logging(LogSettings(), stream):
        logging.getLogger("app").info(
            "title: %s", "x\r\n2026-01-01 ERROR app: forged\x1b[31m\x9b\t"
        )
        try:
            fail()
        except ValueError:
            logging.getLogger("app").exception("failed")
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("title: x\\r\\n2026-01-01 ERROR app: forged\\x1b[31m\\x9b\t")
    assert lines[1].endswith("ERROR    app: failed")
    assert lines[-1].endswith("\\x1b[2J")
    assert "\x1b" not in stream.getvalue()


def test_the_file_has_the_same_lines_and_is_rotated(stream: io.StringIO, tmp_path: Path) -> None:
    """Beside standard error; full files are put aside, as many as are to be kept."""
    file = tmp_path / "notifier.log"
    log = LogSettings(file=file, file_max_bytes=200, file_backups=2)
    with configured_logging(log, stream, secrets=Secrets(["hush"])):
        for number in range(12):
            logging.getLogger("app").info("line %d \udc80 hush %s", number, "x" * 60)
    kept = [tmp_path / name for name in ("notifier.log.2", "notifier.log.1", "notifier.log")]
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    written = "".join(path.read_text(encoding="utf-8") for path in kept)
    shown = stream.getvalue().replace("\udc80", "\\udc80")
    assert shown.endswith(written)
    assert "line 11 \\udc80 ***" in written


def test_nobody_else_reads_the_file(stream: io.StringIO, tmp_path: Path) -> None:
    """Neither a new one nor one that was there, nor those that were put aside."""
    file = tmp_path / "notifier.log"
    file.write_text("from before\n")
    file.chmod(0o644)
    log = LogSettings(file=file, file_max_bytes=100, file_backups=2)
    with configured_logging(log, stream):
        for _ in range(5):
            logging.getLogger("app").info("%s", "x" * 60)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_that_cannot_be_opened(stream: io.StringIO, tmp_path: Path) -> None:
    """One line that names setting, file and reason, and nothing is left changed."""
    log = LogSettings(file=tmp_path / "no" / "such" / "folder")
    with (
        pytest.raises(
            SettingsError, match=r"^NOTIFIER_LOG__FILE: .*folder cannot be opened: No such file"
        ),
        configured_logging(log, stream),
    ):
        raise AssertionError


def test_levels(stream: io.StringIO) -> None:
    """Below the level nothing is logged; it can be changed while running."""
    log = logging.getLogger("app.levels")
    with configured_logging(LogSettings(level="WARNING"), stream):
        log.info("hidden")
        set_level("debug")
        log.debug("shown")
        set_level("ERROR")
        log.warning("hidden again")
    assert [line.rpartition(": ")[2] for line in stream.getvalue().splitlines()] == ["shown"]


@pytest.mark.parametrize("level", ["NOTSET", "loud", "", "WARN"])
def test_a_level_that_is_none(level: str) -> None:
    """The error lists the levels there are."""
    with pytest.raises(ValueError, match="is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL"):
        set_level(level)


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("DEBUG", {"httpx W", "aiokafka.conn D", "aiokafka.conn W", "mail.log D", "mail.log W"}),
        ("INFO", {"httpx W", "aiokafka.conn W", "mail.log W"}),
        ("ERROR", set()),
    ],
)
def test_talkative_libraries(stream: io.StringIO, level: str, shown: set[str]) -> None:
    """A line per request is never wanted; the Kafka client's chatter only at DEBUG."""
    with configured_logging(LogSettings.model_validate({"level": level}), stream):
        for name in ("httpx", "aiokafka.conn", "mail.log"):
            logging.getLogger(name).debug("D")
            logging.getLogger(name).warning("W")
    lines = stream.getvalue().splitlines()
    assert {" ".join(line.split()[-2:]).replace(":", "") for line in lines} == shown


def away(number: int = 0) -> None:
    """Complain as aiokafka does when a broker is away."""
    logging.getLogger("aiokafka.conn").error("Unable to connect to node %d", number)


def test_repeated_complaints_of_the_kafka_client(stream: io.StringIO, tmp_path: Path) -> None:
    """An identical line once in 30 s, with how often it was held back, on every output alike."""
    clock = Clock()
    file = tmp_path / "log"
    with configured_logging(LogSettings(file=file), stream, clock=clock):
        for _ in range(5):
            away()
        away(1)
        clock.now += 29.9
        away()
        clock.now += 0.1
        away()
        clock.now += 30
        away()
    messages = [line.partition("aiokafka.conn: ")[2] for line in stream.getvalue().splitlines()]
    assert messages == [
        "Unable to connect to node 0",
        "Unable to connect to node 1",
        "Unable to connect to node 0 (and 5 times more since the last)",
        "Unable to connect to node 0",
    ]
    assert file.read_text(encoding="utf-8") == stream.getvalue()


def test_complaints_about_every_partition(stream: io.StringIO) -> None:
    """As aiokafka 0.14 makes them of a commit that the broker refuses."""
    clock = Clock()
    log = logging.getLogger("aiokafka.consumer.group_coordinator")
    with configured_logging(LogSettings(), stream, clock=clock):
        for number in range(1000):
            log.error("OffsetCommit failed for group %s on partition %s", "g", number)
        clock.now += 30
        log.error("OffsetCommit failed for group %s on partition %s", "g", 7)
    assert [line.partition(": ")[2] for line in stream.getvalue().splitlines()] == [
        "OffsetCommit failed for group g on partition 0",
        "OffsetCommit failed for group g on partition 7 (and 999 times more since the last)",
    ]


def test_complaints_about_what_is_tried_again(stream: io.StringIO) -> None:
    """As aiokafka 0.14 makes them while a new topic's leader is not known: shown if they last."""
    clock = Clock()
    log = logging.getLogger("aiokafka.producer.sender")
    said = "Got error produce response on topic-partition %s, retrying. Error: %s"
    with configured_logging(LogSettings(), stream, clock=clock):
        log.warning(said, 1, "NotLeaderForPartitionError")
        clock.now += 86_400
        log.warning(said, 2, "NotLeaderForPartitionError")
        assert stream.getvalue() == ""
        for _ in range(30):
            clock.now += 1
            log.warning(said, 3, "NotLeaderForPartitionError")
        log.warning(said, 4, "NotLeaderForPartitionError")
    (line,) = stream.getvalue().splitlines()
    assert "topic-partition 3, retrying" in line
    assert line.endswith("(and 30 times more since the last)")


def test_repeats_in_json(stream: io.StringIO) -> None:
    """The count is a field of its own."""
    clock = Clock()
    with configured_logging(LogSettings(format="json"), stream, clock=clock):
        away()
        away()
        clock.now += 30
        away()
    first, second = json_lines(stream)
    assert "repeated" not in first
    assert second["repeated"] == 1


def test_repeats_are_remembered_within_bounds(stream: io.StringIO) -> None:
    """Ever new lines do not fill the memory; the oldest is forgotten first."""
    with configured_logging(LogSettings(), stream, clock=Clock()):
        for number in range(201):
            away(number)
        away(200)
        away(0)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 202
    assert lines[-1].endswith("node 0")


def test_repeats_of_others_are_shown(stream: io.StringIO) -> None:
    """This service's own lines and a debugger's are never held back."""
    with configured_logging(LogSettings(level="DEBUG"), stream, clock=Clock()):
        for _ in range(2):
            logging.getLogger("app").error("the same")
            logging.getLogger("aiokafkaesque").error("the same")
            logging.getLogger("aiokafka").debug("the same")
    assert len(stream.getvalue().splitlines()) == 6


def test_within_another_block_the_inner_one_holds_alone(stream: io.StringIO) -> None:
    """No line is doubled, and the outer block holds again afterwards."""
    inner = io.StringIO()
    log = logging.getLogger("app")
    with configured_logging(LogSettings(level="DEBUG"), stream):
        log.info("one")
        with configured_logging(LogSettings(level="ERROR"), inner):
            log.error("two")
        log.debug("three")
    assert [line[-3:] for line in inner.getvalue().splitlines()] == ["two"]
    assert [line.split()[-1] for line in stream.getvalue().splitlines()] == ["one", "three"]


def test_everything_is_undone(stream: io.StringIO) -> None:
    """Levels, handlers and propagation are as before, also after a failure."""
    loggers = [logging.getLogger(name) for name in ("", "httpx", "aiokafka", *UVICORN)]
    own = logging.NullHandler()
    logging.getLogger("uvicorn").addHandler(own)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    def state() -> list[tuple[int, bool, list[logging.Handler]]]:
        return [(each.level, each.propagate, each.handlers[:]) for each in loggers]

    before = state()
    with suppress(KeyError), configured_logging(LogSettings(level="DEBUG"), stream):
        assert state() != before
        raise KeyError
    assert state() == before
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)


class AnnouncedServer(uvicorn.Server):
    """Uvicorn that tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        self.listening.set()


async def serve(stream: io.StringIO, **options: Any) -> None:
    """Run uvicorn with its own log configuration and an application that takes over the log."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with configured_logging(LogSettings(), stream):
            yield

    app = FastAPI(lifespan=lifespan)
    app.get("/page")(lambda: "ok")
    server = AnnouncedServer(uvicorn.Config(app, host="127.0.0.1", port=0, **options))
    task = asyncio.create_task(server.serve())
    await server.listening.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as client:
        await client.get(f"http://127.0.0.1:{port}/page")
    server.should_exit = True
    await task


async def test_uvicorn_lines_are_neither_doubled_nor_lost(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """With uvicorn's default log configuration: ours while the service runs, its own around it."""
    await serve(stream)
    taken = stream.getvalue()
    assert taken.count("Application startup complete.") == 1
    assert taken.count("Uvicorn running on") == 1
    assert taken.count('"GET /page HTTP/1.1" 200') == 1
    printed = capfd.readouterr()
    assert printed.out == "", "reports alone go to standard output"
    assert "Application startup complete." not in printed.err
    assert printed.err.count("Started server process") == 1
    assert printed.err.count("Finished server process") == 1


async def test_uvicorn_without_an_access_log(stream: io.StringIO) -> None:
    """``--no-access-log`` stays in force."""
    await serve(stream, access_log=False)
    assert "Uvicorn running on" in stream.getvalue()
    assert "/page" not in stream.getvalue()


async def test_uvicorn_with_a_level_of_its_own(stream: io.StringIO) -> None:
    """``--log-level warning`` stays in force."""
    await serve(stream, log_level="warning")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_line_of_a_megabyte_is_shortened_and_cuts_no_secret_in_two(
    stream: io.StringIO, form: Any
) -> None:
    """An error may quote a whole record; wherever the cut falls, half a password is not shown."""
    secret = "hush-" * 20
    with configured_logging(LogSettings(format=form), stream, secrets=Secrets([secret])):
        for before in range(LONGEST_MESSAGE - 120, LONGEST_MESSAGE + 10, 7):
            error = ValueError("y" * before + secret + "z" * 10**6)
            told = "x" * before + secret + "z" * 10**6
            logging.getLogger("app.x").error("%s", told, exc_info=error)
    assert len(stream.getvalue()) < 25 * (LONGEST_MESSAGE + LONGEST_TRACE)
    assert "hush" not in stream.getvalue()
