"""The addresses of hosts, remembered."""

import asyncio
import socket

import pytest

from app.edges.guard import AddrInfo
from app.edges.http.addresses import AddressBook
from tests.support.http_client import Names, address


async def hosts(book: AddressBook, name: str = "name.example") -> list[str]:
    """Return the addresses of a name in the order in which to try them."""
    return [each[4][0] for each in await book.find(name, 443)]


async def test_a_name_is_looked_up_once() -> None:
    """What is known is not asked for again, for each name and port of its own."""
    names = Names("1.1.1.1", "1.0.0.1")
    book = AddressBook(names)
    for _ in range(3):
        assert await hosts(book) == ["1.1.1.1", "1.0.0.1"]
    assert names.asked == 1
    await hosts(book, "other.example")
    await book.find("name.example", 80)
    assert names.asked == 3


async def test_what_is_known_grows_old() -> None:
    """After a while a name is looked up again."""
    names = Names("1.1.1.1")
    book = AddressBook(names, known_seconds=0)
    await hosts(book)
    names.hosts = ("1.0.0.1",)
    assert await hosts(book) == ["1.0.0.1"]


@pytest.mark.parametrize(
    ("host", "family"), [("1.1.1.1", socket.AF_INET), ("2606:4700::1111", socket.AF_INET6)]
)
async def test_an_address_is_not_looked_up(host: str, family: int) -> None:
    """A literal waits for no name server."""
    names = Names()
    ((found, _, _, _, sockaddr),) = await AddressBook(names).find(host, 80)
    assert (found, sockaddr) == (family, (host, 80))
    assert names.asked == 0


async def test_an_address_that_led_nowhere_is_tried_last() -> None:
    """The others come first, as long as the name is not looked up again."""
    book = AddressBook(Names("1.1.1.1", "1.0.0.1", "1.1.1.2"))
    await hosts(book)
    book.try_last("name.example", 443, address("1.1.1.1", 443))
    book.try_last("name.example", 443, address("9.9.9.9", 443))
    book.try_last("other.example", 443, address("1.1.1.1", 443))
    assert await hosts(book) == ["1.0.0.1", "1.1.1.2", "1.1.1.1"]


async def test_families_take_turns() -> None:
    """Where one family leads nowhere, the other one comes soon."""

    class Both:
        async def resolve(self, _host: str, port: int) -> list[AddrInfo]:
            six = [(socket.AF_INET6, 1, 6, "", (f"2606::{n}", port)) for n in range(3)]
            return [*six, address("1.1.1.1", port), address("1.0.0.1", port)]

    assert await hosts(AddressBook(Both())) == [
        "2606::0",
        "1.1.1.1",
        "2606::1",
        "1.0.0.1",
        "2606::2",
    ]


class Slow(Names):
    """Answers when told."""

    def __init__(self) -> None:
        super().__init__("1.1.1.1")
        self.ready = asyncio.Event()

    async def resolve(self, host: str, port: int) -> list[AddrInfo]:
        """Wait, and return the address."""
        found = await super().resolve(host, port)
        await self.ready.wait()
        return found


async def test_who_asks_at_the_same_time_shares_the_answer() -> None:
    """One question is asked for all, and goes on although the first to ask gives up."""
    names = Slow()
    book = AddressBook(names)
    first, *others = [asyncio.create_task(hosts(book)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    names.ready.set()
    assert await asyncio.gather(*others) == [["1.1.1.1"]] * 2
    assert names.asked == 1


async def test_closing_stops_asking() -> None:
    """Whoever waits is told."""
    book = AddressBook(Slow())
    asking = asyncio.create_task(hosts(book))
    await asyncio.sleep(0)
    await book.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_failure_is_not_remembered() -> None:
    """A name that does not resolve may do so the next time."""

    class Failing(Names):
        async def resolve(self, host: str, port: int) -> list[AddrInfo]:
            found = await super().resolve(host, port)
            if self.asked == 1:
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")
            return found

    book = AddressBook(Failing("1.1.1.1"))
    with pytest.raises(socket.gaierror):
        await hosts(book)
    assert await hosts(book) == ["1.1.1.1"]


async def test_memory_is_bounded() -> None:
    """The name looked up longest ago makes room."""
    names = Names("1.1.1.1")
    book = AddressBook(names)
    for number in range(1025):
        await hosts(book, f"{number}.example")
    await hosts(book, "1.example")
    assert names.asked == 1025
    await hosts(book, "0.example")
    assert names.asked == 1026
