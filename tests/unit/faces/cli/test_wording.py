"""Commands in Chinese: their help, click's own words, and everything that they say."""

import re
import subprocess
import sys
from contextvars import copy_context
from pathlib import Path

import click
import pytest

from app.faces.cli.notifier import command as notifier
from app.faces.cli.output import run
from app.faces.cli.send_test import command as send_test
from app.faces.cli.wording import localise, speak_as_set
from app.language.choice import Language
from app.language.speaking import speaking, translate
from app.start import command as start
from tests.support.catalogue import help_texts
from tests.support.commands import entry
from tests.support.service import clean_environment

SENTENCE = re.compile(r"[A-Za-z][a-z']+ [a-z']+ [a-z']+ [a-z']+")
"""Four words in a row, as no name and no command has."""


def said(arguments: list[str], folder: Path, settings: dict[str, str]) -> tuple[int, str]:
    """Run a command as people do; return its exit status and all that it says."""
    done = subprocess.run(
        [sys.executable, *entry("notifier", *arguments)],
        cwd=folder,
        env=clean_environment(folder, settings),
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("command", [start, send_test, notifier], ids=lambda each: each.name)
def test_every_command_has_its_help_in_chinese(command: click.Command) -> None:
    """No description, no option and no default is left in English."""
    with speaking(Language.CHINESE):
        texts = [text for _, text in help_texts(command)]
        assert texts
        assert not [text for text in texts if translate(text) == text]


def test_help_is_translated_in_place() -> None:
    """Of a command, of its options with their defaults, and of all commands below it."""
    option = click.Option(["--limit"], help="How many at most.", show_default="as fast as it goes")
    inner = click.Command("inner", help="Show everything about one dead letter.", params=[option])
    group = click.Group("outer", commands=[inner], params=[click.Argument(["what"])])
    with speaking(Language.CHINESE):
        localise(group)
    assert inner.help == inner.short_help == "显示一条死信的全部信息。"
    assert (option.help, option.show_default) == ("最多列出多少条。", "不限速")
    assert group.help is None


def test_a_command_speaks_the_language_of_the_terminal(tmp_path: Path) -> None:
    """Help, what the library says, errors of its own, and what comes from the code below."""
    chinese = {"LANG": "zh_CN.UTF-8"}
    status, text = said(["--help"], tmp_path, chinese)
    assert status == 0
    assert "用法：" in text
    assert "显示本帮助并退出" in text
    assert not SENTENCE.search(text)
    status, text = said(["send", "--nope"], tmp_path, chinese)
    assert status == 2
    assert "没有选项 '--nope'" in text
    status, text = said(["dead-letters", "show", "x"], tmp_path, chinese)
    assert (status, text) == (1, "错误：'x' 不是 id；id 形如 3/17。\n")


def test_the_setting_goes_before_the_terminal(tmp_path: Path) -> None:
    """In the environment or in a file; one that is wrong leaves it to the terminal."""
    assert "Usage:" in said(["--help"], tmp_path, {"LANG": "zh_CN", "NOTIFIER_LANGUAGE": "en"})[1]
    assert "用法：" in said(["--help"], tmp_path, {"LANG": "C", "NOTIFIER_LANGUAGE": "ZH"})[1]
    (tmp_path / ".env").write_text("NOTIFIER_LANGUAGE=zh\n")
    assert "用法：" in said(["--help"], tmp_path, {"LANG": "C"})[1]
    (tmp_path / ".env").write_text("NOTIFIER_LANGUAGE=klingon\n")
    status, text = said(["recipients"], tmp_path, {"LANG": "zh_CN.UTF-8"})
    assert status == 1
    assert "NOTIFIER_LANGUAGE：应为 'auto', 'en' 或 'zh'，得到的是 'klingon'" in text


def test_the_doctor_speaks_chinese(tmp_path: Path) -> None:
    """Findings and their remedies, whoever found them."""
    settings = {"NOTIFIER_LANGUAGE": "zh", "NOTIFIER_RECIPIENTS_FILE": str(tmp_path / "none.yaml")}
    status, text = said(["doctor", "--url", "http://127.0.0.1:1"], tmp_path, settings)
    assert status == 1
    findings = text.partition("\n\n")[2]
    assert "有 1 项检查未通过。" in findings
    assert not [line for line in findings.splitlines() if SENTENCE.search(line)]


def test_the_language_of_a_file_is_spoken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A command is translated before it reads its arguments; a wrong file leaves it as it is."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "NOTIFIER_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for text in ("zh", "en", "klingon"):
        (tmp_path / ".env").write_text(f"NOTIFIER_LANGUAGE={text}\n")
        command = click.Command("x", help="How many to send.")
        copy_context().run(speak_as_set, command)
        assert command.help == ("发送多少条。" if text == "zh" else "How many to send.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["render"], "缺少参数 'ID'。"),
        (["render", "x", "--tries"], "选项 '--tries' 需要 1 个参数。"),
        (["render", "x", "--tries", "y"], "'--tries' 的值无效：'y' 不是有效的整数。"),
        (["render", "x", "--trie", "y"], "没有选项 '--trie'。是不是 '--file'、'--tries'？"),
        (["render", "x", "--file", "/none"], "'--file' 的值无效：文件 '/none' 不存在。"),
        (["render", "x", "--how", "z"], "'--how' 的值无效：'z' 不是 'a'、'b' 之一。"),
        (["choose"], "缺少参数 '{a|b}'。可选：\n\ta\n\tb"),
        (["rendre"], "没有命令 'rendre'。是不是 'render'？"),
    ],
)
def test_errors_of_usage_are_chinese_to_the_full_stop(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    """What click puts together itself, too: its full stops, spaces, lists and types of values."""

    @click.group()
    def group() -> None: ...

    @group.command()
    @click.argument("id")
    @click.option("--tries", type=click.IntRange(min=1))
    @click.option("--file", type=click.Path(exists=True, dir_okay=False))
    @click.option("--how", type=click.Choice(["a", "b"]))
    def render() -> None: ...

    @group.command()
    @click.argument("what", type=click.Choice(["a", "b"]))
    def choose() -> None: ...

    monkeypatch.setenv("NOTIFIER_LANGUAGE", "zh")
    monkeypatch.setattr(sys, "argv", ["x", *arguments])
    with pytest.raises(SystemExit) as ended:
        copy_context().run(run, group)
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"错误：{said}\n")


def test_help_has_the_punctuation_of_the_language(tmp_path: Path) -> None:
    """In its usage, its headings, and after what an option needs."""
    text = said(["import", "ginkgo", "-h"], tmp_path, {"LANG": "zh_CN.UTF-8"})[1]
    assert text.startswith("用法：")
    assert " import ginkgo [选项]\n" in text
    assert "\n选项：\n" in text
    assert "[必填]" in text
    assert "  --output FILE  " in text


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (click.ClickException("There is nothing to send again."), 1, "错误：没有可重放的死信。\n"),
        (click.UsageError("give either TEXT or --file"), 2, "错误：TEXT 和 --file 只能给出一个\n"),
        (click.Abort(), 1, "已中止！\n"),
        (None, 0, ""),
    ],
)
def test_what_ends_a_command_is_told_in_its_language(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: Exception | None,
    status: int,
    said: str,
) -> None:
    """Its own errors and click's; the exit status is as ever."""

    @click.command()
    def command() -> None:
        if raised is not None:
            raise raised

    monkeypatch.setenv("NOTIFIER_LANGUAGE", "zh")
    monkeypatch.setattr(sys, "argv", ["x"])
    with pytest.raises(SystemExit) as ended:
        copy_context().run(run, command)
    assert (ended.value.code or 0) == status
    assert capsys.readouterr().err.endswith(said)
