"""Logging: one place for every line, this service's and its libraries', without secrets."""

import json
import logging
import math
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TextIO

from app.policies.redaction import NO_SECRETS, Secrets, scrub
from app.policies.texts.plain_text import clip
from app.policies.texts.visible import visible, visible_json
from app.values.errors import SettingsError

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_PRIVATE = 0o600
REPEAT_SECONDS = 30.0
LONGEST_MESSAGE = 8_000
LONGEST_TRACE = 32_000
"""Characters of a line, and of an exception; an error may quote a record of megabytes."""
_REMEMBERED = 200  # distinct lines
_OF_A_PARTITION = "partition %s"
_TRIED_AGAIN = "retrying"

# One line per request or connection; the engine logs what matters of them.
_QUIET = ("httpx", "httpcore", "aiohttp.access")
_QUIET_UNLESS_DEBUG = ("aiokafka", "mail.log")
_UVICORN = ("uvicorn", "uvicorn.error", "uvicorn.access")

_NOT_EXTRA = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
# A title or an answer with line breaks must not forge lines.
_BREAKS = str.maketrans({"\n": "\\n", "\r": "\\r"})


class LogOptions(Protocol):
    """At which level and in which form to log, and to which file, rotated at which size."""

    @property
    def level(self) -> str:
        """One of ``LEVELS``."""

    @property
    def format(self) -> str:
        """``console`` or ``json``."""

    @property
    def file(self) -> Path | None:
        """The log file, beside the stream."""

    @property
    def file_max_bytes(self) -> int:
        """Bytes at which a new file is begun."""

    @property
    def file_backups(self) -> int:
        """How many full files are kept."""


@contextmanager
def configured_logging(
    log: LogOptions,
    stream: TextIO,
    *,
    secrets: Secrets = NO_SECRETS,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[logging.Logger]:
    """Send every log line through this service's handlers, and yield its logger.

    Uvicorn's own lines included: its loggers give up their handlers for as long. On leaving,
    everything is as it was. Inside another such block the inner one holds alone.

    Args:
        clock: Seconds, for holding back repeated lines.

    Raises:
        SettingsError: The log file cannot be opened.
    """
    formatter = _FORMATTERS[log.format](secrets)
    handlers: list[logging.Handler] = [logging.StreamHandler(stream), *_file_handlers(log)]
    for handler in handlers:
        handler.setFormatter(formatter)
        handler.addFilter(_Repeats(clock))
    undo = _install(handlers)
    set_level(log.level)
    try:
        yield logging.getLogger("app")
    finally:
        undo()
        for handler in handlers:
            handler.close()


def set_level(level: str) -> None:
    """Change the log level from now on.

    Args:
        level: ``DEBUG``, ``INFO``, ``WARNING``, ``ERROR`` or ``CRITICAL``, in any case.

    Raises:
        ValueError: It is none of these.
    """
    name = level.upper()
    if name not in LEVELS:
        raise ValueError(f"{level!r} is not one of {', '.join(LEVELS)}")
    number = logging.getLevelNamesMapping()[name]
    quiet = max(number, logging.WARNING)
    logging.getLogger().setLevel(number)
    for logger in _QUIET:
        logging.getLogger(logger).setLevel(quiet)
    for logger in _QUIET_UNLESS_DEBUG:
        logging.getLogger(logger).setLevel(number if number == logging.DEBUG else quiet)


def _file_handlers(log: LogOptions) -> list[logging.Handler]:
    if log.file is None:
        return []
    try:
        return [
            _PrivateFileHandler(
                log.file,
                maxBytes=log.file_max_bytes,
                backupCount=log.file_backups,
                encoding="utf-8",
                errors="backslashreplace",
            )
        ]
    except OSError as error:
        raise SettingsError(
            f"NOTIFIER_LOG__FILE: {log.file} cannot be opened: {error.strerror}"
        ) from error


class _PrivateFileHandler(RotatingFileHandler):
    """Writes files that nobody but this user reads: lines may hold people's texts."""

    def _open(self) -> TextIOWrapper:
        opened = super()._open()
        if stat.S_ISREG(os.fstat(opened.fileno()).st_mode):  # a terminal or a pipe is somebody's
            os.fchmod(opened.fileno(), _PRIVATE)
        return opened


def _install(handlers: Collection[logging.Handler]) -> Callable[[], None]:
    """Put handlers on the root logger in place of ours and of uvicorn's; return how to undo it."""
    root = logging.getLogger()
    replaced = [each for each in root.handlers if isinstance(each.formatter, _Formatter)]
    touched = [root, *map(logging.getLogger, (*_QUIET, *_QUIET_UNLESS_DEBUG, *_UVICORN))]
    before = [(logger, logger.level, logger.propagate, logger.handlers[:]) for logger in touched]
    _exchange(root, replaced, handlers)
    for name in _UVICORN:
        _take_over(logging.getLogger(name))

    def undo() -> None:
        for logger, level, propagate, former in before:
            logger.setLevel(level)
            logger.propagate = propagate
            if logger is root:
                _exchange(root, handlers, replaced)
            else:
                logger.handlers[:] = former

    return undo


def _exchange(
    root: logging.Logger, old: Collection[logging.Handler], new: Collection[logging.Handler]
) -> None:
    for handler in old:
        root.removeHandler(handler)
    for handler in new:
        root.addHandler(handler)


def _take_over(logger: logging.Logger) -> None:
    """Let a uvicorn logger's lines reach the root logger, once, at the root's level."""
    if not logger.handlers and not logger.propagate:
        return  # uvicorn --no-access-log
    logger.handlers.clear()
    logger.propagate = True
    if logger.level == logging.INFO:  # uvicorn's default; another was asked for (--log-level)
        logger.setLevel(logging.NOTSET)


class _Repeats(logging.Filter):
    """Lets an identical complaint of the Kafka client through once in 30 s, with a count.

    While brokers are away it repeats the same line several times a second; and what it has to say
    of one partition it says of each, of which there may be thousands. What it tries again at once
    is shown only if it lasts: a new topic's leader is not known to all for a moment.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__("aiokafka")
        self._clock = clock
        self._told: dict[tuple[str, int, str], _Told] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or not super().filter(record):
            return True
        now = self._clock()
        said = record.msg if _OF_A_PARTITION in record.msg else record.getMessage()
        key = (record.name, record.levelno, clip(said, LONGEST_MESSAGE))
        before = self._told.pop(key, None)
        if _TRIED_AGAIN in record.msg and (before is None or now - before.said_at > REPEAT_SECONDS):
            before = _Told(shown_at=now, held_back=0, said_at=now)
        shown_at, held_back, _ = before or _Told(shown_at=-math.inf, held_back=0, said_at=now)
        is_shown = now - shown_at >= REPEAT_SECONDS
        self._told[key] = _Told(*((now, 0) if is_shown else (shown_at, held_back + 1)), said_at=now)
        if len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
        if is_shown and held_back:
            record.repeated = held_back
        return is_shown


class _Told(NamedTuple):
    """What became of a complaint; in seconds of the clock."""

    shown_at: float
    held_back: int  # how often since then
    said_at: float  # the last time, shown or not


class _Formatter(logging.Formatter):
    """Writes one record as text without secrets."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def _clean(self, text: str, longest: int = LONGEST_MESSAGE) -> str:
        return clip(scrub(text, self._secrets, longest + 1), longest)

    def _traces(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        """Yield the exception and the stack of a record, each under its name."""
        if record.exc_info and record.exc_info[0]:
            yield "exception", self._clean(self.formatException(record.exc_info), LONGEST_TRACE)
        if record.stack_info:
            yield "stack", self._clean(record.stack_info, LONGEST_TRACE)


class _ConsoleFormatter(_Formatter):
    """``2026-01-01 12:00:00,123 INFO     app.engine.worker: message``, in local time."""

    def format(self, record: logging.LogRecord) -> str:
        message = visible(self._clean(record.getMessage()).translate(_BREAKS))
        repeated = getattr(record, "repeated", 0)
        more = f" (and {repeated} times more since the last)" if repeated else ""
        head = f"{self.formatTime(record)} {record.levelname:<8} {record.name}"
        traces = (f"\n{visible(text)}" for _, text in self._traces(record))
        return f"{head}: {message}{more}{''.join(traces)}"


class _JsonFormatter(_Formatter):
    """One JSON object a line, with everything that a record carries as ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._clean(record.getMessage()),
            **dict(self._traces(record)),
        }
        known = _NOT_EXTRA | line.keys()
        extra = {name: value for name, value in vars(record).items() if name not in known}
        written = json.dumps(line | self._clean_values(extra), ensure_ascii=False)
        return visible_json(written.encode(errors="backslashreplace")).decode()

    def _clean_values(self, values: Mapping[Any, Any]) -> dict[str, Any]:
        return {self._clean(str(key)): self._clean_value(value) for key, value in values.items()}

    def _clean_value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self._clean_values(value)
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean_value(each) for each in value]
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        return self._clean(str(value))


_FORMATTERS: Mapping[str, type[_Formatter]] = {
    "console": _ConsoleFormatter,
    "json": _JsonFormatter,
}
