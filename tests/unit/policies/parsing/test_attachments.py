import base64
from typing import Any

import pytest

from app.policies.parsing.attachments import MOST_ATTACHMENTS, AttachmentWire, make_attachments
from app.policies.texts.notes import Notes
from app.values.notification import Attachment
from tests.support.messages import envelope, read

PICTURE = b"\x89PNG\r\n\x00\xff"


def attached(**members: Any) -> tuple[Attachment | None, list[str]]:
    """Return what became of one attachment, and the fields that were noted."""
    notes = Notes()
    made = make_attachments([AttachmentWire(**members)], notes)
    return (made[0] if made else None), [note.field.rpartition(".")[2] for note in notes.all()]


def test_files_are_read_from_kwargs() -> None:
    """As text, or as base64 for what is none."""
    encoded = base64.encodebytes(PICTURE).decode()
    notification = read(
        envelope(
            channels=["email"],
            kwargs={
                "attachments": [
                    {"filename": "r.csv", "content": "a,交易", "mimetype": "text/csv"},
                    {"filename": "p.png", "content": encoded, "encoding": "Base64"},
                ]
            },
        )
    )
    assert notification.mail.attachments == (
        Attachment("r.csv", "a,交易".encode(), "text/csv"),
        Attachment("p.png", PICTURE, "application/octet-stream"),
    )
    assert notification.notes == ()


@pytest.mark.parametrize(
    ("members", "made", "noted"),
    [
        ({"content": "x"}, Attachment("attachment", b"x", "application/octet-stream"), []),
        ({"content": ""}, Attachment("attachment", b"", "application/octet-stream"), []),
        (
            {"content": "x", "mimetype": "Text/CSV; charset=gbk", "encoding": "UTF-8"},
            Attachment("attachment", b"x", "text/csv"),
            [],
        ),
        (
            {"content": "x", "mimetype": "spreadsheet"},
            Attachment("attachment", b"x", "application/octet-stream"),
            ["mimetype"],
        ),
        (
            {"content": "x", "mimetype": "multipart/mixed"},
            Attachment("attachment", b"x", "application/octet-stream"),
            ["mimetype"],
        ),
        (
            {"content": "x", "encoding": "rot13"},
            Attachment("attachment", b"x", "application/octet-stream"),
            ["encoding"],
        ),
        ({"content": "not base64!", "encoding": "base64"}, None, ["attachments[0]"]),
        ({"content": "5", "encoding": "base64"}, None, ["attachments[0]"]),
        ({"content": None}, None, ["attachments[0]"]),
        ({"content": ["x"]}, None, ["attachments[0]"]),
    ],
)
def test_what_cannot_be_used_is_noted(
    members: dict[str, Any], made: Attachment | None, noted: list[str]
) -> None:
    """A file without content that can be read is left out; all else is not worth a file."""
    assert attached(**members) == (made, noted)


@pytest.mark.parametrize("content", [b"a,b\n1,2", PICTURE, b"it's", b""])
def test_bytes_as_the_original_writes_them_are_those_bytes(content: bytes) -> None:
    """Its producer turns what JSON cannot hold into the text that Python prints."""
    made, noted = attached(content=str(content))
    assert made is not None
    assert made.content == content
    assert noted == ["content"]


@pytest.mark.parametrize("text", ["b'", "b'a' + b'c'", "b'\\xzz'", "bytes", "b'a'\n"])
def test_a_text_that_only_looks_like_bytes_stays_one(text: str) -> None:
    """Nothing is computed."""
    made, noted = attached(content=text)
    assert made is not None
    assert made.content == text.encode()
    assert noted == []


def test_their_number_is_bounded() -> None:
    """The note says how many there were."""
    notes = Notes()
    made = make_attachments([AttachmentWire(content="x")] * (MOST_ATTACHMENTS + 1), notes)
    assert len(made) == MOST_ATTACHMENTS
    assert "101 attachments" in notes.all()[0].problem
