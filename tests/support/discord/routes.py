"""What of Discord's API there is: the one route, its query and its content type."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from app.inbox.discord.fields import check_snowflake
from app.inbox.discord.form import Form
from tests.support.http_server import Received

DEFAULT_VERSION = 6
"""Of URLs without one (discord/discord-api-docs, developers/reference.mdx, "API Versions")."""

VERSIONS = range(6, 11)

_ROUTE = re.compile(r"/api(?:/v(?P<version>[0-9]+))?/webhooks/(?P<id>[^/]+)/(?P<token>[^/]+)")
_BOOLEANS = {"True": True, "true": True, "1": True, "False": False, "false": False, "0": False}
_JSON = re.compile(r'application/json *(?:; *charset *= *"?utf-?8"?)? *', re.IGNORECASE)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_EXPECTED = 'Expected "Content-Type" header to be one of {}.'


@dataclass(frozen=True)
class Call:
    """A call to a webhook, as far as the URL tells."""

    version: int  # of the API
    webhook_id: str  # as written
    token: str  # as written
    query: str  # raw


@dataclass(frozen=True)
class Query:
    """The query of an execute-webhook call."""

    wait: bool = False  # answer with the message
    thread_id: str | None = None  # where to post it, or None for the channel itself


def read_call(path: str) -> Call | None:
    """Read a request's target; None where it is another route."""
    parts = urlsplit(path)
    match = _ROUTE.fullmatch(parts.path)
    if not match:
        return None
    version = int(match["version"] or DEFAULT_VERSION)
    return Call(version, match["id"], match["token"], parts.query)


def read_query(form: Form, raw: str) -> Query:
    """Read ``wait``, ``thread_id`` and ``with_components``; the last has no effect without such."""
    values = {name: items[-1] for name, items in parse_qs(raw, keep_blank_values=True).items()}
    for name in ("wait", "with_components"):
        if values.get(name, "0") not in _BOOLEANS:
            form.refuse((name,), "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
    thread_id = values.get("thread_id")
    if thread_id is not None:
        check_snowflake(form, ("thread_id",), thread_id)
    return Query(_BOOLEANS.get(values.get("wait", "0"), False), thread_id)


def check_content_type(form: Form, request: Received) -> None:
    """Take JSON; Discord takes forms too, but this stand-in cannot read them.

    The words by CrazyHackGUT/Discord#14; without the header also by jotta/jotta-cli-issues#43. No
    report was found that shows the code; it is a likely one.
    """
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() in _FORMS:
        form.refuse((), "NOT_MODELLED", "No stand-in for forms.")
    elif not _JSON.fullmatch(given):
        allowed = "{'application/json', 'multipart/form-data', 'application/x-www-form-urlencoded'}"
        form.refuse((), "CONTENT_TYPE_INVALID", _EXPECTED.format(allowed))
