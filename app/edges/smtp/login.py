"""Logging in at a mail server (RFC 4954)."""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Mapping

from app.edges.smtp.replies import Reply, Stage
from app.edges.smtp.session import SmtpSession, refused
from app.edges.smtp.wire import SmtpError

_GO_ON = 334
_UNKNOWN_MECHANISM = 504
_REMEDY = (
    "check NOTIFIER_EMAIL__USERNAME and NOTIFIER_EMAIL__PASSWORD;"
    " some providers want an app password"
)


class LoginRefusedError(SmtpError):
    """The server does not know the user or the password, or lets neither in."""


async def log_in(session: SmtpSession, username: str, password: str) -> None:
    """Log in, once: a password that one mechanism refuses is not shown to the next.

    Accounts get locked for too many logins with a wrong password.

    Raises:
        LoginRefusedError: The login was refused.
        SmtpError: There was no login.
    """
    offered = session.offers.get("AUTH", "").upper().split()
    for mechanism in _ENCRYPTED if session.encrypted else _IN_THE_CLEAR:
        if mechanism not in offered:
            continue
        reply = await _MECHANISMS[mechanism](session, username, password)
        if reply.good:
            return
        if reply.temporary:
            raise refused(reply)
        if reply.code != _UNKNOWN_MECHANISM:
            raise LoginRefusedError(f"the mail server refused the login: {reply} ({_REMEDY})")
    encrypted = "" if session.encrypted else " without TLS"
    raise SmtpError(f"the mail server offers no login that this service knows{encrypted}")


async def _plain(session: SmtpSession, username: str, password: str) -> Reply:
    both = f"\0{username}\0{password}"
    return await _say(session, f"AUTH PLAIN {_base64(both.encode())}")


async def _login(session: SmtpSession, username: str, password: str) -> Reply:
    reply = await _say(session, "AUTH LOGIN")
    for answer in (username, password):
        if reply.code == _GO_ON:
            reply = await _say(session, _base64(answer.encode()))
    return reply


async def _cram_md5(session: SmtpSession, username: str, password: str) -> Reply:
    reply = await _say(session, "AUTH CRAM-MD5")
    if reply.code != _GO_ON:
        return reply
    try:
        challenge = base64.b64decode(reply.text)
    except binascii.Error:
        raise SmtpError("the mail server's challenge makes no sense") from None
    digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
    return await _say(session, _base64(f"{username} {digest}".encode()))


async def _say(session: SmtpSession, line: str) -> Reply:
    return await session.command(line, Stage.LOGIN)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


_MECHANISMS: Mapping[str, Callable[[SmtpSession, str, str], Awaitable[Reply]]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
}
_ENCRYPTED = ("PLAIN", "LOGIN", "CRAM-MD5")
_IN_THE_CLEAR = ("CRAM-MD5", "PLAIN", "LOGIN")  # the one that does not show the password first
