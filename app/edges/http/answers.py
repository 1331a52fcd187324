"""Reads answers: turns any bytes from a destination into answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from app.edges.http.port import MAX_ANSWER_BYTES, HttpAnswer, HttpProtocolError

MAX_HEAD_BYTES = 32 * 1024
"""Of all heads of one answer together, those of interim answers (1xx) included."""
MAX_HEADERS = 256
_LONGEST_KNOWN = 2048
"""Bytes; a longer answer is parsed each time."""
_START = b"HTTP/"
_FRAMING = (b"content-length", b"transfer-encoding")
T = TypeVar("T")

_MAX_BYTES = MAX_HEAD_BYTES + 4 * MAX_ANSWER_BYTES  # sizes of chunks, extensions and trailers too


class AnswerHeaders(Mapping[str, str]):
    """The headers of an answer, decoded only when they are read: most never are.

    Args:
        raw: Names and values as they came.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    def __getitem__(self, name: str) -> str:
        """Return a header's value; those of several headers of one name are joined by commas."""
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def get(self, name: str, default: T | None = None) -> str | T | None:  # type: ignore[override]
        """Return the same, or ``default``."""
        wanted = name.lower().encode()
        values = [_text(value) for each, value in self._raw if each.lower() == wanted]
        return ", ".join(values) if values else default

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(each.decode().lower() for each, _ in self._raw))

    def __len__(self) -> int:
        return len({each.lower() for each, _ in self._raw})

    def __repr__(self) -> str:
        return f"AnswerHeaders({dict(self)})"


class AnswerReader:
    """Reads the answers that come over one connection, one after the other.

    A strict parser reads answers that keep to the standard. A head that does not, but that other
    clients accept (lines that end with LF alone, folded headers, control characters), is read again
    by a lenient one: the status is what counts. After that, or anything else out of the ordinary,
    it is not certain where the next answer begins, so that ``reusable`` stays false.

    Some destinations send more than an answer's framing allows (a body after a 204, say), and that
    may come only after the next request was sent. Such bytes are no part of the next answer: they
    are skipped, and the connection is not used again.

    Attributes:
        known: The last answer's bytes, if it was reusable and they came in one piece; else empty.
        known_answer: What they were read as. The same bytes, if nothing has come before them, would
            be read to the same end.
        status: The status code; 0 as long as it has not come.
        reusable: Whether the answer was complete and kept to the standard, nothing followed it, and
            the destination keeps the connection open.
    """

    def __init__(self) -> None:
        self._strict = True
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)  # padding
        self._problem = ""
        self.known = b""
        self.known_answer = HttpAnswer(0)
        self._follows = False
        self.begin()
        self._follows = True

    def begin(self) -> None:
        """Prepare for the next answer."""
        self._skipping = self._follows
        self._surplus = 0
        self._tail = b""
        self.status = 0
        self.reusable = False
        self._received = 0
        self._head = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._kept = 0
        self._whole = False
        self._ended = False

    @property
    def started(self) -> bool:
        """Whether any byte of the answer has come."""
        return self._received > 0

    @property
    def begun(self) -> bool:
        """Whether anything has come since the last answer, the rest of that one included."""
        return self._received > 0 or self._surplus > 0

    def remember(self, data: bytes, answer: HttpAnswer) -> None:
        """Remember a reusable answer if it came in one piece."""
        if len(data) == self._received <= _LONGEST_KNOWN:
            self.known, self.known_answer = data, answer

    def feed(self, data: bytes) -> bool:
        """Parse what came, and say whether the answer is complete.

        Raises:
            HttpProtocolError: It is no HTTP, or too long, and there is no status yet.
        """
        if self._skipping:
            data = self._without_surplus(data)
        self._received += len(data)
        if self._received > MAX_HEAD_BYTES:
            return self._feed_much(data)
        if not self.status:
            self._head += data
        self._parse(data)
        return self._ended

    def answer(self) -> HttpAnswer:
        """Return the answer as far as it has come; its status must have come."""
        body = b"".join(self._body) if self._body else b""
        return HttpAnswer(self.status, AnswerHeaders(self._headers), body[:MAX_ANSWER_BYTES])

    def _without_surplus(self, data: bytes) -> bytes:
        """Return what came from the start of this answer on; before it is the last one's rest."""
        if not self._surplus and _START.startswith(data[: len(_START)]):
            self._skipping = False
            return data
        self._surplus += len(data)
        if self._surplus > MAX_HEAD_BYTES:
            raise HttpProtocolError("what came is not the answer to this request")
        data = self._tail + data
        at = data.find(_START)
        if at < 0:
            self._tail = data[1 - len(_START) :]
            return b""
        self._skipping = False
        return data[at:]

    def _feed_much(self, data: bytes) -> bool:
        """Take what came after it has become too much for a head."""
        if not self.status:
            room = MAX_HEAD_BYTES - len(self._head)
            head, data = data[:room], data[room:]
            self._head += head
            self._parse(head)
            if not self.status:
                raise HttpProtocolError("the head of the answer is too long")
        self._parse(data)
        return self._ended or self._received > _MAX_BYTES

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.reusable = False
            if self.status:
                self._ended = True
            elif self._strict:
                self._read_again()
            else:
                problem = self._problem or error
                raise HttpProtocolError(f"the answer is not HTTP ({problem})") from None

    def _read_again(self) -> None:
        self._strict = False
        self._headers = []
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_keep_alive=True,  # an interim answer with "Connection: close"
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._parse(self._head)

    def on_message_begin(self) -> None:
        """Notice that something follows the answer (called by the parser)."""
        if self._whole:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers are left out (called by the parser)."""
        if not self.status:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Take the status; interim answers are skipped (called by the parser)."""
        if self.status:
            return
        status = self._parser.get_status_code()
        if status < 100:
            self._refuse("invalid status")
        if len(self._headers) > MAX_HEADERS:
            self._refuse("too many headers")
        if status >= 200 or status == 101:
            self.status = status
        else:
            self._headers = []

    def on_body(self, data: bytes) -> None:
        """Keep a part of the body (called by the parser)."""
        if not self.status:
            self._refuse("an interim answer with a body")
        if self._ended:  # this is of another answer, or too much
            return
        self._body.append(data)
        self._kept += len(data)
        if self._kept >= MAX_ANSWER_BYTES:
            self._ended = True

    def on_message_complete(self) -> None:
        """Notice the end of the answer (called by the parser)."""
        if self.status and not self._whole:
            self._whole = self._ended = True
            keeps_open = self.status != 101 and self._parser.should_keep_alive()
            by_the_book = self._strict and not self._surplus and not self._promises_too_much()
            self.reusable = by_the_book and keeps_open

    def _promises_too_much(self) -> bool:
        """Say whether a body was announced for an answer that has none: it may still come."""
        if self.status != 204:  # RFC 9110, section 8.6
            return False
        return any(
            name.lower() in _FRAMING and value.strip() != b"0" for name, value in self._headers
        )

    def _refuse(self, problem: str) -> None:
        """Stop the parser by an error of this module's."""
        self._problem = problem
        raise HttpParserError(problem)


def _text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\0", " ").strip()
