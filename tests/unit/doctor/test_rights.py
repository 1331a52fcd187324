"""The doctor's look at rights: each is tried where it is needed."""

from app.doctor.findings import Verdict
from app.doctor.rights import check_rights
from app.settings.models import KafkaSettings
from app.values.rights import Right
from tests.support.survey import CONTROL, DEAD, RETRY, SOURCE, Cluster, FakeSurvey

KAFKA = KafkaSettings(sasl_username="notifier")


async def found(cluster: Cluster) -> dict[str, str]:
    """Return what is missing, by subject."""
    findings = await check_rights(FakeSurvey(cluster), KAFKA)
    return {each.subject: each.text for each in findings if each.verdict is Verdict.FAIL}


async def test_nothing_is_missing() -> None:
    """Or there is nobody who forbids anything."""
    [finding] = await check_rights(FakeSurvey(Cluster()), KAFKA)
    assert finding.verdict is Verdict.OK


async def test_each_missing_right_is_named_with_the_command_that_allows_it() -> None:
    """By topic and group."""
    retry = f"{RETRY}.10m"
    cluster = Cluster(
        denied={
            Right.READ: {SOURCE},
            Right.WRITE: {DEAD, CONTROL},
            Right.ALTER_CONFIGS: {DEAD},
            Right.DELETE: {retry},
        },
        denied_on_group=[Right.READ],
    )
    said = await found(cluster)
    assert said.keys() == {
        f"topic {SOURCE}",
        f"topic {DEAD}",
        f"topic {CONTROL}",
        f"topic {retry}",
        "consumer group notification_worker_group",
    }
    assert "this user may not Write, AlterConfigs on it" in said[f"topic {DEAD}"]
    assert (
        "--allow-principal User:notifier --operation Write --operation AlterConfigs"
        f" --topic {DEAD}" in said[f"topic {DEAD}"]
    )
    assert (
        "--operation Read --group notification_worker_group"
        in (said["consumer group notification_worker_group"])
    )


async def test_a_right_is_missed_only_where_it_is_needed() -> None:
    """A consumed topic that is there is never made; only retry topics are emptied."""
    cluster = Cluster(
        denied={
            Right.CREATE: {SOURCE},
            Right.ALTER_CONFIGS: {SOURCE},
            Right.DELETE: {SOURCE, DEAD, CONTROL},
        }
    )
    assert await found(cluster) == {}
    del cluster.states[SOURCE]
    assert list(await found(cluster)) == [f"topic {SOURCE}"]
