"""Which jobs go into one request."""

import logging
from collections.abc import Callable, Iterable, Sequence

from app.edges.channels.base import Channel
from app.engine.inflight.item import Job
from app.engine.inflight.transitions import wait
from app.engine.lanes.queue import JobQueue
from app.values.delivery import Delivery
from app.values.record import TopicPartition

log = logging.getLogger(__name__)


def take_batch(
    job: Job,
    queue: JobQueue,
    channel: Channel,
    requests_left: int | None,
    is_expired: Callable[[Job], bool],
) -> list[Job]:
    """Add to a job what can go into the same request, where requests are fewer than what waits.

    Args:
        job: The next one, taken already.
        queue: What waits behind it.
        channel: Says what can be merged.
        requests_left: Requests that the destination allows for now; None where it knows no limit.
        is_expired: Says whether a job's time has passed; such a one goes into no request.
    """
    batch = [job]
    if requests_left is None or channel.most_merged == 1 or job.alone:
        return batch
    share = -(-(len(queue) + 1) // max(requests_left, 1))
    deliveries = [job.delivery]
    while len(batch) < share:
        follower = queue.behind(batch[-1])
        more = follower or queue.peek()
        if more is None or more.alone or is_expired(more):
            break
        if not _fits(channel, deliveries, more):
            break
        if follower is not None:
            queue.take_behind(batch[-1])
        else:
            queue.take()
        batch.append(more)
        deliveries.append(more.delivery)
    return batch


def _fits(channel: Channel, deliveries: Sequence[Delivery], more: Job) -> bool:
    try:
        return channel.mergeable(deliveries, more.delivery)
    except Exception:
        log.exception("%s cannot be merged with others", more.item.name)
        more.alone = True  # its own attempt shows what is wrong, and holds up nobody else's
        return False


def put_back_followers(
    batch: Iterable[Job], queue: JobQueue, is_held: Callable[[Job], bool]
) -> list[Job]:
    """Keep one job of each line; the others wait behind it again, in their order.

    What was taken away is kept, too: it is to wait nowhere.
    """
    kept: list[Job] = []
    followers: list[Job] = []
    keys: set[str | TopicPartition] = set()
    for job in batch:
        key = job.line
        if key is not None and key in keys and is_held(job):
            followers.append(job)
            continue
        if key is not None:
            keys.add(key)
        kept.append(job)
    for job in reversed(followers):
        wait(job)
        queue.put_back(job)
    return kept
