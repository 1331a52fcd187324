"""A real Prometheus reads the metrics, the rules and every query of the dashboard."""

import asyncio
import json
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.support.compose import DOCKER
from tests.support.end_to_end import World
from tests.support.http_server import Answer, HttpServer, Received
from tests.support.service import ServiceProcess, free_port

RULES = DOCKER / "prometheus"
PATIENCE = 60.0
UNSEEN = {
    "ALERTS": "nothing fires in a run of a few seconds",
    "ginkgo_worker_operator_notices_total": "the first notice is sent after a minute",
    "ginkgo_worker_positions_moved_total": "no position is moved in an ordinary run",
    "ginkgo_worker_clock_difference_seconds": "the embedded broker tells no time of its own",
    "ginkgo_worker_conditions": "none while all is well",
}
"""What no query finds in this run, and why; each is asked for all the same."""


def run(programs: Path, *arguments: str, text: str | None = None) -> str:
    """Run ``promtool``; return what it says."""
    done = subprocess.run(
        [programs / "promtool", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_configuration_and_rules_hold(programs: Path) -> None:
    """Each alert fires when it should, and not when it should not."""
    assert "SUCCESS" in run(programs, "check", "config", str(RULES / "prometheus.yml"))
    assert "SUCCESS" in run(programs, "test", "rules", str(RULES / "alerts_test.yml"))


async def test_metrics_keep_the_conventions(
    programs: Path, world: World, hooks: HttpServer
) -> None:
    """Names, units and help, as Prometheus's own linter asks for them."""
    service = await eventful(world, hooks)
    metrics = (await service.client.get("/metrics")).text
    assert await asyncio.to_thread(run, programs, "check", "metrics", text=metrics) == ""


async def test_every_query_is_answered(
    programs: Path, world: World, hooks: HttpServer, tmp_path: Path
) -> None:
    """Prometheus scrapes a run in which much happens; no panel stays empty."""
    service = await eventful(world, hooks)
    async with scraping(programs, service, tmp_path) as prometheus:
        instance = f"127.0.0.1:{service.port}"
        for query in queries():
            may_be_empty = any(each in query for each in UNSEEN)
            await answered(prometheus, filled_in(query, instance), may_be_empty=may_be_empty)
        for rule in rules():
            await answered(prometheus, rule["expr"], may_be_empty=True)
        groups = (await prometheus.get("/api/v1/rules")).json()["data"]["groups"]
        assert [each["health"] for group in groups for each in group["rules"]] == ["ok"] * len(
            [*rules()]
        )


async def eventful(world: World, hooks: HttpServer) -> ServiceProcess:
    """Start a service in which something has been sent, refused, deferred and paused."""

    def answer(request: Received) -> Answer:
        return Answer(503 if request.path == "/away" else 204)

    hooks.behaviour = answer
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")})
    publish = await world.publisher(service)
    kwargs = {"webhook_url": hooks.url("/away")}
    away = {"content": "x", "channels": ["webhook"], "kwargs": kwargs}
    await publish(b"not a notification", away, {"content": "x", "channels": ["webhook"]})
    await service.client.post("/test-notifications?type=webhook&count=3")
    await service.until_stats(
        lambda got: got["messages_sent"] == 4 and got["messages_dead_lettered"] == 1
    )
    await service.until_stats(lambda got: got["messages_retried"] > 0)
    return service


@asynccontextmanager
async def scraping(
    programs: Path, service: ServiceProcess, folder: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """Run Prometheus as it is configured, but for where the workers are and how often it looks."""
    config = yaml.safe_load((RULES / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(RULES / name) for name in config["rule_files"]]
    (job,) = config["scrape_configs"]
    job.pop("dns_sd_configs")
    job["static_configs"] = [{"targets": [f"127.0.0.1:{service.port}"]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        programs / "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        process.terminate()
        await process.wait()


async def answered(prometheus: httpx.AsyncClient, query: str, *, may_be_empty: bool) -> None:
    """Ask until there is something; or until there is an answer, if nothing need be found."""
    deadline = time.monotonic() + PATIENCE
    while True:
        told = await asked(prometheus, query)
        if told is not None and (may_be_empty or told):
            return
        assert time.monotonic() < deadline, f"nothing is found by {query}"
        await asyncio.sleep(0.2)


async def asked(prometheus: httpx.AsyncClient, query: str) -> list[Any] | None:
    """Return what a query finds; None while Prometheus is starting."""
    try:
        told = await prometheus.get("/api/v1/query", params={"query": query})
    except httpx.TransportError:
        return None
    if told.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return None
    assert told.status_code == httpx.codes.OK, f"{query}: {told.text}"
    found: list[Any] = told.json()["data"]["result"]
    return found


def dashboard() -> Any:
    """Return the dashboard."""
    return json.loads((DOCKER / "grafana" / "notifications.json").read_text())


def queries() -> Iterator[str]:
    """Yield the query of every panel, and those that its choices are made from."""
    for panel in dashboard()["panels"]:
        yield from (each["expr"] for each in panel.get("targets", ()))
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            (metric,) = re.findall(r"label_values\((.*), \w+\)", variable["query"]["query"])
            yield metric


def rules() -> Iterator[dict[str, Any]]:
    """Yield the alert rules."""
    for group in yaml.safe_load((RULES / "alerts.yml").read_text())["groups"]:
        yield from group["rules"]


def filled_in(query: str, instance: str) -> str:
    """Return a query as Grafana would ask it."""
    chosen = {"$job": "notifier", "$instance": instance, "$__rate_interval": "10s"}
    for name, value in chosen.items():
        query = query.replace(name, value)
    return query
