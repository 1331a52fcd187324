"""Which target and which destination a URL is."""

from functools import lru_cache
from urllib.parse import urlsplit

from app.policies.addresses.webhooks import MAX_URL_LENGTH
from app.policies.channels import Channels
from app.values.delivery import Destination, Target


def webhook_destination(channels: Channels, channel: str, url: str) -> tuple[Target, Destination]:
    """Return the target that a URL is, and the destination that it belongs to.

    Raises:
        UnroutableError: It cannot be used.
    """
    if len(url) > MAX_URL_LENGTH:  # the cache must not hold on to megabytes
        channels.normalise(channel, url)
    return _cached_destination(channels, channel, url)


@lru_cache(maxsize=4096)
def _cached_destination(channels: Channels, channel: str, url: str) -> tuple[Target, Destination]:
    """Return the target that a URL is, and the lane of all that share its limit."""
    address = channels.normalise(channel, url)
    target = Target(channel, address, channels.redact(address))
    serving = channels.serving(channel, address)
    shared = serving.limit_key(urlsplit(address))
    if not shared:
        return target, Destination(serving.name, address, target.label)
    return target, Destination(serving.name, shared, channels.redact(shared))
