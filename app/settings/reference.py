"""Writes the settings into the papers: the tables of both READMEs, and ``.env.example``.

``make papers`` runs it from the top of the checkout; a test fails if a file is behind.
"""

import re
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from app.settings.descriptions import DESCRIPTIONS, HEADINGS
from app.settings.load import show
from app.settings.models import SETTINGS, Settings, env_name

_NONE = "–"
_TABLE = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)", re.DOTALL)
_COMMENT = textwrap.TextWrapper(
    99, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
)
_EXAMPLE_BEGINS = """\
# Every setting with its default (nothing after '=' means: none). Copy this file to .env, next to
# where the service is started, and take the '#' away from what you want to change.
#
# A flag on the command line goes before the environment, the environment before .env, .env before
# ~/.ginkgo/config.yaml (or the file that NOTIFIER_CONFIG_FILE names), that before the defaults.
# An empty value counts as none. Lists are written as JSON or separated by commas. Values are
# literal: ${NAME} is not replaced. "notifier doctor" shows what is in force and where it came from.
"""


def english_table() -> str:
    """Return the Markdown table of README.md."""
    texts = {name: each.english for name, each in DESCRIPTIONS.items()}
    return _table(("Setting", "Default", "Meaning"), texts)


def chinese_table() -> str:
    """Return the Markdown table of README.zh-CN.md."""
    texts = {name: each.chinese for name, each in DESCRIPTIONS.items()}
    return _table(("设置", "默认值", "说明"), texts)


def env_example() -> str:
    """Return ``.env.example``: each setting commented out, its description above it."""
    settings = Settings()
    lines = [_EXAMPLE_BEGINS]
    for name in SETTINGS:
        if name in HEADINGS:
            lines.append(f"\n# --- {HEADINGS[name]} ---\n")
        lines.extend(_COMMENT.wrap(DESCRIPTIONS[name].english.replace("`", "")))
        lines.append(f"#{env_name(name)}={show(settings.value(name))}")
    return "\n".join(lines) + "\n"


def with_table(document: str, table: str) -> str:
    """Put a table between a document's marks ``<!-- settings -->`` and ``<!-- /settings -->``.

    Raises:
        ValueError: The document does not have them.
    """
    if not _TABLE.search(document):
        raise ValueError("there is no <!-- settings --> … <!-- /settings -->")
    return _TABLE.sub(lambda _: f"\n{table}\n", document)


PAPERS: Mapping[str, Callable[[str], str]] = {
    "README.md": lambda document: with_table(document, english_table()),
    "README.zh-CN.md": lambda document: with_table(document, chinese_table()),
    ".env.example": lambda _: env_example(),
}
"""Each file that is written, below the top of the checkout: its new text made of its old one."""


def write(top: Path) -> None:
    """Write all of them anew."""
    for name, renew in PAPERS.items():
        path = top / name
        path.write_text(renew(path.read_text(encoding="utf-8")), encoding="utf-8")


def _table(head: tuple[str, str, str], texts: Mapping[str, str]) -> str:
    settings = Settings()
    rows = [head, ("---", "---", "---")]
    for name in SETTINGS:
        default = show(settings.value(name))
        rows.append((f"`{env_name(name)}`", f"`{default}`" if default else _NONE, texts[name]))
    return "".join("| " + " | ".join(_cell(text) for text in row) + " |\n" for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    write(Path.cwd())
