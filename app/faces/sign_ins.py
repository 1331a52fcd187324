"""Who has signed in on the page, as far as this worker knows."""

import secrets
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from app.policies.service.access import Access
from app.policies.service.sign_in import LIFETIME, Ended, SignIn


class SignIns:
    """Makes and reads the cookies of those who have signed in."""

    def __init__(self, access: Access, now: Callable[[], float] = time.time) -> None:
        self._access = access
        self._seal = access.seal
        self._ended = Ended()
        self._now = now

    def begin(self, name: str, *, secure: bool) -> str:
        """Return the ``Set-Cookie`` header of a new sign-in.

        Args:
            secure: The browser came by TLS, and is to send it by nothing else.
        """
        value = self._seal.issue(name, self._now(), secrets.token_urlsafe(12))
        return self._header(value, LIFETIME, secure=secure)

    def end(self, cookies: str | None, *, secure: bool) -> str:
        """End a sign-in here; return the ``Set-Cookie`` header that takes it from the browser."""
        sign_in = self._read(cookies)
        if sign_in is not None:
            self._ended.add(sign_in, self._now())
        return self._header("", 0, secure=secure)

    def who(self, cookies: str | None) -> str | None:
        """Return whose sign-in stands in a ``Cookie`` header, or None."""
        sign_in = self._read(cookies)
        return None if sign_in is None or sign_in in self._ended else sign_in.name

    def _read(self, cookies: str | None) -> SignIn | None:
        name = self._seal.cookie
        if not self._access.keys or cookies is None or name not in cookies:
            return None
        try:
            found = SimpleCookie(cookies).get(name)
        except CookieError:
            return None
        return self._seal.read(found.value, self._now()) if found else None

    def _header(self, value: str, seconds: int, *, secure: bool) -> str:
        parts = [f"{self._seal.cookie}={value}", "Path=/", f"Max-Age={seconds}"]
        parts += ["HttpOnly", "SameSite=Strict", *(["Secure"] if secure else [])]
        return "; ".join(parts)
