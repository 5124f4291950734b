"""Methods that answer pressed buttons and inline queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.checks import check_inline
from tests.doubles.telegram.reading import LONGEST, preview, read_text
from tests.doubles.telegram.refused import too_old, wrong
from tests.doubles.telegram.texts import Text, units

if TYPE_CHECKING:
    from tests.doubles.telegram.api import Handler
    from tests.doubles.telegram.world import World

Json = dict[str, Any]


class Answers:
    def __init__(self, world: World) -> None:
        self.world = world

    def methods(self) -> dict[str, Handler]:
        return {"answerCallbackQuery": self.press, "answerInlineQuery": self.inline}

    def press(self, call: Call) -> bool:
        text, url = call.text("text"), call.text("url")
        if len(text) > 200:
            raise wrong("MESSAGE_TOO_LONG")
        if url and not url.startswith(("https://t.me/", f"tg://resolve?domain={self.world.username}")):
            raise wrong("URL_INVALID")
        press = self.world.presses.get(call.text("callback_query_id"))
        if press is None or press.answered or press.age > self.world.callback_age:
            raise too_old()
        press.answer(text or None, call.flag("show_alert"), url or None)
        call.integer("cache_time", 0)
        self.world.changes.tell()
        return True

    def inline(self, call: Call) -> bool:
        results = call.items("results")
        if results is None:
            raise wrong("can't parse inline query results: array expected")
        button, offset = call.object("button"), call.text("next_offset")
        check_inline(results, offset, button)
        for result in results:
            content_of(result)
        query = self.world.queries.get(call.text("inline_query_id"))
        if query is None or query.answered or query.age > self.world.inline_age:
            raise too_old()
        query.answer(results, offset, button)
        self.world.inline_cache.keep(query, call.integer("cache_time", 300), call.flag("is_personal"))
        self.world.changes.tell()
        return True


def content_of(result: Json) -> Text:
    """What a result says where it is chosen."""
    content = result["input_message_content"]
    preview(content.get("link_preview_options"))
    if not isinstance(content["message_text"], str):
        raise wrong("can't parse input message content: message_text")
    text = read_text(content["message_text"], content.get("parse_mode") or "", content.get("entities"))
    if not text.plain:
        raise wrong("message text is empty")
    if units(text.plain) > LONGEST:
        raise wrong("MESSAGE_TOO_LONG")
    return text
