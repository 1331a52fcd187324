"""Answers by the book, and what becomes of them on a bad day."""

from hypothesis import strategies as st

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

BY_THE_BOOK: dict[str, tuple[bytes, int, bytes]] = {
    "empty": (OK + b"Content-Length: 0\r\n\r\n", 200, b""),
    "body": (OK + b"Content-Length: 5\r\nX: y\r\n\r\nhello", 200, b"hello"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, b""),
    "chunked": (CHUNKED + b"2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nTrailer: z\r\n\r\n", 200, b"hello"),
    "after interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
        + OK
        + b"Content-Length: 2\r\n\r\nhi",
        200,
        b"hi",
    ),
    "old, kept alive": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
        200,
        b"hi",
    ),
}
"""Each with its status and its body; none of them ends its connection."""

_edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 4), st.binary(max_size=4) | st.just(b"\r\n")),
    max_size=4,
)


@st.composite
def damaged_answers(draw: st.DrawFn) -> list[bytes]:
    """Draw an answer with some bytes replaced, put in or taken out, in pieces."""
    data = draw(st.sampled_from([data for data, _, _ in BY_THE_BOOK.values()]))
    for where, removed, put_in in draw(_edits):
        at = int(where * len(data))
        data = data[:at] + put_in + data[at + removed :]
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=6)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
