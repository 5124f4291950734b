"""Text that goes into Discord's Markdown and comes back out of it. Pure."""

from __future__ import annotations

import re

# A backslash before anything but letters, digits and spaces shows that character as it is.
_UNESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")
# Formatting, masked links, mentions, emoji, timestamps; the colon of links; the dot of invites and of numbered lists.
_SPECIAL = re.compile(
    r"[\\*_~|`<>@\[\]#+:-]|(?<=discord)\.|(?<=discordapp)\.|(?m:(?<=^\d)\.|(?<=^\d\d)\.)", re.IGNORECASE
)
_BOLD = re.compile(r"\*\*((?:\\.|[^\\])+?)\*\*", re.DOTALL)
_COMMAND = re.compile(r"(?<![\w/<])/([a-z]+)\b")

LIMIT = 2000  # characters of a message, Discord's
_CUT = "…"


def plain(text: str) -> str:
    """Shown exactly as it is: no formatting, no links, no invites, nothing that could be a mention."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def bold(text: str) -> str:
    return f"**{plain(text)}**"


def first_bold(content: str) -> str | None:
    """What `bold` was given, from a message's content."""
    found = _BOLD.search(content)
    return unescape(found[1]) if found else None


def unescape(content: str) -> str:
    return _UNESCAPE.sub(r"\1", content)


def without_bold(content: str) -> str:
    """`**My dream is** to sail` → `My dream is to sail`, as it reads."""
    return unescape(_BOLD.sub(r"\1", content))


def said_in(content: str) -> str:
    """What a persona said in one of our messages: without its formatting, and without the small lines below."""
    return without_bold(content.split("\n-# ")[0]).removeprefix("…")


def last_part(text: str, limit: int) -> str:
    """The end of a text that is `limit` characters long at most when it is shown by `plain`."""
    if len(plain(text)) <= limit:
        return text
    kept = text[-limit:]
    while len(plain(kept)) > limit - len(_CUT):
        kept = kept[max(1, len(plain(kept)) - limit) :]
    return _CUT + kept.lstrip()


def first_part(content: str, limit: int) -> str:
    """A content's beginning, `limit` characters at most; never the half of an escape."""
    return content if len(content) <= limit else content[: limit - len(_CUT)].rstrip("\\") + _CUT


def with_commands(text: str, ids: dict[str, int]) -> str:
    """`/jobs` → a mention of the command, which can be clicked and reads in the person's own language."""

    def mention(found: re.Match[str]) -> str:
        name = found[1]
        return f"</{name}:{ids[name]}>" if name in ids else found[0]

    return _COMMAND.sub(mention, text)
