"""Asking about a topic never creates it.

If a broker's ``auto.create.topics.enable`` has its default, a metadata request creates every
topic that it names, with the broker's settings, unless it says that it must not. aiokafka 0.14 can
say so, but none of its clients does, nor has an option for it: admin, consumer and producer would
all bring back, with the wrong settings, a topic that somebody deleted.
"""

from functools import partial

import aiokafka.admin.client
import aiokafka.client
from aiokafka.protocol.metadata import MetadataRequest


def create_nothing_by_asking() -> None:
    """Let every aiokafka client of this process ask about topics without creating them."""
    asking = partial(MetadataRequest, allow_auto_topic_creation=False)
    for module in (aiokafka.client, aiokafka.admin.client):
        vars(module)[MetadataRequest.__name__] = asking
