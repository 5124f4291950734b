"""HTML as Mastodon writes it → plain text, in time linear in its length whatever a stranger puts there.

Not html.parser: in Python 3.11 a long run of `<!` or `<a ` takes it quadratic time (CPython issue 135462).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

# A tag ends before the next `<`, so that no character is looked at twice; quotation marks may hold a `>`.
_TOKEN = re.compile(
    r"""(?P<text>[^<]++)
    |<(?P<slash>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*+)(?P<rest>(?:[^<>"']++|"[^"<]*+"|'[^'<]*+'){0,200})>
    |(?P<comment><!--)
    |<[!?/a-zA-Z][^<>]*+>
    |(?P<sign><)""",
    re.VERBOSE,
)
# Not longer ones: html.unescape makes a number of all digits, which Python refuses if there are thousands.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}(?![0-9])|#[xX][0-9a-fA-F]{1,6}(?![0-9a-fA-F])|[a-zA-Z][a-zA-Z0-9]{1,31});?")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_PARAGRAPHS = {"p", "div", "blockquote", "pre", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "table"}
_LINES = {"li", "tr", "dt", "dd"}
_UNSEEN = {"script", "style", "template", "title"}
_QUOTE = "quote-inline"  # the class of "RE: https://…", which is for servers that show no quotes


def html_text(source: str) -> str:
    """Paragraphs with an empty line between them. Links stay as they are read: Mastodon hides parts of their address,
    but the parts make the whole of it.
    """
    out = _Lines()
    n_pre = 0
    for kind, value in _tokens(source):
        if kind == "text":
            text = _ENTITY.sub(lambda match: html.unescape(match[0]), value)
            out.add(text if n_pre else _SPACE.sub(" ", text), verbatim=n_pre > 0)
        elif value == "br":
            out.new_line()
        elif value in _PARAGRAPHS:
            out.break_to(2)
            if value == "pre":
                n_pre = max(0, n_pre + (1 if kind == "start" else -1))
        elif value in _LINES:
            out.break_to(1)
            if value == "li" and kind == "start":
                out.bullet()
    return "".join(out.pieces).strip()


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    """("text", itself), ("start", a tag's name) and ("end", a tag's name); not what is never seen."""
    at = 0
    while match := _TOKEN.match(source, at):
        at = match.end()
        if match["text"] or match["sign"]:
            yield "text", match[0]
        elif match["comment"]:
            at = _after("-->", source, at)
        elif name := (match["name"] or "").lower():
            if not match["slash"] and (name in _UNSEEN or _QUOTE in match["rest"]):
                at = _after(f"</{name}>", source, at)
            else:
                yield ("end" if match["slash"] else "start"), name


def _after(end: str, source: str, at: int) -> int:
    """What is never closed goes on to the end; a search without success is the last one."""
    match = re.compile(re.escape(end), re.IGNORECASE).search(source, at)
    return match.end() if match else len(source)


class _Lines:
    """Pieces of text, without spaces at the ends of lines."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._n_breaks = 2  # newlines at the end so far; the start counts as a new paragraph

    def add(self, text: str, verbatim: bool) -> None:
        if not verbatim and (self._n_breaks or self.pieces[-1].endswith(" ")):
            text = text.lstrip(" ")
        if text:
            self.pieces.append(text)
            self._n_breaks = 0

    def new_line(self) -> None:
        if not self._n_breaks:
            self.pieces[-1] = self.pieces[-1].rstrip(" ")
        self.pieces.append("\n")
        self._n_breaks += 1

    def bullet(self) -> None:
        self.pieces.append("- ")
        self._n_breaks = 2  # a paragraph inside begins right here

    def break_to(self, n_lines: int) -> None:
        while self._n_breaks < n_lines:
            self.new_line()
