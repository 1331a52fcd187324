"""How the inbox answers, so that the worker can be watched as it copes."""

from enum import StrEnum


class Behaviour(StrEnum):
    """What a sender gets."""

    OK = "ok"
    SLOW = "slow"  # accepted, after a while
    RATE_LIMITED = "rate_limited"
    ERROR = "error"  # a fault that may pass
