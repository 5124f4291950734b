"""What may be put below a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.doubles.telegram.refused import wrong
from tests.doubles.telegram.texts import units

Json = dict[str, Any]

ACTIONS = (
    "callback_data",
    "url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "web_app",
    "login_url",
    "callback_game",
    "pay",
)
LOOKS = ("text", "style", "icon_custom_emoji_id")
STYLES = (None, "danger", "success", "primary")
MOST, WIDEST = 100, 8


def check_markup(markup: Json | None, inline_only: bool = False) -> None:
    """`inline_only`: where a message is edited or chosen, and in channels."""
    if not markup:
        return
    kinds = [kind for kind in _KINDS if kind in markup]
    if len(kinds) != 1:
        raise wrong(f"can't parse reply keyboard markup JSON object: {markup}")
    if inline_only and kinds[0] != "inline_keyboard":
        raise wrong("inline keyboard expected")
    _KINDS[kinds[0]](markup)


def _inline(markup: Json) -> None:
    _names("inline keyboard", markup, {"inline_keyboard"})
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) and row for row in rows):
        raise wrong("can't parse inline keyboard: rows of buttons expected")
    if any(len(row) > WIDEST for row in rows) or sum(map(len, rows)) > MOST:
        raise wrong("reply markup is too long")
    for row in rows:
        for button in row:
            _button(button)


def _button(button: Json) -> None:
    if not isinstance(button, dict):
        raise wrong(f"can't parse inline keyboard button: {button}")
    _names("inline keyboard button", button, {*ACTIONS, *LOOKS})
    if not isinstance(button.get("text"), str) or not button["text"].strip():
        raise wrong("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    given = [action for action in ACTIONS if action in button]
    if len(given) != 1 or button.get("style") not in STYLES:
        raise wrong(f"can't parse inline keyboard button: exactly one action expected: {button}")
    if given[0] in _ACTIONS:
        _ACTIONS[given[0]](button[given[0]])


def _data(value: object) -> None:
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= 64:
        raise wrong("BUTTON_DATA_INVALID")


def _url(value: object) -> None:
    if not isinstance(value, str) or not value.startswith(("http://", "https://", "tg://")) or " " in value:
        raise wrong(f"inline keyboard button URL {value!r} is invalid: Wrong HTTP URL")


def _copy(value: object) -> None:
    text = value.get("text") if isinstance(value, dict) else None
    if not isinstance(text, str) or not 1 <= len(text) <= 256:
        raise wrong("BUTTON_COPY_TEXT_INVALID")


def _query(value: object) -> None:
    if not isinstance(value, str) or units(value) > 256:
        raise wrong(f"can't parse inline keyboard button: switch to {value!r}")


def _chosen(value: object) -> None:
    known = {"query", "allow_user_chats", "allow_bot_chats", "allow_group_chats", "allow_channel_chats"}
    if not isinstance(value, dict) or set(value) - known or not any(value.get(name) for name in known - {"query"}):
        raise wrong(f"can't parse inline keyboard button: switch to {value!r}")
    _query(value.get("query", ""))


def _force(markup: Json) -> None:
    _names("force reply", markup, {"force_reply", "input_field_placeholder", "selective"})
    placeholder = markup.get("input_field_placeholder")
    if markup["force_reply"] is not True or not isinstance(markup.get("selective", False), bool):
        raise wrong(f"can't parse force reply: {markup}")
    if placeholder is not None and (not isinstance(placeholder, str) or not 1 <= units(placeholder) <= 64):
        raise wrong(f"can't parse force reply: input_field_placeholder {placeholder!r}")


def _remove(markup: Json) -> None:
    _names("remove keyboard", markup, {"remove_keyboard", "selective"})
    if markup["remove_keyboard"] is not True:
        raise wrong(f"can't parse remove keyboard: {markup}")


def _keyboard(markup: Json) -> None:
    raise wrong("the fake knows no custom reply keyboards")


def _names(what: str, given: Json, known: set[str]) -> None:
    if set(given) - known:
        raise wrong(f"can't parse {what}: unknown {sorted(set(given) - known)}")


_KINDS: dict[str, Callable[[Json], None]] = {
    "inline_keyboard": _inline,
    "force_reply": _force,
    "remove_keyboard": _remove,
    "keyboard": _keyboard,
}
_ACTIONS: dict[str, Callable[[object], None]] = {
    "callback_data": _data,
    "url": _url,
    "copy_text": _copy,
    "switch_inline_query": _query,
    "switch_inline_query_current_chat": _query,
    "switch_inline_query_chosen_chat": _chosen,
}
