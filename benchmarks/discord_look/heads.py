"""Who says something, when, and in answer to what: the lines over a message. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from benchmarks.discord_look.controls import Json
from benchmarks.discord_look.markdown import blocks
from benchmarks.discord_look.names import Names
from benchmarks.discord_look.type import BRIGHT, FAINT, label, line
from benchmarks.drawing.faces import face
from benchmarks.drawing.runs import Run
from benchmarks.drawing.shapes import Drawn, at, box
from benchmarks.drawing.wrap import shortened, wrap

WIDTH, LEFT, RIGHT = 760.0, 72.0, 16.0
FACES = ("#5865f2", "#3ba55c", "#faa61a", "#ed4245", "#eb459e", "#747f8d")


def name_of(author: Json) -> str:
    return str(author.get("global_name") or author["username"])


def name_line(payload: Json) -> Drawn:
    author = payload["author"]
    name = label(name_of(author), 15, BRIGHT, bold=True)
    svg, x = name.svg, name.width + 6
    if author.get("bot"):
        tag = label("APP", 10, "#ffffff", bold=True)
        svg += at(x, 4, Drawn(box(tag.width + 9, 15, "#5865f2", 3) + at(4.5, 0.5, tag), 0, 0))
        x += tag.width + 16
    moment = datetime.fromisoformat(payload["timestamp"])
    clock = label(f"Today at {moment:%I:%M %p}".replace("at 0", "at "), 11.5, FAINT)
    return Drawn(svg + at(x + 2, 3.2, clock), WIDTH, 23)


def face_of(author: Json, faces: Mapping[str, bytes], size: float) -> Drawn:
    name = name_of(author)
    return face(name, faces.get(name), FACES[sha256(name.encode()).digest()[0] % len(FACES)], label, size)


def above_line(payload: Json, names: Names, faces: Mapping[str, bytes]) -> Drawn | None:
    """Whose command it answers, or which message."""
    replied, asked = payload.get("referenced_message"), payload.get("interaction_metadata")
    if replied is not None:
        author, said = replied["author"], _preview(replied, names)
    elif payload.get("used") and asked is not None:
        author, said = asked["user"], (Run("used "), Run(f"/{payload['used']}", pill="mention"))
    else:
        return None
    sign = "@" if replied is not None and f"<@{author['id']}>" in payload.get("content", "") else ""
    runs = (Run(f"{sign}{name_of(author)} ", bold=True), *said)
    words = line(wrap(runs, 12.5, 10_000)[0], 12.5, "#b5bac1")
    spine = '<path d="M36 21v-5a6 6 0 0 1 6-6h24" fill="none" stroke="#4e5058" stroke-width="2"/>'
    return Drawn(spine + at(LEFT, 2, face_of(author, faces, 16)) + at(LEFT + 22, 1, words), WIDTH, 20)


def _preview(replied: Json, names: Names) -> tuple[Run, ...]:
    """The beginning of a message, in one line."""
    if not replied["content"]:
        return (Run("Click to see attachment", italic=True),)
    words = " ".join("".join(run.text for run in block.runs) for block in blocks(replied["content"], names))
    most = WIDTH - LEFT - RIGHT - 120
    return (Run(shortened(words, 12.5, most)),)
