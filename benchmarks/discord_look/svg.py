"""Discord messages as one SVG in the look of its dark desktop client. Pure; what isn't ours is only imitated.

`draw` takes the fake's messages and interactions, or plain payloads of the API: a message's (see `payload_of` for what
is added to them) or a form's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.discord_look.boxes import attachments, components
from benchmarks.discord_look.controls import Json, modal
from benchmarks.discord_look.heads import LEFT, RIGHT, WIDTH, above_line, face_of, name_line
from benchmarks.discord_look.names import Names
from benchmarks.discord_look.text import Place, content
from benchmarks.discord_look.type import BRIGHT, FAINT, label, paragraph
from benchmarks.drawing.runs import Run
from benchmarks.drawing.shapes import Drawn, at, box, data_url, padded, page, stack
from benchmarks.drawing.type import SANS
from tests.doubles.discord import Asked, Message

BACKGROUND, PING, HIDDEN = "#313338", "#444037", "#35373f"
EPHEMERAL = 1 << 6
Item = Message | Asked | Json


def draw(items: Sequence[Item], names: Names, title: str = "", faces: Mapping[str, bytes] | None = None) -> str:
    """`faces`: PNGs by the name under which somebody speaks; `title`: the channel's name."""
    parts = [_header(title)] if title else []
    parts += [_drawn(payload, names, faces or {}) for item in items for payload in payloads(item)]
    whole = stack([*parts, Drawn("", 0, 18)])
    return page(whole, WIDTH, whole.height, BACKGROUND, SANS)


def payloads(item: Item) -> list[Json]:
    """What is seen of it: an interaction can be a form, or have several messages."""
    if isinstance(item, dict):
        return [item]
    if isinstance(item, Message):
        return [payload_of(item)]
    if item.modal is not None:
        return [item.modal]
    return [payload_of(message) for message in ([item.original] if item.original else []) + item.followups]


def payload_of(message: Message) -> Json:
    """As the API says it, with what a client knows besides: the command that was used, and the files' contents."""
    whole, asked = message.payload(), message.asked
    for upload, shown in zip(message.attachments, whole["attachments"], strict=True):
        shown["data"] = data_url(upload.data, upload.content_type)
    thought = asked is not None and asked.original is message and asked.ack_type == 5
    if len(message.edits) <= thought:  # the first edit of "thinking …" is its answer
        whole["edited_timestamp"] = None
    if asked is not None and asked.source is not None:
        whole["referenced_message"] = asked.source.payload()
    elif asked is not None and asked.original is message:
        whole["used"] = asked.data["name"]
    return whole


def _header(title: str) -> Drawn:
    svg = f'<rect width="{WIDTH:g}" height="44" fill="{BACKGROUND}"/><path d="M0 44.5h{WIDTH:g}" stroke="#26282c"/>'
    return Drawn(svg + at(18, 10, label(f"#  {title}", 16, BRIGHT, bold=True)), WIDTH, 46)


def _drawn(payload: Json, names: Names, faces: Mapping[str, bytes]) -> Drawn:
    if "title" in payload and "author" not in payload:
        return modal(payload, names, WIDTH, "Mynah")
    above, inner = above_line(payload, names, faces), _body(payload, names)
    top = 16 + (above.height + 2 if above else 0)
    height = max(top + inner.height, top + 42) + 2
    face = face_of(payload["author"], faces, 40)
    svg = _shade(payload, names, height) + at(16, top + 2, face) + at(LEFT, top, inner)
    return Drawn(svg + (at(0, 14, above) if above else ""), WIDTH, height)


def _shade(payload: Json, names: Names, height: float) -> str:
    """Behind what is for one person's eyes, or calls them."""
    if payload["flags"] & EPHEMERAL:
        return at(0, 8, Drawn(box(WIDTH, height - 4, HIDDEN, 0), 0, 0))
    if names.viewer and f"<@{names.viewer}>" in payload["content"] and payload["author"].get("bot"):
        return at(0, 8, Drawn(box(WIDTH, height - 4, PING, 0) + box(3, height - 4, "#f0b232", 0), 0, 0))
    return ""


def _body(payload: Json, names: Names) -> Drawn:
    """All that is right of the picture."""
    urls = {each["url"]: each.get("data", "") for each in payload["attachments"]}
    place, width = Place(names, urls), WIDTH - LEFT - RIGHT
    parts = [name_line(payload)]
    if payload["flags"] & 1 << 7:
        parts.append(paragraph((Run("● ● ●   Mynah is thinking…", italic=True),), 14, width, FAINT))
    edited = "\n-# (edited)" if payload["edited_timestamp"] else ""
    if payload["content"]:
        parts.append(content(payload["content"] + edited, place, width))
    if payload["components"]:
        parts.append(padded(components(payload["components"], place, width), 6, 2))
    if edited and not payload["content"]:
        parts.append(content(edited.strip(), place, width))
    if payload["attachments"] and not payload["flags"] & 1 << 15:
        parts.append(padded(attachments(payload["attachments"], place, width), 6, 2))
    if payload["flags"] & EPHEMERAL:
        parts.append(padded(_only_you(), 6, 2))
    return stack(parts)


def _only_you() -> Drawn:
    runs = (Run("Only you can see this · "), Run("Dismiss message", link=True))
    eye = '<path d="M0.5 8c3-6 11-6 14 0c-3 6-11 6-14 0z" fill="#949ba4"/>'
    eye += f'<circle cx="7.5" cy="8" r="2.5" fill="{HIDDEN}"/>'
    words = paragraph(runs, 12, 400, FAINT)
    return Drawn(eye + at(20, 0, words), words.width + 20, words.height)
