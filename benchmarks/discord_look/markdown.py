"""Discord's Markdown → blocks of styled runs, as its client shows them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from benchmarks.discord_look.names import Names, moment
from benchmarks.drawing.runs import Block, Run

# From the strongest: what is escaped, and code, is no formatting.
_INLINE = re.compile(
    r"\\(?P<escaped>[^0-9A-Za-z\s])"
    r"|`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<bold>(?:\\.|[^\\])+?)\*\*"
    r"|~~(?P<struck>(?:\\.|[^\\])+?)~~"
    r"|\*(?P<italic>(?:\\.|[^\\*])+?)\*|(?<!\w)_(?P<italic_>(?:\\.|[^\\_])+?)_(?!\w)"
    r"|<(?P<sigil>@!?|@&|\#)(?P<id>\d+)>"
    r"|</(?P<command>[^:>]+):\d+>"
    r"|<t:(?P<time>\d+)(?::(?P<style>[tTdDfFR]))?>"
    r"|\[(?P<masked>[^\]\n]+)\]\((?P<target>https?://[^\s)]+)\)"
    r"|https?://discord\.com/channels/[^/\s]+/(?P<jump>\d+)/\d+"
    r"|(?P<url>https?://[^\s<]+)",
    re.DOTALL,
)
_FENCE = re.compile(r"```(?:[a-z]+\n)?\n?(.*?)\n?```\n?", re.DOTALL)
_LINE = re.compile(r"(?P<mark>-\# |\#{1,3} |> |[-*] |\d+\. )?(?P<rest>.*)")


def blocks(text: str, names: Names) -> list[Block]:
    """A message's text, top to bottom."""
    found: list[Block] = []
    for number, part in enumerate(_FENCE.split(text)):
        if number % 2:
            found += [Block("code", (Run(line, code=True),)) for line in part.split("\n")]
        elif part:
            found += [_block(line, names) for line in part.removesuffix("\n").split("\n")]
    return found


def _block(line: str, names: Names) -> Block:
    matched = _LINE.fullmatch(line)
    assert matched is not None
    mark = (matched["mark"] or "").strip()
    inner = runs(matched["rest"], names)
    if mark.startswith("#"):
        return Block("heading", tuple(replace(run, bold=True) for run in inner), level=len(mark))
    if mark in {"", "-#", ">"}:
        return Block({"": "text", "-#": "sub", ">": "quote"}[mark], inner)
    return Block("item", inner, mark if mark[0].isdigit() else "•")


def runs(text: str, names: Names, style: Run | None = None) -> tuple[Run, ...]:
    """Runs of one line, neighbours of the same style joined."""
    joined: list[Run] = []
    for run in _pieces(text, names, style or Run("")):
        if joined and not run.pill and replace(joined[-1], text="") == replace(run, text=""):
            joined[-1] = replace(run, text=joined[-1].text + run.text)
        else:
            joined.append(run)
    return tuple(joined)


def _pieces(text: str, names: Names, style: Run) -> Iterator[Run]:
    at = 0
    for found in _INLINE.finditer(text):
        if found.start() > at:
            yield replace(style, text=text[at : found.start()])
        yield from _matched(found.groupdict(), names, style)
        at = found.end()
    if at < len(text):
        yield replace(style, text=text[at:])


def _matched(found: dict[str, Any], names: Names, style: Run) -> Iterator[Run]:
    """What one construct shows."""
    for name, changed in (
        ("bold", replace(style, bold=True)),
        ("italic", replace(style, italic=True)),
        ("italic_", replace(style, italic=True)),
        ("struck", replace(style, struck=True)),
        ("masked", replace(style, link=True)),
    ):
        if found[name] is not None:
            yield from runs(found[name], names, changed)
            return
    if found["escaped"] is not None:
        yield replace(style, text=found["escaped"])
    elif found["code"] is not None:
        yield replace(style, text=found["code"], code=True)
    elif found["url"] is not None:
        yield replace(style, text=found["url"], link=True)
    else:
        yield _pill(found, names, style)


def _pill(found: dict[str, Any], names: Names, style: Run) -> Run:
    if found["command"] is not None:
        return replace(style, text=f"/{found['command']}", pill="mention")
    if found["time"] is not None:
        return replace(style, text=moment(int(found["time"]), found["style"] or "f", names.now), pill="time")
    if found["jump"] is not None:
        return replace(style, text=f"# {names.channels.get(found['jump'], 'unknown')} › 💬", pill="mention")
    known = {"@": names.users, "@!": names.users, "@&": names.roles, "#": names.channels}[found["sigil"]]
    sign = "# " if found["sigil"] == "#" else "@"
    return replace(style, text=sign + known.get(found["id"], "unknown"), pill="mention")
