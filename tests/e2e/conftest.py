"""End-to-end tests: the real process, real sockets, the embedded broker."""

from tests.support.end_to_end import broker, hooks, no_inbox, world

__all__ = ["broker", "hooks", "no_inbox", "world"]
