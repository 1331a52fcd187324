"""The console channel: one block of text, or a try again."""

import asyncio
import threading

import msgspec

from app.edges.channels.console.channel import ConsoleChannel
from app.policies.texts.plain_text import SHORTENED
from app.values.delivery import Delivery, Destination, Target
from app.values.notification import (
    Attachment,
    Author,
    Embed,
    Field,
    Footer,
    Mail,
    Notification,
    Priority,
    Request,
)
from app.values.outcome import Delivered, Retry
from tests.support.channels import attempt

DELIVERY = Delivery(
    Notification(
        content="line one\nline\x1b[31m two",
        requests=(Request("console"),),
        title="Title",
        priority=Priority.URGENT,
        fields=(Field("name", "value"),),
        url="https://example.com/",
    ),
    Destination("console", "console", "console"),
    (Target("console", "console", "console"),),
    "id",
    b"",
)


async def test_writes_a_block_without_terminal_codes() -> None:
    """Title, priority, text and fields; nothing that could forge lines or colours."""
    written: list[str] = []
    ((outcome,),) = (await attempt(ConsoleChannel(written.append), [DELIVERY])).outcomes
    assert isinstance(outcome, Delivered)
    (block,) = written
    assert block.startswith("--- Title (urgent)\n  line one\n")
    assert "\x1b" not in block
    assert "name" in block
    assert "https://example.com/" in block


async def test_a_closed_console_is_tried_again() -> None:
    """What cannot be written now may be written later."""

    def fail(_: str) -> None:
        raise ValueError("I/O operation on closed file")

    ((outcome,),) = (await attempt(ConsoleChannel(fail), [DELIVERY])).outcomes
    assert isinstance(outcome, Retry)


async def test_a_notification_of_megabytes_is_shortened() -> None:
    """A terminal is not filled by one of them, and the loop not held up."""
    written: list[str] = []
    long = msgspec.structs.replace(
        DELIVERY.notification, content="x\n" * 4_000_000, title="t" * 9**6
    )
    answer = await attempt(
        ConsoleChannel(written.append), [msgspec.structs.replace(DELIVERY, notification=long)]
    )
    assert [note.field for note in answer.notes[0]] == ["content"]
    assert len(written[0]) < 250_000
    assert SHORTENED in written[0]


async def test_everything_that_says_something_is_written_but_files() -> None:
    """Author, footer and the producer's embeds as in a mail's text; attachments are noted."""
    written: list[str] = []
    full = msgspec.structs.replace(
        DELIVERY.notification,
        author=Author("Bot"),
        footer=Footer("foot"),
        embeds=(Embed(title="embedded", description="more"),),
        mail=Mail(attachments=(Attachment("r.csv", b"", "text/csv"),)),
    )
    answer = await attempt(
        ConsoleChannel(written.append), [msgspec.structs.replace(DELIVERY, notification=full)]
    )
    for text in ("Bot", "foot", "embedded", "more"):
        assert f"  {text}\n" in written[0]
    assert [note.field for note in answer.notes[0]] == ["kwargs.attachments"]


async def test_a_console_that_nobody_reads_holds_up_nobody_else() -> None:
    """A pipe whose reader has stopped blocks whoever writes to it."""
    read_again = threading.Event()
    threads: list[int] = []

    def write(_: str) -> None:
        threads.append(threading.get_ident())
        read_again.wait(5)

    channel = ConsoleChannel(write)
    sending = asyncio.create_task(attempt(channel, [DELIVERY]))
    async with asyncio.timeout(10):
        await asyncio.to_thread(lambda: None)  # others go on
    assert not sending.done()
    read_again.set()
    assert isinstance((await sending).outcomes[0][0], Delivered)
    assert threads != [threading.get_ident()]
    await channel.close()
