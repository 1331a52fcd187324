"""How routes get at the service.

Coroutines, although none of them waits: FastAPI runs plain functions in a thread, which under full
load gets the interpreter late.
"""

from typing import Annotated

from fastapi import Depends, Request

from app.faces.api.problems import ProblemError
from app.faces.ports import InboxPort
from app.faces.service import Service


async def service_of(request: Request) -> Service:
    """Return the service that the lifespan has put into the state."""
    service: Service = request.state.service
    return service


Running = Annotated[Service, Depends(service_of)]


async def who_of(request: Request) -> str:
    """Return the name of the key that a request came with, or who else sent it."""
    who: str = request.state.who
    return who


Who = Annotated[str, Depends(who_of)]


async def inbox(service: Running) -> InboxPort:
    """Return the development inbox, or end the request with 404."""
    if service.inbox is None:
        raise ProblemError(
            404, "This service has no inbox. Set NOTIFIER_INBOX=true to give it one."
        )
    return service.inbox


Inbox = Annotated[InboxPort, Depends(inbox)]
