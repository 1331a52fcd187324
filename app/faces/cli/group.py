"""``notifier group``: how far the consumer group has got."""

import asyncio

import click

from app.configured import connect_to, subscription_of
from app.engine.control.group_reset import Memory, forget, recall
from app.faces.cli.output import CONTEXT, echo, plain_errors, say
from app.language.speaking import translate
from app.settings.load import load_from_process
from app.settings.models import KafkaSettings, env_name
from app.values.errors import SettingsError


@click.group("group", context_settings=CONTEXT)
def command() -> None:
    """Look after the consumer group."""


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Make the group start over: forget its committed and its kept offsets.

    All of its workers have to be stopped. The next one that starts begins as in a new group, where
    NOTIFIER_KAFKA__AUTO_OFFSET_RESET says. What is deferred stays deferred.
    """
    with plain_errors():
        kafka = load_from_process().settings.kafka
        if kafka.embedded:
            raise SettingsError(
                "the embedded broker forgets everything when the service stops: there is nothing"
                f" to reset ({env_name('kafka.bootstrap_servers')} names no broker)"
            )
        connection, group = connect_to(kafka), subscription_of(kafka)
        memory = asyncio.run(recall(connection, group))
        if not memory:
            say(f"Nothing is known of the group {kafka.group_id}: it is as new.")
            return
        for line in _plan(kafka, memory):
            say(line)
        if not yes:
            click.confirm(translate("Forget it?"), abort=True)
        asyncio.run(forget(connection, group, memory))
        echo(translate("Forgotten."))


def _plan(kafka: KafkaSettings, memory: Memory) -> tuple[str, str]:
    where, setting = kafka.auto_offset_reset, env_name("kafka.auto_offset_reset")
    on_kafka, kept = len(memory.committed), memory.kept
    if where == "earliest":
        effect = f"up to {memory.done:,} records are read and sent again"
    else:
        effect = f"{memory.ahead:,} records that were not read are left out"
    topics = ", ".join(kafka.topics)
    known = f"{on_kafka} committed offsets on Kafka, {kept} kept in {kafka.control_topic}"
    return (
        f"The group {kafka.group_id}, {topics}: {known}.",
        f"Without them the next worker begins at the {where} ({setting}): {effect}.",
    )
