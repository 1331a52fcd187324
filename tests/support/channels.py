"""The channels as the service has them, and a base for channels that tests write."""

from collections.abc import Sequence
from functools import partial

from app.edges.callbacks import InTasks, end_of
from app.edges.channels import CHANNELS
from app.edges.channels.base import Attempt, Channel, Then
from app.policies.channels import Channels
from app.values.delivery import Delivery
from app.values.outcome import Answer

KNOWN = Channels(CHANNELS)


async def attempt(channel: Channel, deliveries: Sequence[Delivery]) -> Answer:
    """Make one attempt and return its answer; whoever is cancelled cancels it."""
    answer: Answer = await end_of(partial(channel.begin, deliveries))
    return answer


class CoroutineChannel(Channel):
    """A channel that is written as a coroutine, ``send``."""

    def begin(self, deliveries: Sequence[Delivery], then: Then) -> Attempt:
        """Run the coroutine in a task."""
        return InTasks("attempt").begin(self.send(deliveries), then)

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Make one attempt, however the test wants it."""
        raise NotImplementedError
