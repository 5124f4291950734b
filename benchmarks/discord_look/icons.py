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
    "✖": '<path d="m3 3 10 10M13 3 3 13" stroke="#e6e7e8" stroke-width="3" stroke-linecap="round" fill="none"/>',
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
    "🗑": f'<path d="M3 5h10l-1 10H4z" fill="{_GREY}"/><path d="M2 3.6h12M6 2h4" stroke="#8899a6" stroke-width="1.6"'
    ' stroke-linecap="round"/><path d="M6 7v6M8 7v6M10 7v6" stroke="#8899a6"/>',
    "⚠": f'<path d="M8 1 15.5 14.5H0.5z" fill="{_GOLD}"/><path d="M8 5.5v4.5M8 12.3v.1" stroke="#231f20" '
    'stroke-width="1.7" stroke-linecap="round"/>',
    "❌": f'<path d="m3 3 10 10M13 3 3 13" stroke="{_RED}" stroke-width="3" stroke-linecap="round" fill="none"/>',
}


def icon(emoji: str, x: float, y: float, size: float) -> str | None:
    """`x`, `y`: its upper left corner. None: it has no picture here."""
    shape = ICONS.get(emoji.removesuffix("\ufe0f"))
    return shape and f'<g transform="translate({x:.1f} {y:.1f}) scale({size / 16:.3f})">{shape}</g>'
