"""How the inbox answers, to watch the worker cope."""

from enum import StrEnum


class Behaviour(StrEnum):
    """The answers that senders get."""

    OK = "ok"
    SLOW = "slow"  # accepted, after a while
    RATE_LIMITED = "rate_limited"
    ERROR = "error"  # a fault that may pass
