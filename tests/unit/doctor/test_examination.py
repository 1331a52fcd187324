from app.doctor.examination import examine
from app.doctor.findings import Finding, Verdict
from app.settings.load import LoadedSettings
from app.settings.models import KafkaSettings, Settings
from tests.support.http_server import Answer, http_server
from tests.support.service import free_port

HEALTH = {"status": "RUNNING", "is_running": True, "group_id": "g"}


async def examined(settings: Settings, url: str) -> dict[str, Finding]:
    """Return the findings by what they are about."""
    loaded = LoadedSettings(settings, {})
    return {finding.subject: finding async for finding in examine(loaded, url)}


async def test_everything_is_looked_at_in_order() -> None:
    """With the embedded broker there is no fault, and one line says why Kafka is left out."""
    found = await examined(Settings(), f"http://127.0.0.1:{free_port()}")
    assert [*found] == [
        "settings", "broker", "recipients", "templates", "mail server", "telemetry", "webhooks", "operator", "service",
    ]  # fmt: skip
    assert {finding.verdict for finding in found.values()} == {Verdict.OK, Verdict.SKIP}
    assert found["broker"].verdict is Verdict.SKIP
    assert "in memory" in found["broker"].text
    assert "no service answers" in found["service"].text


async def test_a_broker_that_is_away_stops_no_other_check() -> None:
    """What follows on Kafka is looked at all the same."""
    kafka = KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}")
    found = await examined(Settings(kafka=kafka), f"http://127.0.0.1:{free_port()}")
    assert found["broker"].verdict is Verdict.FAIL
    assert found["templates"].verdict is Verdict.OK
    assert "service" in found


async def test_a_running_service_is_asked() -> None:
    """Its state is shown."""
    async with http_server(Answer.of_json(200, HEALTH)) as server:
        found = await examined(Settings(), server.url())
    assert found["service"].verdict is Verdict.OK
    assert found["service"].text == f"RUNNING at http://127.0.0.1:{server.port} (group g)"


async def test_a_service_with_a_problem_is_a_fault() -> None:
    """The problem of its health is quoted."""
    async with http_server(Answer.of_json(503, HEALTH | {"problem": "no commits"})) as server:
        found = await examined(Settings(), server.url())
    assert found["service"].verdict is Verdict.FAIL
    assert "no commits. Its log says more." in found["service"].text


async def test_what_a_service_warns_of_is_a_fault() -> None:
    """Each warning stands for itself; its text says what to do."""
    warnings = {"warnings": ["this machine's clock is 62 s ahead", "another"]}
    async with http_server(Answer.of_json(200, HEALTH | warnings)) as server:
        loaded = LoadedSettings(Settings(), {})
        found = [finding async for finding in examine(loaded, server.url())]
    told = [finding for finding in found if finding.subject == "service's warning"]
    assert [finding.verdict for finding in told] == [Verdict.FAIL] * 2
    assert told[0].text.startswith("this machine's clock is 62 s ahead. ")


async def test_a_url_that_is_none_is_a_fault() -> None:
    """The flag is named."""
    found = await examined(Settings(), "nonsense")
    assert found["service"].verdict is Verdict.FAIL
    assert "--url" in found["service"].text
