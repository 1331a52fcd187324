"""The workers of a group, as each of them shows them."""

from pathlib import Path

import httpx
import trustme

from tests.support.commands import run, run_here
from tests.support.end_to_end import World
from tests.support.service import UVICORN
from tests.support.tls import trusting


async def test_a_worker_is_listed_with_what_it_has(world: World, tmp_path: Path) -> None:
    """Its partitions, its figures, the address of its page; the command says the same."""
    service = await world.service()
    await service.client.post("/test-notifications?type=webhook&count=3")
    await service.until_stats(lambda got: got["messages_sent"] == 3)
    answer = await service.until(
        "/workers", lambda got: got.json()["workers"][0]["address"] is not None
    )
    fleet = answer.json()
    [worker] = fleet["workers"]
    assert worker["id"] == fleet["me"]
    assert worker["process_id"] == service.process.pid
    assert worker["address"] == service.url
    assert worker["status"] == "RUNNING"
    assert worker["partitions"][world.topic] == [0, 1, 2, 3]
    assert worker["statistics"]["messages_sent"] == fleet["totals"]["messages_sent"] == 3
    status, out, err = await run_here(tmp_path, {}, "workers", "--url", service.url)
    assert (status, err) == (0, "")
    assert worker["id"] in out
    assert f"Page:           {service.url}/" in out


async def test_a_worker_that_serves_tls_is_asked_by_whoever_trusts_its_certificate(
    world: World, tmp_path: Path
) -> None:
    """Its address says so; whoever does not trust it is told why, and what to do."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "service.pem")
    )
    pem = str(tmp_path / "service.pem")
    served = ("-m", *UVICORN, "--port", "PORT", "--ssl-certfile", pem)
    service = await world.service(command=served, ready=False)
    url = service.url.replace("http:", "https:")
    await service.client.aclose()
    service.client = httpx.AsyncClient(base_url=url, timeout=20, verify=trusting(authority))
    await service.until(
        "/workers", lambda got: [each["address"] for each in got.json()["workers"]] == [url]
    )
    trusts = {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}
    status, out, err = await run(tmp_path, trusts, "notifier", "workers", "--url", url)
    assert (status, err) == (0, "")
    assert f"Page:           {url}/" in out
    status, _, err = await run(tmp_path, {}, "notifier", "workers", "--url", url)
    assert status == 1
    assert f"the certificate of {url} is not trusted: " in err
    assert "SSL_CERT_FILE" in err


async def test_a_stopped_worker_is_not_among_them(world: World) -> None:
    """It says so, and is there again once it runs."""
    service = await world.service()
    await service.client.post("/stop")
    fleet = (await service.client.get("/workers")).json()
    assert fleet["workers"] == []
    await service.client.post("/start")
    fleet = (await service.client.get("/workers")).json()
    assert [each["id"] for each in fleet["workers"]] == [fleet["me"]]
