"""The page's messages after a button was pressed: a fixed set, so nothing is ever reflected."""

import msgspec


class Flash(msgspec.Struct, frozen=True):
    """One line for the operator."""

    tone: str  # ``ok``, ``wait`` or ``bad``
    text: str


FLASHES = {
    "started": Flash("ok", "Worker started."),
    "starting": Flash("wait", "Kafka does not answer yet. The worker starts as soon as it does."),
    "stopped": Flash("ok", "Worker stopped. Started deliveries were finished first."),
    "stopping": Flash("wait", "The worker is stopping: it finishes started deliveries first."),
    "paused": Flash("ok", "Paused: nothing is fetched, what was taken is still delivered."),
    "resumed": Flash("ok", "Resumed; broken destinations are asked again."),
    "published": Flash("ok", "Test notifications published."),
    "publishing": Flash("ok", "Test notifications are being published one after the other."),
    "no-destination": Flash(
        "wait", "Test notifications published, but this service has no destination for the type."
    ),
    "behaviour": Flash("ok", "The inbox answers that way from now on."),
    "cleared": Flash("ok", "Inbox cleared."),
    "reloaded": Flash("ok", "Recipients and templates reloaded."),
    "reload-refused": Flash(
        "bad", "Not reloaded: a file has a fault, which the log names. The old ones stay in force."
    ),
    "kafka-away": Flash("bad", "Kafka does not answer. Nothing was published; try again later."),
    "kafka-refused": Flash("bad", "Kafka refused it. The log says why."),
    "destination-paused": Flash("ok", "Paused: nothing is sent there, and nothing is lost."),
    "destination-resumed": Flash("ok", "Resumed: what waits is sent now."),
    "destination-accepted": Flash("ok", "The destination accepted the test."),
    "failed": Flash("bad", "That did not work. The log says why."),
    "invalid": Flash("bad", "Some value in the form is not possible. Nothing was done."),
    "no-inbox": Flash("bad", "This service has no inbox."),
}
