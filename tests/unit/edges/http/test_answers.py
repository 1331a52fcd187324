"""Reading answers, byte by byte."""

from contextlib import suppress

import pytest
from hypothesis import given

from app.edges.http.answers import (
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    AnswerHeaders,
    AnswerReader,
)
from app.edges.http.port import MAX_ANSWER_BYTES, HttpProtocolError
from tests.support.http_answers import BY_THE_BOOK, CHUNKED, OK, damaged_answers


def read(*parts: bytes) -> AnswerReader:
    """Return a reader that was fed these parts, or the first ones when it needed no more."""
    reader = AnswerReader()
    for part in parts:
        if reader.feed(part):
            break
    return reader


@pytest.mark.parametrize(("data", "status", "body"), BY_THE_BOOK.values(), ids=BY_THE_BOOK)
def test_wherever_it_is_cut_in_two(data: bytes, status: int, body: bytes) -> None:
    """The answer is complete at its last byte and not before, and leaves the connection usable."""
    for cut in range(1, len(data)):
        reader = AnswerReader()
        assert not reader.feed(data[:cut])
        assert reader.feed(data[cut:])
        assert reader.reusable
        answer = reader.answer()
        assert (answer.status, answer.body) == (status, body)


def test_one_after_the_other() -> None:
    """A reader reads every answer of its connection, and mixes none of them up."""
    reader = AnswerReader()
    for data, status, body in BY_THE_BOOK.values():
        assert all(
            reader.feed(data[at : at + 1]) is (at == len(data) - 1) for at in range(len(data))
        )
        answer = reader.answer()
        assert (answer.status, answer.body) == (status, body)
        assert reader.reusable
        reader.begin()
        assert (reader.status, reader.started, reader.reusable) == (0, False, False)


@pytest.mark.parametrize(
    "data",
    [
        OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nok",
        OK + b"Content-Length: 2\r\nConnection: keep-alive, Close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        OK + b"Content-Length: 2\r\n\r\nokX",
        OK + b"Content-Length: 2\r\n\r\nok\r\nX",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        CHUNKED + b"2\r\nok\r\nX\r\n",
        CHUNKED + b"2\r\nok\r\n0\r\n\r\nX",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x00",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
        OK + b"X: \x01\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
    ],
)
def test_after_doubt_the_connection_is_not_used_again(data: bytes) -> None:
    """Whatever is odd, said to be the last, or followed by anything, is an answer and the end."""
    reader = AnswerReader()
    assert reader.feed(data)
    assert reader.answer().status in (101, 200, 204)
    assert not reader.reusable


@pytest.mark.parametrize(
    "data", [OK + b"\r\nuntil the end", OK + b"Transfer-Encoding: gzip\r\n\r\nuntil the end"]
)
def test_a_body_that_ends_with_the_connection(data: bytes) -> None:
    """Without a length there is always more to come; what has come can be had."""
    reader = AnswerReader()
    assert not reader.feed(data)
    assert reader.answer().body == b"until the end"
    assert not reader.reusable


def test_a_broken_body_ends_the_answer() -> None:
    """What of the body could be read stays."""
    reader = AnswerReader()
    assert not reader.feed(CHUNKED + b"2\r\nok\r\n")
    assert reader.feed(b"nonsense")
    assert reader.answer().body == b"ok"
    assert not reader.reusable


def test_no_more_of_a_body_than_is_kept() -> None:
    """A large body is cut; if it came whole all the same, the connection can go on."""
    head = OK + b"Content-Length: 70000\r\n\r\n"
    reader = AnswerReader()
    assert reader.feed(head + b"x" * 69_999)
    assert len(reader.answer().body) == MAX_ANSWER_BYTES
    assert not reader.reusable
    reader = AnswerReader()
    assert reader.feed(head + b"x" * 70_000)
    assert len(reader.answer().body) == MAX_ANSWER_BYTES
    assert reader.reusable


@pytest.mark.parametrize(
    "endless",
    [
        CHUNKED + b"1;" + b"x" * MAX_HEAD_BYTES,
        CHUNKED + b"0\r\nTrailer: " + b"x" * MAX_HEAD_BYTES,
        CHUNKED + b"0\r\n" + b"a: b\r\n" * 5000,
        CHUNKED + b"1\r\nx\r\n" * 5000,
    ],
)
def test_what_surrounds_a_body_is_bounded(endless: bytes) -> None:
    """Chunk extensions and trailers without end are not read for ever."""
    reader = AnswerReader()
    ended = [reader.feed(endless)]
    while not ended[-1] and len(ended) < 100:
        ended.append(reader.feed(endless[len(CHUNKED) + 3 :]))
    assert ended[-1]
    assert not reader.reusable


def head_of(size: int, start: bytes = OK) -> bytes:
    """Return an answer whose head has so many bytes."""
    rest = b"Content-Length: 0\r\n\r\n"
    return start + b"X: " + b"y" * (size - len(start) - len(rest) - 5) + b"\r\n" + rest


@pytest.mark.parametrize("step", [1, 1000, 10_000_000])
def test_the_head_is_bounded(step: int) -> None:
    """As much as is allowed is read and not a byte more, in whatever pieces it comes."""
    longest = head_of(MAX_HEAD_BYTES)
    assert len(longest) == MAX_HEAD_BYTES
    assert read(*(longest[at : at + step] for at in range(0, len(longest), step))).reusable
    too_long = head_of(MAX_HEAD_BYTES + 1)
    with pytest.raises(HttpProtocolError, match="too long"):
        read(*(too_long[at : at + step] for at in range(0, len(too_long), step)))


def test_a_long_head_with_a_long_body() -> None:
    """The bound is that of the head alone."""
    body = b"x" * MAX_HEAD_BYTES
    head = OK + b"X: " + b"y" * 30_000 + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    for cut in (1, 20_000, len(head) - 1, len(head), len(head) + 1):
        reader = read((head + body)[:cut], (head + body)[cut:])
        assert reader.answer().body == body
        assert reader.reusable


def test_interim_answers_are_bounded() -> None:
    """They are skipped as long as they fit into a head together."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert read(interim * 1000, OK + b"Content-Length: 0\r\n\r\n").reusable
    with pytest.raises(HttpProtocolError, match="too long"):
        read(*[interim] * 2000)


def test_the_number_of_headers_is_bounded() -> None:
    """Many short headers are refused although they are few bytes."""
    end = b"Content-Length: 0\r\n\r\n"
    assert read(OK + b"a:\r\n" * (MAX_HEADERS - 1) + end).reusable
    with pytest.raises(HttpProtocolError, match="too many headers"):
        read(OK + b"a:\r\n" * MAX_HEADERS + end)


def test_headers_are_a_mapping() -> None:
    """Names are not case-sensitive, values are text, several of one name are one list."""
    reader = read(
        OK
        + b"Retry-After:  7 \t\r\nX-A: 1\r\nx-a: 2\r\nX-Utf: gr\xc3\xbc\xc3\x9f\r\nX-Old: gr\xfc\xdf\r\n"
        + b"Content-Length: 0\r\n\r\n"
    )
    headers = reader.answer().headers
    assert headers["retry-after"] == headers["RETRY-AFTER"] == "7"
    assert headers["X-A"] == "1, 2"
    assert headers["x-utf"] == headers["x-old"] == "grüß"
    assert headers.get("nothing") is None
    assert "x-a" in headers
    assert list(headers) == ["retry-after", "x-a", "x-utf", "x-old", "content-length"]
    assert len(headers) == 5
    assert repr(headers) == f"AnswerHeaders({dict(headers)})"


def test_what_a_header_must_not_hold() -> None:
    """NUL is read as a space, and a folded value is one line."""
    headers = AnswerHeaders([(b"A", b"x\0y")])
    assert headers["a"] == "x y"
    assert read(OK + b"X: a\r\n\tb\r\n\r\n").answer().headers["x"] == "a\tb"


def test_other_answers_and_trailers_are_left_out() -> None:
    """Only the headers and the body of the answer itself count."""
    reader = read(
        b"HTTP/1.1 103 Early\r\nRetry-After: 1\r\n\r\n"
        + CHUNKED
        + b"2\r\nok\r\n0\r\nRetry-After: 2\r\n\r\n"
        + OK
        + b"Retry-After: 3\r\nContent-Length: 5\r\n\r\nother"
    )
    answer = reader.answer()
    assert dict(answer.headers) == {"transfer-encoding": "chunked"}
    assert answer.body == b"ok"


def outcome(*parts: bytes) -> int | str:
    """Return the status that comes of these parts, or why there is none."""
    try:
        return read(*parts).status
    except HttpProtocolError as error:
        return str(error)


@given(damaged_answers())
def test_whatever_comes_in_whatever_pieces(pieces: list[bytes]) -> None:
    """A damaged answer has a status or is refused, and where it is cut does not matter."""
    assert outcome(*pieces) == outcome(b"".join(pieces))
    reader = AnswerReader()
    with suppress(HttpProtocolError):
        for piece in pieces:
            reader.feed(piece)
    if reader.status:
        assert reader.answer().status == reader.status
