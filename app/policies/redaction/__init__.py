"""Redaction: how secrets are shown, or rather not.

``redact`` names an address. ``hide`` hides secrets that are known; ``veil`` also those that are
recognised by their form, in people's texts; ``scrub`` beyond that every URL that may be a
webhook's, in programs' texts. A secret is found in every encoding
it occurs: base64 (a mail server repeats the login), JSON's escapes, percent-encoding, HTML's, and
one within the other.
"""

import re
from collections.abc import Iterable, Iterator

from app.policies.redaction.forms import MARKS, Forms, said
from app.policies.redaction.known import Secrets
from app.policies.redaction.labels import MASK, redact
from app.policies.redaction.views import LONGEST_ESCAPE, views

__all__ = [
    "LONGEST_ESCAPE",
    "MASK",
    "NO_SECRETS",
    "Forms",
    "Secrets",
    "hide",
    "redact",
    "scrub",
    "veil",
]

# A mark after the address is the sentence's, as in ``https://example.com/in: refused``.
_URL = re.compile(rf"""https?://[^\s"'<>]*[^\s"'<>{MARKS}]""", re.IGNORECASE)
NO_SECRETS = Secrets()
"""Nothing is known; what is secret by a form that every service has is hidden all the same."""

_Piece = tuple[int, int, str]


def scrub(text: str, secrets: Secrets | Iterable[str] = NO_SECRETS, most: int | None = None) -> str:
    """Return a program's text, such as an exception, without secrets and tokens of URLs.

    Args:
        secrets: Secrets to hide, beyond those recognised by their form.
        most: Characters of the text that are wanted; what lies beyond costs nothing, and a secret
            that begins before and ends beyond is hidden whole.
    """
    known = secrets if isinstance(secrets, Secrets) else Secrets(secrets)
    wanted = text if most is None else text[: most + LONGEST_ESCAPE * known.longest]
    if "://" not in wanted and known.forms.is_harmless(wanted) and not known.occur_in(wanted):
        return wanted if most is None else wanted[:most]
    pieces: list[_Piece] = []
    for view in views(wanted):
        found = list(known.spans(view))
        pieces += (
            (*view.origin(*span), MASK) for span in (*known.forms.veiled(view), *said(view), *found)
        )
        for match in _URL.finditer(view.text):
            host_ends = view.text.find("/", match.start() + len("https://"), match.end())
            # A password with a slash makes a name of what is none.
            is_torn = any(start < host_ends and stop > match.start() for start, stop in found)
            label = MASK if is_torn else known.forms.redact(match[0])
            pieces.append((*view.origin(*match.span()), label))
    return "".join(_shown(text, pieces, len(text) if most is None else most))


def hide(text: str, secrets: Secrets) -> str:
    """Return a text without the secrets that are known."""
    if not secrets.occur_in(text):
        return text
    pieces = [(*view.origin(*span), MASK) for view in views(text) for span in secrets.spans(view)]
    return "".join(_shown(text, pieces, len(text)))


def veil(text: str, secrets: Secrets = NO_SECRETS, most: int | None = None) -> str:
    """Return people's text without the secrets in it; their links to elsewhere stay.

    Args:
        secrets: Secrets to hide, beyond those recognised by their form.
        most: As for ``scrub``.
    """
    wanted = text if most is None else text[: most + LONGEST_ESCAPE * secrets.longest]
    if secrets.forms.is_harmless(wanted) and not secrets.occur_in(wanted):
        return wanted if most is None else wanted[:most]
    pieces = [
        (*view.origin(*span), MASK)
        for view in views(wanted)
        for span in (*secrets.forms.veiled(view), *secrets.spans(view))
    ]
    return "".join(_shown(text, pieces, len(text) if most is None else most))


def _shown(text: str, pieces: list[_Piece], most: int) -> Iterator[str]:
    """Put something else for pieces of a text; of those that overlap, for the first and longest."""
    end = 0
    for start, stop, instead in sorted(pieces, key=lambda piece: (piece[0], -piece[1])):
        if start >= most:
            break
        if start >= end:
            yield text[end:start]
            yield instead
        end = max(end, stop)
    yield text[end:most]
