"""The channels as the service has them, and a base for channels that tests write."""

from collections.abc import Sequence

from app.edges.callbacks import InTasks
from app.edges.channels import CHANNELS
from app.edges.channels.base import Attempt, Channel, Then
from app.policies.channels import Channels
from app.values.delivery import Delivery
from app.values.outcome import Answer

KNOWN = Channels(CHANNELS)


class CoroutineChannel(Channel):
    """A channel that is written as a coroutine, ``send``."""

    def begin(self, deliveries: Sequence[Delivery], then: Then) -> Attempt:
        """Run the coroutine in a task."""
        return InTasks("attempt").begin(self.send(deliveries), then)

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Make one attempt, however the test wants it."""
        raise NotImplementedError
