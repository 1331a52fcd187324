"""Who is measured: the service, and its peers as their users would write and run them."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.benchmarks.preparing import Workshop
from tests.support.service import ROOT, clean_environment, free_port

SOURCES = Path(__file__).parent / "peers"


@dataclass(frozen=True)
class Job:
    """What a competitor is to do.

    Attributes:
        bootstrap: The broker; empty for the service's own embedded one.
        topic: What to consume, from its start.
        group: The consumer group, a new one.
        in_flight: Deliveries under way at once, at most.
    """

    bootstrap: str
    topic: str
    group: str
    in_flight: int


@dataclass(frozen=True)
class Command:
    """How a process is started, and in which folder."""

    arguments: Sequence[str | Path]
    environment: Mapping[str, str]
    folder: Path


class Competitor(Protocol):
    """Something that delivers the notifications of a topic."""

    @property
    def name(self) -> str:
        """One word, for file names and consumer groups."""
        ...

    @property
    def title(self) -> str:
        """For the tables."""
        ...

    @property
    def one_at_a_time(self) -> bool:
        """Whether it never has more than one delivery under way."""
        ...

    @property
    def just_in_time(self) -> bool:
        """Whether it is compiled while it runs, and so takes longer to warm up."""
        ...

    def command(self, job: Job, home: Path) -> Command:
        """How to start it in an empty folder."""
        ...


@dataclass(frozen=True)
class Service:
    """The service itself, with its defaults but for what a job says.

    Attributes:
        port: Where its API is served.
        settings: Further settings, as environment variables.
        meter: The socket at which the event loop's longest step is told (``tests.bounds``); None
            if it is not measured.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    meter: Path | None = None
    port: int = field(default_factory=free_port)
    name: str = "service"
    title: str = "this service"
    one_at_a_time: bool = False
    just_in_time: bool = False

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self.port}"

    def command(self, job: Job, home: Path) -> Command:
        """``uvicorn app.main:app`` in an environment of its own."""
        settings = {
            "NOTIFIER_WORKER__MAX_IN_FLIGHT": str(job.in_flight),
            "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
            "NOTIFIER_WORKER__DRAIN_TIMEOUT": "5",
            "NOTIFIER_KAFKA__TOPICS": job.topic,
        }
        if job.bootstrap:
            settings |= {
                "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": job.bootstrap,
                "NOTIFIER_KAFKA__GROUP_ID": job.group,
                "NOTIFIER_KAFKA__DEAD_LETTER_TOPIC": f"{job.group}.dlq",
                "NOTIFIER_KAFKA__RETRY_TOPIC": f"{job.group}.retry",
                "NOTIFIER_KAFKA__CONTROL_TOPIC": f"{job.group}.control",
                "NOTIFIER_KAFKA__PARTITIONS": "4",
            }
        uvicorn = ("-m", "uvicorn", "app.main:app", "--no-access-log", "--port", str(self.port))
        metered = ("-m", "tests.bounds.service", str(self.port), str(self.meter))
        arguments = uvicorn if self.meter is None else metered
        environment = clean_environment(home, settings | dict(self.settings))
        return Command([sys.executable, *arguments], environment, home)


@dataclass(frozen=True)
class Peer:
    """A peer under ``peers/``; the job reaches it in ``BENCH_…`` variables.

    Attributes:
        sources: The name of its folder.
        run: The command that starts it; ``{folder}`` stands for where it was built.
        programs: What must be on the machine.
        steps: The commands that build it; without any it runs as it is.
    """

    name: str
    title: str
    sources: str
    run: tuple[str, ...]
    programs: tuple[str, ...] = ()
    steps: tuple[tuple[str, ...], ...] = ()
    one_at_a_time: bool = False
    just_in_time: bool = False

    def prepare(self, workshop: Workshop) -> "PreparedPeer":
        """Install and build what it needs.

        Raises:
            NotPreparedError: It cannot be run; the message says why.
        """
        folder = workshop.prepare(SOURCES / self.sources, self.programs, self.steps)
        return PreparedPeer(self, folder)


@dataclass(frozen=True)
class PreparedPeer:
    """A peer that can be run."""

    peer: Peer
    folder: Path

    @property
    def name(self) -> str:
        """As the peer's."""
        return self.peer.name

    @property
    def title(self) -> str:
        """As the peer's."""
        return self.peer.title

    @property
    def one_at_a_time(self) -> bool:
        """As the peer's."""
        return self.peer.one_at_a_time

    @property
    def just_in_time(self) -> bool:
        """As the peer's."""
        return self.peer.just_in_time

    def command(self, job: Job, home: Path) -> Command:
        """Its command, with the job in variables; ``home`` is not needed."""
        del home
        variables = {
            "BENCH_BOOTSTRAP": job.bootstrap,
            "BENCH_TOPIC": job.topic,
            "BENCH_GROUP": job.group,
            "BENCH_IN_FLIGHT": str(job.in_flight),
        }
        arguments = [part.format(folder=self.folder) for part in self.peer.run]
        return Command(arguments, os.environ | variables, ROOT)


BARE = (sys.executable, "-m", "tests.benchmarks.peers.bare")
IN_VENV = ("{folder}/venv/bin/python", "{folder}/main.py")
VENV = (
    (sys.executable, "-m", "venv", "venv"),
    ("venv/bin/pip", "install", "--no-deps", "--require-hashes", "-r", "requirements.lock"),
)
MAVEN = ("mvn", "--quiet", "--batch-mode", "--strict-checksums")
BASE = "bare-aiohttp"  # what ratios are to
PEERS = (
    Peer(BASE, "bare loop, aiokafka + aiohttp", "bare", (*BARE, "aiohttp")),
    Peer("bare-asyncio", "bare loop, aiokafka + asyncio", "bare", (*BARE, "asyncio")),
    Peer("faststream", "FastStream", "faststream", IN_VENV, steps=VENV),
    Peer(
        "original",
        "the original's way, kafka-python + requests",
        "original",
        IN_VENV,
        steps=VENV,
        one_at_a_time=True,
    ),
    Peer(
        "node",
        "Node, kafkajs + undici",
        "node",
        ("node", "{folder}/main.mjs"),
        ("node", "npm"),
        (("npm", "ci", "--no-audit", "--no-fund"),),
        just_in_time=True,
    ),
    Peer(
        "go",
        "Go, franz-go + net/http",
        "go",
        ("{folder}/peer",),
        ("go",),
        (("go", "build", "-mod=readonly", "-o", "peer", "."),),
    ),
    Peer(
        "java",
        "Java, parallel-consumer + Vert.x",
        "java",
        ("java", "-cp", "{folder}/target/classes:{folder}/lib/*", "Peer"),
        ("java", "javac", "mvn"),
        ((*MAVEN, "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib"),),
        just_in_time=True,
    ),
)
# Not among the others: it is compared at a rate limit, where it waits most of the time.
ONE_BY_ONE = PreparedPeer(
    Peer(
        "one-by-one",
        "one request per notification",
        "one_by_one",
        (sys.executable, "-m", "tests.benchmarks.peers.one_by_one"),
    ),
    SOURCES / "one_by_one",
)
