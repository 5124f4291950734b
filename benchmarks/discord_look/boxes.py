"""A message's components as drawings, in the look of Discord's dark client. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.discord_look.controls import Json, button, select
from benchmarks.discord_look.text import SIZE, Place, content
from benchmarks.discord_look.type import FAINT, label
from benchmarks.drawing import shapes
from benchmarks.drawing.shapes import Drawn, at, box, stack

GAP = 8.0
CONTAINER, PICTURE_HEIGHT = 600.0, 350.0


def components(found: Sequence[Json], place: Place, width: float) -> Drawn:
    return stack([component(each, place, width) for each in found], GAP)


def component(found: Json, place: Place, width: float) -> Drawn:
    match found["type"]:
        case 17:
            return _container(found, place, min(CONTAINER, width))
        case 1:
            return _row(found["components"], place, width)
        case 9:
            return _section(found, place, width)
        case 10:
            return content(found["content"], place, width)
        case 12:
            return _gallery([item["media"]["url"] for item in found["items"]], place, width)
        case 14:
            return Drawn(at(0, 4, Drawn(box(width, 1, "#3f4147", 0), width, 1)), width, 9)
    return label(f"[component {found['type']}]", SIZE, FAINT)


def _container(found: Json, place: Place, width: float) -> Drawn:
    inner = components(found["components"], place, width - 36)
    height = inner.height + 30
    svg = box(width, height, "#2b2d31", 8, ' stroke="#3f4147"') + at(20, 15, inner)
    if found.get("accent_color") is not None:
        svg += f'<path d="{_edge(height)}" fill="#{found["accent_color"]:06x}"/>'
    return Drawn(svg, width, height)


def _edge(height: float) -> str:
    """The left 4 of a box whose corners have a radius of 8."""
    return f"M4 1.07A8 8 0 0 0 0 8V{height - 8:.1f}A8 8 0 0 0 4 {height - 1.07:.1f}z"


def _section(found: Json, place: Place, width: float) -> Drawn:
    accessory = found["accessory"]
    beside = button(accessory) if accessory["type"] == 2 else _gallery([accessory["media"]["url"]], place, 85)
    inner = components(found["components"], place, width - beside.width - 16)
    return Drawn(inner.svg + at(width - beside.width, 0, beside), width, max(inner.height, beside.height))


def _row(found: Sequence[Json], place: Place, width: float) -> Drawn:
    """Buttons side by side, in a new line where there is no room; or one select."""
    if found[0]["type"] != 2:
        return select(found[0], place.names, min(width, 440))
    svg, x, y = "", 0.0, 0.0
    for drawn in map(button, found):
        if x and x + drawn.width > width:
            x, y = 0.0, y + drawn.height + GAP
        svg += at(x, y, drawn)
        x += drawn.width + GAP
    return Drawn(svg, width, y + 32)


def _gallery(urls: Sequence[str], place: Place, width: float) -> Drawn:
    """One picture as it is; more of them in two columns."""
    columns = min(2, len(urls))
    each = (width - 4 * (columns - 1)) / columns
    drawn = [picture(place.pictures.get(url, ""), each) for url in urls]
    svg, y = "", 0.0
    for start in range(0, len(drawn), columns):
        row = drawn[start : start + columns]
        svg += "".join(at(number * (each + 4), y, shown) for number, shown in enumerate(row))
        y += max(one.height for one in row) + 4
    return Drawn(svg, width, y - 4)


def picture(data: str, width: float) -> Drawn:
    """Of a data URL; a grey box where there is none."""
    if not data:
        return Drawn(box(width, width / 2, "#1e1f22", 8), width, width / 2)
    return shapes.picture(data, width, PICTURE_HEIGHT)


def attachments(found: Sequence[Json], place: Place, width: float) -> Drawn:
    """Files that no component shows."""
    return stack([_gallery([each["url"]], place, min(width, 550)) for each in found], 4)
