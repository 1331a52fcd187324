"""The page's templates, with everything they may call."""

import functools
import re

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app.faces.dashboard import fleet, formats, view
from app.faces.dashboard.assets import static_url
from app.faces.dashboard.dead_letters import SHOWN
from app.faces.dashboard.flashes import FLASHES
from app.faces.dashboard.questions import QUESTIONS
from app.faces.glance import MOST_DESTINATIONS
from app.faces.replay_words import LEFT_OUT
from app.language.speaking import gettext, language, ngettext, script_texts, translate
from app.policies.texts.visible import visible
from app.resources import templates_directory
from app.values.outcome import Reason

# Bold, italic and code, as Discord shows them; ``static/format.js`` has the same pattern.
_MARKS = re.compile(r"\*\*([^*\n]+)\*\*|\*([^*\n]+)\*|`([^`\n]+)`")
_TAGS = ("strong", "em", "code")


class _Blank:
    """A value that has every attribute, and each is None: for the rows that scripts fill."""

    def __getattr__(self, name: str) -> None:
        del name


@functools.cache
def page_environment() -> Environment:
    """Return the templates' environment; a name that they misspell is an error.

    There is one, which keeps what it has compiled: that takes ten times as long as to render it.
    """
    environment = Environment(
        loader=FileSystemLoader(templates_directory()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_finalize,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined] # the extension's
        gettext, ngettext, newstyle=True
    )
    environment.filters |= {
        "show": formats.show,
        "marked": marked,
        "colour": colour,
        "translate": translate,
    }
    environment.globals |= {
        "language": language,
        "script_texts": script_texts,
        "blank": _Blank(),
        "static": static_url,
        "flashes": FLASHES,
        "questions": QUESTIONS,
        "test_types": view.TEST_TYPES,
        "behaviours": view.BEHAVIOURS,
        "attempt_statuses": view.ATTEMPT_STATUSES,
        "recent": view.RECENT,
        "most_cards": view.CARDS,
        "most_deeds": view.DEEDS,
        "dead_letters_shown": SHOWN,
        "most_workers": fleet.SHOWN,
        "most_destinations": MOST_DESTINATIONS,
        "reasons": [reason.value for reason in Reason],
        "left_out": LEFT_OUT,
    }
    return environment


def _finalize(value: object) -> object:
    """Show hidden characters as escapes, in every place that a text is put into."""
    if isinstance(value, Markup):
        return Markup(visible(value))  # noqa: S704 - as safe as it was
    return visible(value) if isinstance(value, str) else value


def marked(text: str) -> Markup:
    """Return ``text`` escaped, with its bold, italic and code marks as elements."""
    text = visible(text)
    shown = Markup("")
    end = 0
    for match in _MARKS.finditer(text):
        tag = _TAGS[(match.lastindex or 1) - 1]
        inner = escape(match[match.lastindex or 1])
        shown += escape(text[end : match.start()]) + Markup(f"<{tag}>{inner}</{tag}>")  # noqa: S704 - escaped
        end = match.end()
    return shown + escape(text[end:])


def colour(value: int) -> str:
    """Return a colour 0xRRGGBB as CSS writes it."""
    return f"#{value & 0xFFFFFF:06x}"
