"""Which URLs Discord takes in embeds and as avatars.

"only supports http(s)" (discord/discord-api-docs, developers/resources/message.mdx); at most 2,048
characters (discord/discord-api-spec, RichEmbed). What "Not a well formed URL" means is written
nowhere; reported as refused are hosts without a dot (bugsink/bugsink#280, go-gitea/gitea#11124),
underscores in the host (discordjs/discord.js#7438), spaces (discord-net/Discord.Net#1897) and the
empty string (discord/discord-api-docs#5837); IPv4 addresses with a port are taken
(go-gitea/gitea#6263). Taken here is therefore only what RFC 3986 calls a URI, with a host of at
least two labels and a top-level domain of letters, or an IPv4 address. ``attachment://`` needs a
file in the same request, and none comes with JSON.
"""

import ipaddress
import re

MAX_URL = 2048

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--{_LABEL})")
_MAX_NAME = 253
_CHARACTER = r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2}"
_URI = re.compile(
    rf"https?://(?P<host>[^/?#:@\[\]]+)(?::(?P<port>[1-9][0-9]{{0,4}}))?"
    rf"(?:[/?](?:{_CHARACTER})*)?(?:#(?:{_CHARACTER})*)?"
)


def scheme_of(url: str) -> str:
    """Return the scheme as Discord quotes it when it refuses one."""
    head, colon, _ = url.partition(":")
    return head.lower() if colon else ""


def is_well_formed(url: str) -> bool:
    """Say whether Discord surely takes this URL; its scheme is looked at too."""
    match = _URI.fullmatch(url)
    return match is not None and _is_host(match["host"]) and int(match["port"] or 1) <= 65535


def _is_host(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return len(host) <= _MAX_NAME and bool(_NAME.fullmatch(host))
    return True
