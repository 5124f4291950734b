"""Pictures of the emoji that the bot uses, on 16 × 16 units: a system without an emoji font shows them as well."""

from __future__ import annotations

_BLUE, _GREY, _GREEN, _RED, _GOLD = "#3b88c3", "#ccd6dd", "#77b255", "#dd2e44", "#ffcc4d"


def _tile(inner: str, colour: str = _BLUE) -> str:
    """A white sign on a square."""
    strokes = 'fill="none" stroke="#fff" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"'
    return f'<rect width="16" height="16" rx="3" fill="{colour}"/><g {strokes}>{inner}</g>'


ICONS = {
    "🔁": _tile('<path d="M3.5 8V7a2 2 0 0 1 2-2h6m-2-2 2 2-2 2M12.5 8v1a2 2 0 0 1-2 2h-6m2-2-2 2 2 2"/>'),
    "🔄": _tile('<path d="M3.6 7.4a4.5 4.5 0 0 1 8-2.2m.4-2.4v2.6H9.4M12.4 8.6a4.5 4.5 0 0 1-8 2.2M4 13.2v-2.6h2.6"/>'),
    "➡": _tile('<path d="M3.5 8h9M9 4.5 12.5 8 9 11.5"/>'),
    "✅": _tile('<path d="m3.8 8.4 2.8 3 5.6-7"/>', _GREEN),
    "⬜": '<rect x="0.5" y="0.5" width="15" height="15" rx="2" fill="#e6e7e8" stroke="#99aab5"/>',
    "🔢": _tile(
        '<path d="M3.4 5.2 4.6 4v4M7 4.6c1-1 2.2-.2 1.6 1L7 8h2M11 4h2l-1.2 1.6c1.6 0 1.6 2.4-.8 2.2M4 11.8h8"/>'
    ),
    "✖": '<path d="m3 3 10 10M13 3 3 13" stroke="{ink}" stroke-width="3" stroke-linecap="round" fill="none"/>',
    "💬": f'<path d="M8 1.5c4.2 0 7.3 2.4 7.3 5.6S12.2 12.7 8 12.7c-.7 0-1.4 0-2-.2L2.6 14.8l.5-3.6C1.5 10.1.7 8.7.7 '
    f'7.1.7 3.9 3.8 1.5 8 1.5z" fill="{_GREY}"/><path d="M4.6 7.1h.01M8 7.1h.01M11.4 7.1h.01" stroke="#66757f" '
    'stroke-width="1.9" stroke-linecap="round"/>',
    "📇": f'<rect x="0.8" y="4" width="14.4" height="10.5" rx="1" fill="{_GREY}"/>'
    f'<path d="M2 2.5h6.5l1.2 2H2z" fill="{_BLUE}"/><path d="M3 7.5h10M3 9.7h10M3 11.9h6" stroke="#8899a6"/>',
    "📏": '<g transform="rotate(-45 8 8)"><rect x="-1.5" y="5.2" width="19" height="5.6" rx="0.8" '
    f'fill="{_GOLD}"/><path d="M1.5 5.5v2M4 5.5v3M6.5 5.5v2M9 5.5v3M11.5 5.5v2M14 5.5v3" '
    'stroke="#a0671e"/></g>',
    "🎭": f'<path d="M6 4.5h9.5v5c0 3-2 5-4.7 5s-4.8-2-4.8-5z" fill="{_BLUE}"/><path d="M8.6 12.4c1-1.5 '
    '3.4-1.5 4.4 0" stroke="#fff" fill="none"/><path d="M0.5 1.5H10v5c0 3-2 5-4.7 5s-4.8-2-4.8-5z" '
    f'fill="{_GOLD}"/><path d="M2.8 7.6c1 2 4 2 5 0M3 4.5h1.2M6.4 4.5h1.2" stroke="#664500" fill="none"/>',
    "🔎": '<path d="M6.3 9.7 2 14" stroke="#8899a6" stroke-width="2.6" stroke-linecap="round"/>'
    f'<circle cx="9.6" cy="6.4" r="4.6" fill="#bbddf5" stroke="{_GREY}" stroke-width="1.6"/>',
    "🔍": '<path d="M9.7 9.7 14 14" stroke="#8899a6" stroke-width="2.6" stroke-linecap="round"/>'
    f'<circle cx="6.4" cy="6.4" r="4.6" fill="#bbddf5" stroke="{_GREY}" stroke-width="1.6"/>',
    "🗑": f'<path d="M3 5h10l-1 10H4z" fill="{_GREY}"/><path d="M2 3.6h12M6 2h4" stroke="#8899a6" stroke-width="1.6"'
    ' stroke-linecap="round"/><path d="M6 7v6M8 7v6M10 7v6" stroke="#8899a6"/>',
    "⚠": f'<path d="M8 1 15.5 14.5H0.5z" fill="{_GOLD}"/><path d="M8 5.5v4.5M8 12.3v.1" stroke="#231f20" '
    'stroke-width="1.7" stroke-linecap="round"/>',
    "❌": f'<path d="m3 3 10 10M13 3 3 13" stroke="{_RED}" stroke-width="3" stroke-linecap="round" fill="none"/>',
    "◀": _tile('<path d="M10 4.5 5.5 8l4.5 3.5z" fill="#fff"/>'),
    "▶": _tile('<path d="M6 4.5 10.5 8 6 11.5z" fill="#fff"/>'),
    "↗": _tile('<path d="M5 11 11 5M6.4 5H11v4.6"/>'),
    "⏳": '<path d="M4 1.5h8v2.2c0 2-2.6 3-2.6 4.3S12 10.3 12 12.3v2.2H4v-2.2c0-2 2.6-3 2.6-4.3S4 5.7 4 3.7z" '
    f'fill="#bbddf5"/><path d="M3 1.5h10M3 14.5h10" stroke="#8a4b38" stroke-width="1.8"/>'
    f'<path d="M6 5h4L8 7.5zM5 13.5 8 10.5l3 3z" fill="{_GOLD}"/>',
    "🏃": f'<circle cx="10.5" cy="2.6" r="2" fill="{_GOLD}"/><path d="M9.5 5.5 6.5 9.5 9.5 11.5 8 15M6.5 9.5 5 12'
    f' 2 12.5M4.5 7.5 6.5 5.5h3L12 8h2" fill="none" stroke="{_BLUE}" stroke-width="1.9" '
    'stroke-linecap="round" stroke-linejoin="round"/>',
    "🗣": '<path d="M1 15v-3.5C-.5 8 .5 2.5 5 2.5c3 0 4 2 4 3.8l1 2-1 .6v1.6c0 1-.8 1.5-2.8 1.3V15z" '
    'fill="#93b7d0"/><path d="M11.5 6.5l3-1.5M12 8.8h3.5M11.5 11l3 1.5" stroke="#93b7d0" stroke-width="1.4"/>',
    "🔇": '<path d="M1.5 5.5h3l4-3.5v12l-4-3.5h-3z" fill="#8899a6"/>'
    f'<path d="m10.5 5.5 4.5 5M15 5.5l-4.5 5" stroke="{_RED}" stroke-width="1.8"/>',
    "📍": f'<path d="M8 15V8" stroke="{_GREY}" stroke-width="1.8"/><circle cx="8" cy="4.8" r="3.8" fill="{_RED}"/>',
    "🌐": '<circle cx="8" cy="8" r="7" fill="#5dadec"/><path d="M1 8h14M8 1c-4 4-4 10 0 14M8 1c4 4 4 10 0 14" '
    'fill="none" stroke="#fff"/>',
    "🧼": '<rect x="1" y="6.5" width="14" height="8" rx="3" fill="#f4abba"/><circle cx="5" cy="3.5" r="2" '
    'fill="#bbddf5"/><circle cx="9.5" cy="4" r="1.3" fill="#bbddf5"/><path d="M4 9.5h8" stroke="#fff"/>',
    "📐": f'<path d="M1.5 14.5V2l12.5 12.5z" fill="{_GOLD}"/><path d="M4.5 11.5V8.5l3 3z" fill="#fff"/>',
    "🎨": '<path d="M8 1.5c4 0 7 2.6 7 6 0 2.8-3 2-4 3.4-.8 1.2.8 3.6-2.6 3.6C4 14.5 1 11.7 1 8s3-6.5 7-6.5z" '
    f'fill="#d99e82"/><circle cx="5" cy="5.5" r="1.3" fill="{_BLUE}"/><circle cx="9.5" cy="4.5" r="1.3" '
    f'fill="{_GOLD}"/><circle cx="4.5" cy="9.5" r="1.3" fill="{_RED}"/>',
}


def icon(shape: str, x: float, y: float, size: float, ink: str) -> str:
    """`x`, `y`: its upper left corner; `ink`: for signs that have no colour of their own."""
    inner = shape.replace("{ink}", ink)
    return f'<g transform="translate({x:.1f} {y:.1f}) scale({size / 16:.3f})">{inner}</g>'
