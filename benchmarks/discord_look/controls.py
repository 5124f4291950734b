"""Buttons, selects and forms, in the look of Discord's dark client. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.discord_look.names import Names
from benchmarks.discord_look.type import BRIGHT, FAINT, TEXT, label, paragraph
from benchmarks.drawing.runs import Run
from benchmarks.drawing.shapes import Drawn, at, box, stack

Json = dict[str, Any]

STYLES = {1: "#5865f2", 2: "#4e5058", 3: "#248046", 4: "#da373c", 5: "#4e5058"}
HEIGHT, CONTROL = 32.0, 13.5
MODAL = 480.0
NOTE = "This form will be submitted to {app}. Do not share passwords or other sensitive information."


def button(found: Json) -> Drawn:
    emoji, style = (found.get("emoji") or {}).get("name") or "", found["style"]
    words = " ".join(part for part in (emoji, found.get("label"), "↗" if style == 5 else "") if part)
    inner = label(words, CONTROL, "#ffffff")
    width = inner.width + 28
    svg = box(width, HEIGHT, STYLES[style], 6) + at(14, (HEIGHT - inner.height) / 2 + 0.5, inner)
    faded = f'<g opacity="0.5">{svg}</g>' if found.get("disabled") else svg
    return Drawn(faded, width, HEIGHT)


def select(found: Json, names: Names, width: float) -> Drawn:
    """What is chosen: a text where there can be only one, else chips."""
    chosen = chosen_in(found, names)
    if not chosen:
        inner = label(found.get("placeholder") or "Make a selection", CONTROL, FAINT)
    elif found.get("max_values", 1) == 1:
        inner = label(chosen[0], CONTROL, TEXT)
    else:
        inner = _chips(chosen, width - 56)
    height = max(40.0, inner.height + 16)
    arrow = '<path d="m0 0 6 6 6-6" fill="none" stroke="#b5bac1" stroke-width="2"/>'
    svg = box(width - 1, height, "#1e1f22", 6, ' stroke="#3a3c42"') + at(12, (height - inner.height) / 2, inner)
    return Drawn(svg + at(width - 28, height / 2 - 3, Drawn(arrow, 12, 6)), width, height)


def chosen_in(found: Json, names: Names) -> list[str]:
    if found["type"] == 3:
        return [option["label"] for option in found["options"] if option.get("default")]
    known = {"user": ("@", names.users), "role": ("@", names.roles), "channel": ("# ", names.channels)}
    defaults = found.get("default_values") or []
    return [known[each["type"]][0] + known[each["type"]][1].get(str(each["id"]), "unknown") for each in defaults]


def _chips(words: Sequence[str], width: float) -> Drawn:
    svg, x, y = "", 0.0, 0.0
    for word in words:
        inner = label(f"{word}  ×", CONTROL, TEXT)
        if x and x + inner.width + 16 > width:
            x, y = 0.0, y + 30
        svg += at(x, y, Drawn(box(inner.width + 16, 26, "#3f4147", 4) + at(8, 3.5, inner), 0, 0))
        x += inner.width + 22
    return Drawn(svg, width, y + 26)


def modal(form: Json, names: Names, width: float, app: str) -> Drawn:
    """A form over the darkened window."""
    inside = MODAL - 32
    fields = [_field(each, names, inside) for each in form["components"]]
    note = paragraph((Run(NOTE.format(app=app)),), 12, inside - 8, FAINT)
    title = paragraph((Run(form["title"], bold=True),), 19, inside - 30, BRIGHT)
    body = stack([title, note, *fields], 14)
    height = body.height + 32 + 64
    card = box(MODAL, height, "#313338", 8, ' stroke="#44464d"') + at(16, 16, body) + _cross(MODAL - 32, 22)
    card += at(0, height - 64, _buttons())
    dark = f'<rect width="{width}" height="{height + 48:.1f}" fill="#1a1b1e"/>'
    return Drawn(dark + at((width - MODAL) / 2, 24, Drawn(card, MODAL, height)), width, height + 48)


def _buttons() -> Drawn:
    bar = f'<path d="M0.5 0h{MODAL - 1}v56a8 8 0 0 1 -8 8h-{MODAL - 17}a8 8 0 0 1 -8 -8z" fill="#2b2d31"/>'
    submit, cancel = button({"style": 1, "label": "Submit"}), button({"style": 2, "label": "Cancel"})
    right = MODAL - 16 - submit.width
    return Drawn(bar + at(right, 16, submit) + at(right - cancel.width - 8, 16, cancel), MODAL, 64)


def _cross(x: float, y: float) -> str:
    return at(x, y, Drawn('<path d="m0 0 12 12M12 0 0 12" stroke="#b5bac1" stroke-width="2"/>', 12, 12))


def _field(found: Json, names: Names, width: float) -> Drawn:
    """A label with what it labels; a text; or, as in older forms, a row with one input."""
    if found["type"] == 10:
        return paragraph((Run(found["content"]),), 14, width, TEXT)
    inner = found["component"] if found["type"] == 18 else found["components"][0]
    parts = [_name(found.get("label") or inner.get("label") or "", inner.get("required", True))]
    if found.get("description"):
        parts.append(paragraph((Run(found["description"]),), 12.5, width, FAINT))
    parts.append(_input(inner, width) if inner["type"] == 4 else select(inner, names, width))
    return stack(parts, 6)


def _name(words: str, required: bool) -> Drawn:
    name = label(words, 14, BRIGHT, bold=True)
    star = label("*", 14, "#f23f43", bold=True)
    return Drawn(name.svg + (at(name.width + 3, 0, star) if required else ""), name.width + 16, name.height)


def _input(found: Json, width: float) -> Drawn:
    value = found.get("value") or ""
    words = label(value or found.get("placeholder") or "", 14, TEXT if value else "#6d737b")
    height = 92.0 if found.get("style") == 2 else 40.0
    svg = box(width - 1, height, "#1e1f22", 6, ' stroke="#3a3c42"') + at(11, 10, words)
    return Drawn(svg, width, height)
