"""Name lookups: a share for each domain, whatever hangs."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from app.edges import lookups
from app.edges.lookups import MOST_OF_A_DOMAIN, Lookups
from tests.support.engine import until


class NameServers:
    """Answers at once, but for names that begin with "hang": those hang until the test ends."""

    def __init__(self) -> None:
        self.end = threading.Event()
        self.asked: list[str] = []

    def look_up(self, host: str) -> str:
        """Answer, or hang."""
        self.asked.append(host)
        if host.startswith("hang"):
            self.end.wait(30)
        if host.startswith("unknown"):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return f"address of {host}"


@pytest.fixture
def names() -> Iterator[NameServers]:
    """Name servers, some of which hang."""
    servers = NameServers()
    yield servers
    servers.end.set()


def ask(resolver: Lookups, names: NameServers, host: str) -> asyncio.Task[str]:
    """Begin to look up a name."""
    return asyncio.create_task(resolver.run(host, lambda: names.look_up(host)))


@contextlib.asynccontextmanager
async def asking(resolver: Lookups, names: NameServers, hosts: list[str]):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Have asked for hosts whose lookups hang; end them afterwards."""
    tasks = [ask(resolver, names, host) for host in hosts]
    await asyncio.sleep(0)
    try:
        yield tasks
    finally:
        names.end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await until(lambda: resolver.under_way == 0)


async def test_three_hundred_names_that_hang_keep_no_other_waiting(names: NameServers) -> None:
    """Whether they are of one domain or of three hundred."""
    resolver = Lookups()
    for hosts in (
        [f"hang{number}.one.example.net" for number in range(300)],
        [f"hang.domain-{number}.example" for number in range(300)],
    ):
        async with asking(resolver, names, hosts):
            async with asyncio.timeout(2):
                for number in range(20):
                    host = f"new-{number}.healthy-{number}.example"
                    assert await ask(resolver, names, host) == f"address of {host}"
        names.end.clear()


async def test_a_domain_has_its_share_of_threads_and_no_more(names: NameServers) -> None:
    """The others of the domain wait, in their order, and go when one has ended."""
    resolver = Lookups()
    hosts = [f"hang{number}.slow.example" for number in range(MOST_OF_A_DOMAIN)]
    async with asking(resolver, names, hosts):
        await until(lambda: len(names.asked) == MOST_OF_A_DOMAIN)
        behind = [ask(resolver, names, f"name-{number}.slow.example") for number in range(3)]
        other = ask(resolver, names, "name.other.example")
        await other
        assert resolver.under_way == MOST_OF_A_DOMAIN
        assert not any(task.done() for task in behind)
        names.end.set()
        await asyncio.gather(*behind)
        assert names.asked[-3:] == [f"name-{number}.slow.example" for number in range(3)]


async def test_a_lookup_that_was_given_up_counts_until_its_thread_ends(
    names: NameServers,
) -> None:
    """Its caller is gone, the thread is not."""
    resolver = Lookups()
    hosts = [f"hang{number}.slow.example" for number in range(MOST_OF_A_DOMAIN)]
    async with asking(resolver, names, hosts) as tasks:
        await until(lambda: len(names.asked) == MOST_OF_A_DOMAIN)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert resolver.under_way == MOST_OF_A_DOMAIN
        behind = ask(resolver, names, "name.slow.example")
        await asyncio.sleep(0)
        assert not behind.done()
        names.end.set()
        await behind


async def test_who_waits_for_too_long_is_told_and_leaves_the_line(
    names: NameServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is bounded, like everything that waits."""
    monkeypatch.setattr(lookups, "PATIENCE", 0.05)
    resolver = Lookups()
    hosts = [f"hang{number}.slow.example" for number in range(MOST_OF_A_DOMAIN)]
    async with asking(resolver, names, hosts):
        with pytest.raises(OSError, match="too many lookups"):
            await ask(resolver, names, "name.slow.example")
        given_up = ask(resolver, names, "name.slow.example")
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert not resolver._waiting
    assert await ask(resolver, names, "name.slow.example")


async def test_domains_that_have_resolved_before_keep_a_part_for_themselves(
    names: NameServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing is left for names that nobody has heard of."""
    monkeypatch.setattr(lookups, "MOST_UNKNOWN", 4)
    monkeypatch.setattr(lookups, "MOST", 5)
    resolver = Lookups()
    await ask(resolver, names, "name.known.example")
    hosts = [f"hang.domain-{number}.example" for number in range(6)]
    async with asking(resolver, names, hosts):
        await until(lambda: resolver.under_way == 4)
        async with asyncio.timeout(2):
            await ask(resolver, names, "another.known.example")
        new = ask(resolver, names, "name.new.example")
        await asyncio.sleep(0.01)
        assert not new.done()
        names.end.set()
        await new


async def test_what_the_resolver_raises_is_raised(names: NameServers) -> None:
    """And its place is free again."""
    resolver = Lookups()
    with pytest.raises(socket.gaierror, match="unknown"):
        await ask(resolver, names, "unknown.example")
    assert resolver.under_way == 0


async def test_a_machine_without_threads_is_no_reason_to_keep_a_place(
    names: NameServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lookup fails as one that can be tried again."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    resolver = Lookups()
    with pytest.raises(OSError, match="no thread left"):
        await ask(resolver, names, "name.example")
    assert resolver.under_way == 0
