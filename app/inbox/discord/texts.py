"""Reads texts as Discord does, and strictly: every text that passes here passes there.

Length: Discord's own word is code points (discord/discord-api-docs#1315, 2020, "the API calculates
length based on the number of codepoints"), others say UTF-16 units. UTF-16 units are never fewer,
so they are counted. White space at the ends is not counted by Discord (developers/resources/
message.mdx, "Embed Limits": "trimmed automatically"), and counted here.

Emptiness: white space alone is nothing (50006 for a line break: NITKC-DEV/
Kisarazu-Multi-Manager#32). "Discord may strip certain characters from message content, like invalid
unicode characters" (developers/resources/webhook.mdx), so a text must show something that no
sanitiser takes for such: a letter, digit, mark of punctuation or symbol. The zero-width space is
the exception, because everybody uses it for blank fields (discord-net/Discord.Net#1132).
"""

from app.inbox.texts import is_shown

ZERO_WIDTH_SPACE = "\u200b"


def is_blank(text: str) -> bool:
    """Say whether Discord may take this text for empty."""
    return not any(each == ZERO_WIDTH_SPACE or is_shown(each) for each in text)
