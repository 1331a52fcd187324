"""The page's buttons without scripts; each is answered with the name of a flash."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from app.faces import doing
from app.faces.dashboard.view import TEST_TYPES
from app.faces.service import Service
from app.values.errors import (
    KafkaRefusedError,
    KafkaUnavailableError,
    NotifierError,
    RecipientsFileError,
    TemplateError,
)

logger = logging.getLogger(__name__)

Form = Mapping[str, str]
Action = Callable[[Service, Form, str], Awaitable[str]]


async def act(name: str, service: Service, form: Form, who: str) -> str:
    """Run the action ``name`` and return the name of the flash that tells its result.

    Raises ``KeyError`` for an action that there is not.

    Args:
        who: The name of the key that it was pressed with.
    """
    action = ACTIONS[name]
    try:
        return await action(service, form, who)
    except ValueError:
        return "invalid"
    except NotifierError as error:
        logger.warning("%s from the page failed: %s", name, error)
        return _failure(error)


def _failure(error: NotifierError) -> str:
    match error:
        case KafkaUnavailableError():
            return "kafka-away"
        case KafkaRefusedError():
            return "kafka-refused"
        case RecipientsFileError() | TemplateError():
            return "reload-refused"
        case _:
            return "failed"


async def _start(service: Service, form: Form, who: str) -> str:
    del form
    return "started" if await doing.start(service, who) else "starting"


async def _stop(service: Service, form: Form, who: str) -> str:
    del form
    await doing.stop(service, who)
    return "stopped"


async def _pause(service: Service, form: Form, who: str) -> str:
    del form
    doing.pause(service, who)
    return "paused"


async def _resume(service: Service, form: Form, who: str) -> str:
    del form
    doing.resume(service, who)
    return "resumed"


async def _publish_test(service: Service, form: Form, who: str) -> str:
    kind = form.get("type", "")
    count, delay = int(form.get("count", "")), float(form.get("delay", ""))
    if kind not in TEST_TYPES or not 1 <= count <= 10_000 or not 0 <= delay <= 60:
        raise ValueError
    await doing.publish_test(service, who, kind, count, delay)
    if service.publisher.warning_for(kind) is not None:
        return "no-destination"
    return "publishing" if delay else "published"


async def _behave(service: Service, form: Form, who: str) -> str:
    del who
    if service.inbox is None:
        return "no-inbox"
    service.inbox.behave(form.get("behaviour", ""))
    return "behaviour"


async def _clear(service: Service, form: Form, who: str) -> str:
    del form, who
    if service.inbox is None:
        return "no-inbox"
    service.inbox.clear()
    return "cleared"


async def _reload(service: Service, form: Form, who: str) -> str:
    del form
    doing.reload(service, who)
    return "reloaded"


ACTIONS: Mapping[str, Action] = {
    "start": _start,
    "stop": _stop,
    "pause": _pause,
    "resume": _resume,
    "test-notifications": _publish_test,
    "inbox-behaviour": _behave,
    "inbox-clear": _clear,
    "reload": _reload,
}
