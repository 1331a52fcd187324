"""A client of a running service's HTTP side, for the command line and for other workers."""

import ssl
from collections.abc import Mapping
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from app.edges.service_address import ServiceError, checked_key, checked_url, trust
from app.policies.service import passes
from app.policies.texts.visible import visible, visible_line
from app.values.control import Published
from app.values.dead_letter import DeadLetter, DeadLetterPage
from app.values.destinations import DestinationAnswer, DestinationPage, DestinationView
from app.values.errors import UNREADABLE
from app.values.fleet import Fleet
from app.values.history import HistoryPage, Story
from app.values.replay import Place, Replay

T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_TIMEOUT = 10.0
"""Seconds that one answer may take."""
_REPORT = "===="
_QUOTED = 300  # characters of an answer
_NOTHING: Mapping[str, str] = {}


class ServiceAbsentError(ServiceError):
    """Nobody answers there, or somebody who is no notifier."""


class ServiceBusyError(ServiceError):
    """The service cannot now, but may soon."""

    def __init__(self, text: str, retry_after: float) -> None:
        super().__init__(text)
        self.retry_after = retry_after  # seconds until it is worth asking again


class _Problem(msgspec.Struct, frozen=True):
    detail: str


class ServiceClient:
    """Asks one service; alive inside an ``async with`` block.

    Args:
        url: The service's address, such as ``http://127.0.0.1:8000``.
        worker_pass: What another worker shows instead of a key.

    Raises:
        ServiceError: The URL or the key cannot be used.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        worker_pass: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        self.url = checked_url(url)
        headers = {"Authorization": f"Bearer {checked_key(api_key)}"} if api_key else {}
        if worker_pass is not None:
            headers[passes.HEADER] = worker_pass
        # Not by way of the environment's proxies: the service is on this machine or near.
        self._client = httpx.AsyncClient(
            base_url=self.url,
            headers=headers,
            timeout=timeout,
            trust_env=False,
            verify=trust(is_secure=self.url.startswith("https:")),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._client.aclose()

    async def report(self) -> str:
        """Return the terminal report.

        Raises:
            ServiceError: It was not given.
        """
        text = (await self._ask("GET", "/report")).text
        if not text.startswith(_REPORT):
            raise self._stranger()
        return visible(text).rstrip("\n")

    async def health(self) -> Mapping[str, Any]:
        """Return the body of ``GET /health``, healthy or not; it needs no key.

        Raises:
            ServiceAbsentError: No notifier answers there.
            ServiceError: It did not answer in time.
        """
        answer = await self._send("GET", "/health")
        try:
            body = msgspec.json.decode(answer.content, type=dict[str, Any])
        except UNREADABLE:
            raise self._stranger() from None
        if not {"status", "is_running", "group_id"} <= body.keys():
            raise self._stranger()
        return body

    async def publish(self, item: bytes) -> Published:
        """Have one notification published; return its id and its warnings.

        Args:
            item: A JSON object (docs/contract.md#messages).

        Raises:
            ServiceBusyError: Not now.
            ServiceError: It was refused.
        """
        return self._typed(await self._ask("POST", "/notifications", item), Published)

    async def story(self, message_id: str) -> tuple[Story | None, str]:
        """Return a notification's story, or None and what was looked through.

        Raises:
            ServiceError: It was not told.
        """
        path = f"/notifications/{quote(message_id, safe='')}"
        answer = await self._send("GET", path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None, self._typed(answer, _Problem).detail
        return self._typed(self._checked(answer), Story), ""

    async def history(
        self, filters: Mapping[str, str], limit: int, cursor: str | None
    ) -> HistoryPage:
        """Return settled notifications, newest first; fewer than ``limit`` are not the last.

        Raises:
            ServiceError: They were not given.
        """
        given = {**filters, "limit": limit, **({} if cursor is None else {"cursor": cursor})}
        return await self._get(f"/history?{urlencode(given)}", HistoryPage)

    async def workers(self) -> Fleet:
        """Return the workers of its group.

        Raises:
            ServiceError: They were not given.
        """
        return await self._get("/workers", Fleet)

    async def destinations(
        self, filters: Mapping[str, str], limit: int, cursor: int | None
    ) -> DestinationPage:
        """Return a page of destinations.

        Raises:
            ServiceError: They were not given.
        """
        given = {**filters, "limit": limit, **({} if cursor is None else {"cursor": cursor})}
        return await self._get(f"/destinations?{urlencode(given)}", DestinationPage)

    async def change_destination(self, identity: str, what: str) -> DestinationView:
        """Pause or resume a destination; return how it is now.

        Args:
            what: ``pause`` or ``resume``.

        Raises:
            ServiceError: It was refused; there may be none with this id.
        """
        path = f"/destinations/{quote(identity, safe='')}/{what}"
        return self._typed(await self._ask("POST", path), DestinationView)

    async def test_destination(self, identity: str) -> DestinationAnswer:
        """Send one test notification to a destination; return its answer.

        Raises:
            ServiceError: It was refused; there may be none with this id.
        """
        path = f"/destinations/{quote(identity, safe='')}/test"
        return self._typed(await self._ask("POST", path), DestinationAnswer)

    async def dead_letters(
        self, *, limit: int, cursor: str | None = None, chosen: Mapping[str, str] = _NOTHING
    ) -> DeadLetterPage:
        """Return a page of dead letters, newest first; fewer than ``limit`` are not the last.

        Args:
            chosen: Which ones, as the query of ``GET /dead-letters`` says it.

        Raises:
            ServiceError: They were not given.
        """
        given = {"limit": limit, "cursor": cursor, **chosen}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return await self._get(f"/dead-letters?{query}", DeadLetterPage)

    async def dead_letter(self, place: Place) -> DeadLetter:
        """Return one dead letter.

        Raises:
            ServiceError: It was not given; there may be none.
        """
        return await self._get("/dead-letters/{}/{}".format(*place), DeadLetter)

    async def replay(self, wanted: Mapping[str, object]) -> Replay:
        """Begin a replay of dead letters, or have it planned.

        Raises:
            ServiceError: It was refused.
        """
        body = msgspec.json.encode(wanted)
        return self._typed(await self._ask("POST", "/dead-letters/replay", body), Replay)

    async def replay_progress(self) -> Replay:
        """Return how far the current replay is, or the last one of the service.

        Raises:
            ServiceError: It was not told.
        """
        return await self._get("/dead-letters/replay", Replay)

    async def _get(self, path: str, kind: type[T]) -> T:
        return self._typed(await self._ask("GET", path), kind)

    def _typed(self, answer: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except UNREADABLE:
            raise self._stranger() from None

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        return self._checked(await self._send(method, path, body))

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            detail = msgspec.json.decode(answer.content, type=_Problem).detail
        except UNREADABLE:
            raise self._stranger() from None
        said = visible_line(detail)[:_QUOTED]
        text = f"the service at {self.url} answered {answer.status_code}: {said}"
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            text += " Here it is given with --api-key or NOTIFIER_API_KEY."
        if (seconds := answer.headers.get("retry-after", "")).isdecimal():
            raise ServiceBusyError(text, float(seconds))
        raise ServiceError(text)

    async def _send(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            return await self._client.request(method, path, content=body, headers=headers)
        except httpx.TimeoutException:
            raise ServiceError(f"{self.url} did not answer in time") from None
        except httpx.ConnectError as error:
            if (fault := _distrust(error)) is not None:
                raise ServiceError(
                    f"the certificate of {self.url} is not trusted: {fault}. Name the authority"
                    " that has signed it in SSL_CERT_FILE, a file in PEM form"
                ) from None
            raise ServiceAbsentError(
                f"no service answers at {self.url} ({visible_line(str(error))})"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise self._stranger() from None

    def _stranger(self) -> ServiceAbsentError:
        return ServiceAbsentError(f"what answers at {self.url} is no notifier")


def _distrust(error: BaseException | None) -> str | None:
    """Return why a certificate is not trusted, if that is why there is no connection."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None
