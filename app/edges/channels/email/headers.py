"""Mail headers (RFC 5322): text, names and addresses, on lines that every server takes.

Text is never read: what looks like an encoded word is shown as it is written, because it is encoded
itself (RFC 2047).
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from app.values.delivery import Mailbox

LINE = 78  # RFC 5322, section 2.1.1, without the line's end
WORD = 75  # RFC 2047, section 2
MOST_ON_A_LINE = 900
"""Characters; RFC 5322 allows 998 on a line that cannot be folded."""

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_Q_UNSAFE = re.compile(rb"[^A-Za-z0-9!*+/ -]")


def text_header(name: str, text: str) -> str:
    """Return a header that holds text.

    Args:
        text: One line, without control characters.
    """
    first = LINE - len(name) - 2
    return _folded(name, _encoded(text, first) if _needs_encoding(text) else text.split(" "))


def address_header(name: str, mailboxes: Iterable[Mailbox]) -> str:
    """Return a header that holds mailboxes, at least one.

    Addresses beyond ASCII stay as they are: only SMTPUTF8 carries them.
    """
    tokens: list[str] = []
    for mailbox in mailboxes:
        if tokens:
            tokens[-1] += ","
        tokens += _mailbox(mailbox)
    return _folded(name, tokens)


def parameter(name: str, value: str) -> str:
    """Return a parameter of a ``Content-…`` header.

    What is not plain is written as RFC 2231 has it: some readers decode encoded words even in
    quotes.
    """
    if _is_plain(value):
        return f'{name}="{_escaped(value)}"'
    return f"{name}*=utf-8''{quote(value, safe='')}"


def _mailbox(mailbox: Mailbox) -> list[str]:
    name, address = mailbox.name, mailbox.address
    if not name:
        return [address]
    if _needs_encoding(name):
        words = list(_encoded(name, WORD))
    elif _ATOMS.fullmatch(name):
        words = name.split(" ")
    else:
        words = f'"{_escaped(name)}"'.split(" ")  # a fold is a space, inside quotes too
    return [*words, f"<{address}>"]


def _folded(name: str, tokens: Iterable[str]) -> str:
    lines = [f"{name}:"]
    for number, token in enumerate(tokens):
        if number and len(lines[-1]) + 1 + len(token) > LINE:
            lines.append("")
        lines[-1] += f" {token}"
    return "\r\n".join(lines) + "\r\n"


def _encoded(text: str, first: int) -> Iterator[str]:
    """Write a text as encoded words; no character is divided between two.

    Args:
        text: Anything that UTF-8 can hold.
        first: Characters that the first word may take; the others take ``WORD``.
    """
    data = text.encode()
    by_hand = _length(data, by_hand=True) <= _length(data, by_hand=False)
    opening = f"=?utf-8?{'q' if by_hand else 'b'}?"
    room = min(first, WORD) - len(opening) - 2
    word = b""
    for char in text:
        longer = word + char.encode()
        if _length(longer, by_hand) > room and word:
            yield f"{opening}{_write(word, by_hand)}?="
            longer, room = char.encode(), WORD - len(opening) - 2
        word = longer
    yield f"{opening}{_write(word, by_hand)}?="


def _length(data: bytes, by_hand: bool) -> int:
    if by_hand:
        return len(data) + 2 * len(_Q_UNSAFE.findall(data))
    return -(-len(data) // 3) * 4


def _write(data: bytes, by_hand: bool) -> str:
    if not by_hand:
        return b64encode(data).decode()
    return _Q_UNSAFE.sub(lambda byte: b"=%02X" % byte[0][0], data).replace(b" ", b"_").decode()


def _needs_encoding(text: str) -> bool:
    long = any(len(word) > MOST_ON_A_LINE for word in text.split(" "))
    return long or not _is_plain(text)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "=?" not in text


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)
