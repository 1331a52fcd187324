"""The papers name commands, flags, targets and settings that there are."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app.faces.cli.notifier import command as notifier
from app.faces.cli.send_test import command as send_test
from app.settings.models import SETTINGS, env_name
from app.start import command as start
from tests.support.papers import PAPERS, TOP, text_of

COMMANDS: dict[str, click.Command] = {
    "notifier": notifier,
    "send-test-notification": send_test,
    "start-notification-worker": start,
}
OTHERS = {
    "NOTIFIER_API_KEY": "a client's own key",
    "NOTIFIER_CONFIG_FILE": "names the configuration file",
    "NOTIFIER_TEST_KAFKA": "the tests' broker",
    "NOTIFIER_URL": "where the commands find the service",
}
SHELL = re.compile(r"```(?:bash|sh)\n(.*?)```", re.DOTALL)
IN_CODE = re.compile(r"`([^`\n]+)`")
CALL = re.compile(
    r"^\s*(?:\w+=\S+\s+)*(?:\S*/)?(notifier|send-test-notification|start-notification-worker)(?=\s|$)"
)
TARGET = re.compile(r"\bmake ([a-z-]+)\b")


def of_top(path: Path) -> str:
    """Name a test's case by its file."""
    return str(path.relative_to(TOP))


def calls(paper: Path) -> Iterator[list[str]]:
    """Yield the command lines of a paper, in fences and in code marks, as words."""
    text = text_of(paper)
    fenced = [line for block in SHELL.findall(text) for line in block.splitlines()]
    inline = IN_CODE.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for line in (*fenced, *inline):
        match = CALL.search(line)
        if match:
            rest = line[match.end() :].replace("\\|", "").partition("|")[0].partition(" #")[0]
            yield [match[1], *shlex.split(rest, comments=True)]


def fault(words: list[str]) -> str | None:
    """Say which word of a command line there is not, or None."""
    command = COMMANDS[words[0]]
    known: set[str] = {"-h", "--help"}
    for word in words[1:]:
        known |= {flag for each in command.params for flag in each.opts}
        if word.startswith("-") and word.partition("=")[0] not in known:
            return f"{command.name} has no {word}"
        if isinstance(command, click.Group) and not word.startswith("-"):
            if word not in command.commands:
                return f"{words[0]} has no {word}"
            command = command.commands[word]
    return None


@pytest.mark.parametrize("paper", PAPERS, ids=of_top)
def test_every_command_is_one(paper: Path) -> None:
    """A reader who types it is not told that there is no such command or flag."""
    found = [(words, why) for words in calls(paper) if (why := fault(words))]
    assert found == []


def test_commands_are_found() -> None:
    """The papers are full of them, so the tests above look at something."""
    assert sum(1 for paper in PAPERS for _ in calls(paper)) > 50


@pytest.mark.parametrize("paper", PAPERS, ids=of_top)
def test_every_target_is_one(paper: Path) -> None:
    """`make` knows each of them."""
    makefile = text_of(TOP / "Makefile")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(TARGET.findall(marked(paper))) - targets == set()


def marked(paper: Path) -> str:
    """Return everything of a paper that stands in fences or code marks."""
    text = text_of(paper)
    blocks = re.findall(r"```.*?```", text, re.DOTALL)
    return "\n".join((*blocks, *IN_CODE.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))))


@pytest.mark.parametrize("paper", PAPERS, ids=of_top)
def test_every_setting_is_one(paper: Path) -> None:
    """Each variable is a setting, or one of the few others."""
    known = {env_name(name) for name in SETTINGS} | set(OTHERS)
    named = set(re.findall(r"\bNOTIFIER_[A-Z_]*[A-Z]\b(?!…)", text_of(paper)))
    assert named - known == set()
