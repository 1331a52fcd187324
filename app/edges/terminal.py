"""The terminal that the process belongs to, and standard output, which may have no reader."""

import os
from contextlib import suppress

from app.policies.texts.visible import visible


def say(text: str) -> None:
    """Print a line, if anybody reads it.

    A pipe whose reader has ended must neither stop the worker nor keep it from stopping.
    """
    with suppress(OSError, ValueError):
        print(visible(text), flush=True)


def has_terminal() -> bool:
    """Say whether the process belongs to a terminal that is still there."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
