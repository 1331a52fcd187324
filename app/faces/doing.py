"""What operators have the worker do, by API and page alike; it is written down who did it."""

from app.faces.service import Service
from app.values.control import TestBatch
from app.values.replay import Replay, Selection


async def start(service: Service, who: str) -> bool:
    """Start the worker; return whether it runs now, or is still starting."""
    is_done = await service.starter.start()
    service.deeds.add(who, "The worker was started.")
    return is_done


async def stop(service: Service, who: str, *, drain: bool = True) -> None:
    """Stop the worker."""
    await service.starter.stop(drain=drain)
    service.deeds.add(
        who, "The worker was stopped." if drain else "The worker was stopped without draining."
    )


def pause(service: Service, who: str) -> None:
    """Stop fetching."""
    service.worker.pause()
    service.deeds.add(who, "Fetching was paused.")


def resume(service: Service, who: str) -> None:
    """Fetch again."""
    service.worker.resume()
    service.deeds.add(who, "Fetching was resumed.")


def reload(service: Service, who: str) -> dict[str, int]:
    """Read recipients and templates anew; return how many there are."""
    counts = dict(service.reloader.reload())
    service.deeds.add(who, "Recipients and templates were read anew.")
    return counts


def set_log_level(service: Service, who: str, level: str) -> None:
    """Log more or less."""
    service.set_log_level(level)
    service.deeds.add(who, f"The log level was set to {level}.")


async def publish_test(
    service: Service, who: str, kind: str, count: int, delay: float
) -> TestBatch:
    """Publish test notifications."""
    batch = await service.publisher.publish_test(kind, count, delay)
    service.deeds.add(who, f"Test notifications were sent: {kind}, {count:,}.")
    return batch


async def replay(service: Service, who: str, selection: Selection, rate: float | None) -> Replay:
    """Begin a replay of dead letters."""
    begun = await service.replayer.start(selection, rate)
    service.deeds.add(who, f"A replay was begun: {begun.choice}; {begun.replayable:,} of them.")
    return begun
