"""Plain text as Mastodon writes it in HTML."""

from __future__ import annotations

import html
import re

_PARTS = re.compile(
    r"(?P<link>https?://[^\s<>]*[^\s<>.,!?;:)])"
    r"|(?<![\w/@])@(?P<user>[a-z0-9_]+)(?P<domain>@[a-z0-9.-]*[a-z0-9])?"
    r"|(?<![\w/&#])#(?P<tag>\w+)",
    re.IGNORECASE,
)
_START = re.compile(r"https?://(www\.)?")
SHOWN = 30  # characters of a link's address


def as_html(text: str, url: str) -> str:
    """`url` is the instance's. A blank line begins a paragraph."""
    if not text:
        return ""
    paragraphs = [_inline(part, url).replace("\n", "<br />") for part in re.split(r"\n{2,}", text)]
    return "".join(f"<p>{part}</p>" for part in paragraphs)


def mentioned(text: str) -> list[str]:
    """Who is mentioned: bob, or bob@other.example."""
    return [found["user"] + (found["domain"] or "") for found in _PARTS.finditer(text) if found["user"]]


def _inline(text: str, url: str) -> str:
    done, at = "", 0
    for found in _PARTS.finditer(text):
        done += html.escape(text[at : found.start()]) + _marked(found, url)
        at = found.end()
    return done + html.escape(text[at:])


def _marked(found: re.Match[str], url: str) -> str:
    if found["link"]:
        return link(found["link"])
    if found["tag"]:
        tag = found["tag"]
        return f'<a href="{url}/tags/{tag.lower()}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>'
    name, domain = found["user"], found["domain"]
    page = f"https://{domain[1:]}/@{name}" if domain else f"{url}/@{name}"
    anchor = f'<a href="{page}" class="u-url mention">@<span>{name}</span></a>'
    return f'<span class="h-card" translate="no">{anchor}</span>'


def link(address: str) -> str:
    """Its beginning and what goes on after 30 characters are there, yet not shown."""
    found = _START.match(address)
    start = found[0] if found else ""
    shown, rest = address[len(start) :][:SHOWN], address[len(start) :][SHOWN:]
    kind = "ellipsis" if rest else ""
    spans = "".join(
        f'<span class="{name}">{html.escape(part)}</span>'
        for name, part in (("invisible", start), (kind, shown), ("invisible", rest))
    )
    about = 'target="_blank" rel="nofollow noopener noreferrer" translate="no"'
    return f'<a href="{html.escape(address)}" {about}>{spans}</a>'
