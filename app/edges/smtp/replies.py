"""Judges mail servers' replies: what they mean for a mail and its recipients."""

import re
from enum import StrEnum

import msgspec

MAX_REPLY = 65_536
"""Bytes; a server that says more in one reply makes no sense."""

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\n]*?))?\r?\n")
_ENHANCED = re.compile(r"[245]\.([0-9]{1,3})\.([0-9]{1,3})\b")
_RECIPIENT_LIMIT = re.compile(r"too many (?:recipients|rcpt)|recipient limit", re.IGNORECASE)
# Of Postfix, Exim, Sendmail, Exchange and the large providers: what they say at RCPT or after the
# text about the sending machine or login, not about the mail or the mailbox.
_SENDERS_FAULT = re.compile(
    r"\b(?:helo|ehlo|client (?:host|name|was)|sender (?:address|domain)|send as|relay(?:ing)?"
    r"|(?:un)?authenticat\w*|auth|log ?in|starttls|spf|dmarc|dnsbl|bl(?:ack|ock) ?list\w*"
    r"|blocked using|reputation|sending (?:quota|limit)|user sending)\b",
    re.IGNORECASE,
)
_RECIPIENTS_FAULT = re.compile("recipient address rejected", re.IGNORECASE)
_LOGIN_CODES = frozenset({530, 534, 535, 538})  # RFC 4954
_SESSION_CODES = frozenset({503, 504})  # the addresses are sound: it is the session that is not
_SENDERS_CODES = frozenset({("1", "7"), ("1", "8")})


class Stage(StrEnum):
    """The command that a reply answers."""

    CONNECT = "connect"  # the greeting, EHLO, STARTTLS
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    TEXT = "text"


class Reply(msgspec.Struct, frozen=True):
    """A server's reply."""

    code: int | None  # the SMTP reply code; None if no answer came
    text: str  # the server's words, one line of them to a line; or what happened instead
    stage: Stage = Stage.CONNECT  # the command that it answers

    @property
    def good(self) -> bool:
        """Whether the command succeeded."""
        return self.code is not None and 200 <= self.code < 300

    @property
    def temporary(self) -> bool:
        """Whether the same may pass later."""
        return self.code is None or 400 <= self.code < 500

    def __str__(self) -> str:
        return self.text if self.code is None else f"{self.code} {self.text}"


class MalformedReplyError(ValueError):
    """The reply is not SMTP."""


def read_reply(received: bytearray, stage: Stage) -> Reply | None:
    """Take the first reply out of received bytes; None if it is not complete.

    Raises:
        MalformedReplyError: It is no reply, or is longer than ``MAX_REPLY``.
    """
    lines: list[bytes] = []
    end = 0
    while (newline := received.find(b"\n", end)) >= 0:
        match = _LINE.fullmatch(received, end, newline + 1)
        if match is None:
            raise MalformedReplyError
        lines.append((match[3] or b"").strip())
        end = newline + 1
        code, is_last = int(match[1]), match[2] != b"-"
        if is_last:
            del received[:end]  # the match reads from it, and no longer holds
            return Reply(code, b"\n".join(lines).decode(errors="replace"), stage)
    if len(received) > MAX_REPLY:
        raise MalformedReplyError
    return None


def says_too_many_recipients(reply: Reply) -> bool:
    """Say whether a refused recipient may be taken in another transaction.

    RFC 5321, section 4.5.3.1.10: 452, and 552 of older servers. Both are also the code of a full
    mailbox, which only the enhanced code tells apart; a limit of the rate (x.7) is another matter.
    """
    unsaid = reply.code in (452, 552) and _ENHANCED.match(reply.text) is None
    return unsaid or is_recipient_limit(reply)


def is_recipient_limit(reply: Reply) -> bool:
    """Say whether that is certain: as many recipients would be refused again."""
    enhanced = _ENHANCED.match(reply.text)
    if enhanced is not None and enhanced.groups() == ("5", "3"):
        return True
    is_rate = enhanced is not None and enhanced[1] == "7"
    return not is_rate and _RECIPIENT_LIMIT.search(reply.text) is not None


def says_too_large(reply: Reply) -> bool:
    """Say whether the mail is larger than the server takes."""
    if reply.code not in (552, 554) or reply.stage not in (Stage.SENDER, Stage.TEXT):
        return False
    enhanced = _ENHANCED.match(reply.text)
    if enhanced is None:
        return reply.code == 552
    return enhanced.groups() in {("3", "4"), ("2", "3")}


def is_about_the_recipient(reply: Reply) -> bool:
    """Say whether a temporary refusal is about one recipient, and the server itself does its work.

    A full mailbox, a user who is away, greylisting.
    """
    if reply.stage is not Stage.RECIPIENT or reply.code is None:
        return False
    enhanced = _ENHANCED.match(reply.text)
    return reply.code == 450 if enhanced is None else enhanced[1] in {"1", "2", "7"}


def is_about_the_login(reply: Reply) -> bool:
    """Say whether the server lets this service in at all."""
    return reply.code in _LOGIN_CODES


def is_about_the_sender(reply: Reply) -> bool:
    """Say whether a lasting refusal is probably about this service: its name, address or sender.

    Such a refusal is no word about the mail or the mailbox; it ends when somebody changes a
    setting, here or there. Servers give it for recipients all the same (Postfix by default).
    """
    if reply.temporary or reply.good or says_too_large(reply):
        return False
    enhanced = _ENHANCED.match(reply.text)
    if enhanced is not None and enhanced[1] in {"1", "2"}:  # addresses, mailboxes
        return enhanced.groups() in _SENDERS_CODES
    if _RECIPIENTS_FAULT.search(reply.text):
        return False
    if reply.code in _SESSION_CODES or reply.stage is Stage.SENDER:
        return True
    return bool(_SENDERS_FAULT.search(reply.text))
