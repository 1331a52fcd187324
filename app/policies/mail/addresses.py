"""Mail addresses: lists of them as producers write them, and the one spelling of each."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import unquote

from app.policies.addresses.host_names import address_literal, ascii_host
from app.policies.texts.pieces import found_in
from app.policies.texts.plain_text import one_line, shorten
from app.values.delivery import Mailbox
from app.values.errors import UnroutableError

MAX_LENGTH = 254  # RFC 5321, section 4.5.3.1.3
MAX_LOCAL_PART_LENGTH = 64
MAX_NAME = 200

_SEPARATORS = ",;，；、\r\n"
_GAP = re.compile(rf"[{_SEPARATORS}\s]+")
_MARK = re.compile(rf'["<>(:{_SEPARATORS}\s]')
_NAME_MARK = re.compile(r'["<>(:]')
_SEPARATOR = re.compile(rf"[{_SEPARATORS}][{_SEPARATORS}\s]*+")  # nobody is named in between
_SPECIAL = re.compile(rf'\\.|["<>{_SEPARATORS}]', re.DOTALL)
_GROUP = re.compile(r"[^@\"<>:]*:(?://)?")
_BRACKETED = re.compile(r"[^<>]*+<[^<>]*+>|[^<>]++")
_COMMENT = re.compile(r"(?P<address>[^()]*)\((?P<name>[^()]*)\)\s*")
_PLAIN_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]{1,62}(?:\.[a-z0-9-]{1,62}){0,2}"
_PLAIN = re.compile(_PLAIN_ADDRESS)  # at most 254 characters
_ALL_PLAIN = re.compile(rf"(?:{_PLAIN_ADDRESS}\n)*+")
_AT_ONCE = 1000
_LOCAL_PART = re.compile(r"""[^\s@<>"(),:;\\\[\]]+""")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_APOSTROPHES = re.compile(r"'([^']*@[^']*)'")
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"


def split_mail_addresses(texts: Sequence[str]) -> tuple[str, ...]:
    """Split lists such as ``a@x; "Doe, Jane" <b@x>`` into their entries, each once, as written.

    At commas and semicolons, Chinese ones too, and at ends of lines; at spaces if there are only
    addresses between them. A group's name (``Team: a@x, b@x;``) goes.
    """
    if not any(
        found_in(_MARK, text, 1) for text in texts
    ):  # as it nearly always is, however many there are
        return tuple(dict.fromkeys(filter(None, texts)))
    return tuple(dict.fromkeys(part for text in texts for part in _split(text)))


def read_mailbox(entry: str) -> Mailbox:
    """Return the mailbox that one entry of a list names.

    Raises:
        UnroutableError: It is no mail address.
    """
    local, _, domain = entry.rpartition("@")
    address = f"{local}@{domain.lower()}"
    return Mailbox(address) if _PLAIN.fullmatch(address) else _read(entry)


def are_plain(entries: Sequence[str]) -> bool:
    """Say whether all of them are addresses in their one spelling; sooner than one by one."""
    return all(
        _few_are_plain(entries[start : start + _AT_ONCE])
        for start in range(0, len(entries), _AT_ONCE)
    )


def _few_are_plain(entries: Sequence[str]) -> bool:
    text = "\n".join(entries)
    return text.count("\n") < len(entries) and _ALL_PLAIN.fullmatch(text + "\n") is not None


def normalise_mail(address: str) -> str:
    """Return the one spelling of a mail address: its domain in lower-case ASCII, no name.

    The check is loose; whether the mailbox exists is left to the mail server.

    Raises:
        UnroutableError: It cannot be one.
    """
    return read_mailbox(address).address


def _split(text: str) -> Iterable[str]:
    if not found_in(_NAME_MARK, text, 1) and all(
        "@" in word for word in _split_at(_GAP, text.strip())
    ):
        return _split_at(_GAP, text.strip())
    plain = not any(mark in text for mark in '"<')
    entries = map(str.strip, _split_at(_SEPARATOR, text) if plain else _entries(text))
    return (part for entry in entries if entry for part in _parts(entry))


def _split_at(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """Split one by one: a megabyte of commas at once would hold up every other thread."""
    end = 0
    for gap in pattern.finditer(text):
        yield text[end : gap.start()]
        end = gap.end()
    yield text[end:]


def _entries(text: str) -> Iterator[str]:
    """Split outside quotes and brackets; if one is left open, split all the same."""
    start = 0
    quoted = bracketed = False
    for mark in _SPECIAL.finditer(text):
        char = mark[0]
        if char == '"' and not bracketed:
            quoted = not quoted
        elif char in "<>" and not quoted:
            bracketed = char == "<"
        elif char in _SEPARATORS and not (quoted or bracketed):
            yield text[start : mark.start()]
            start = mark.end()
    rest = text[start:]
    yield from _split_at(_SEPARATOR, rest) if quoted or bracketed else (rest,)


def _parts(entry: str) -> Iterator[str]:
    """Drop a group's name; split at spaces what are addresses and nothing else."""
    if ":" in entry and not _is_mailto(entry) and (group := _GROUP.match(entry)) is not None:
        entry = entry[group.end() :].strip()
    words = entry.split()
    if all("@" in word for word in words) and not _NAME_MARK.search(entry):
        yield from words
    elif entry.count(">") > 1 and '"' not in entry:
        yield from map(str.strip, _BRACKETED.findall(entry))
    elif entry:
        yield entry


def _read(entry: str) -> Mailbox:
    entry = entry.strip().strip(_INVISIBLE).strip().rstrip(",;")
    name = ""
    if _is_mailto(entry):
        local, _, domain = unquote(entry[len("mailto:") :].partition("?")[0]).rpartition("@")
        entry = f"{_quoted(local)}@{domain}"
    if entry.endswith(">") and "<" in entry:
        name, _, bracketed = entry[:-1].rpartition("<")
        if _is_mailto(bracketed):
            return Mailbox(_read(bracketed).address, _unquoted(name))
        entry = bracketed.strip()
    elif (comment := _COMMENT.fullmatch(entry)) is not None:
        entry, name = comment["address"].strip(), comment["name"]
    elif (whole := _QUOTED.fullmatch(entry) or _APOSTROPHES.fullmatch(entry)) is not None:
        entry = whole[1]
    local, _, domain = entry.replace("＠", "@").rpartition("@")
    address = f"{_local_part(local)}@{_domain(domain)}"
    if len(address.encode()) > MAX_LENGTH:
        raise UnroutableError("not a mail address: it is too long")
    return Mailbox(address, _unquoted(name))


def _is_mailto(entry: str) -> bool:
    return entry[:7].lower() == "mailto:"


def _unquoted(name: str) -> str:
    """Return a display name as it reads."""
    name = name.strip()
    quoted = _QUOTED.fullmatch(name)
    return shorten(one_line(re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else name), MAX_NAME)


def _local_part(text: str) -> str:
    """Return the part before the ``@``, in quotes only if it needs them."""
    text = normalize("NFC", text)
    quoted = _QUOTED.fullmatch(text)
    bare = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text
    if not bare or not bare.isprintable() or not _is_encodable(bare):
        raise UnroutableError("not a mail address")
    if not _LOCAL_PART.fullmatch(bare):
        if quoted is None:
            raise UnroutableError("not a mail address")
        bare = _quoted(bare)
    if len(bare.encode()) > MAX_LOCAL_PART_LENGTH:
        raise UnroutableError("not a mail address: what stands before the @ is too long")
    return bare


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


@lru_cache(maxsize=1024)
def _domain(text: str) -> str:
    """Return a domain in lower-case ASCII, or an address in brackets."""
    try:
        if text.startswith("[") and text.endswith("]"):
            return address_literal(re.sub("^ipv6:", "", text[1:-1], flags=re.IGNORECASE))
        return ascii_host(text).removesuffix(".")
    except ValueError:
        raise UnroutableError("not a mail address: its domain is malformed") from None


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
