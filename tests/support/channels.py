"""The channels as the service has them, for tests that need to know which there are."""

from app.edges.channels import CHANNELS
from app.policies.channels import Channels

KNOWN = Channels(CHANNELS)
