"""Standard output, which may have no reader."""

from contextlib import suppress

from app.policies.texts.visible import visible


def say(text: str) -> None:
    """Print a line, if anybody reads it.

    A pipe whose reader has ended must neither stop the worker nor keep it from stopping.
    """
    with suppress(OSError, ValueError):
        print(visible(text), flush=True)
