"""What an inline query may be answered with."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.doubles.telegram.checks.keyboards import check_markup
from tests.doubles.telegram.refused import wrong
from tests.doubles.telegram.words import names

Json = dict[str, Any]
ARTICLE = names("type id title input_message_content reply_markup url description")
ARTICLE |= names("thumbnail_url thumbnail_width thumbnail_height")
CONTENT = names("message_text parse_mode entities link_preview_options")
MOST, LARGEST = 50, 64 * 1024  # results, and bytes of them all


def check_inline(results: list[Json], next_offset: str, button: Json | None) -> None:
    """All but the texts, which are read where they are kept."""
    if len(results) > MOST:
        raise wrong("RESULTS_TOO_MUCH")
    if len(json.dumps(results, ensure_ascii=False).encode()) > LARGEST:
        raise wrong("RESULTS_TOO_LARGE")
    for result in results:
        _article(result)
    names = [result["id"] for result in results]
    if len(set(names)) < len(names):
        raise wrong("RESULT_ID_DUPLICATE")
    if len(next_offset.encode()) > 64:
        raise wrong("NEXT_OFFSET_INVALID")
    if button is not None:
        _button(button)


def _article(result: Json) -> None:
    if not isinstance(result, dict) or result.get("type") != "article":
        raise wrong(f"can't parse inline query result: the fake knows only articles: {result}")
    if set(result) - ARTICLE:
        raise wrong(f"can't parse inline query result: unknown {sorted(set(result) - ARTICLE)}")
    if not isinstance(result.get("id"), str) or not 1 <= len(result["id"].encode()) <= 64:
        raise wrong("RESULT_ID_INVALID")
    if not isinstance(result.get("title"), str) or not result["title"].strip():
        raise wrong("ARTICLE_TITLE_EMPTY")
    content = result.get("input_message_content")
    if not isinstance(content, dict) or set(content) - CONTENT or "message_text" not in content:
        raise wrong(f"can't parse input message content: {content}")
    check_markup(result.get("reply_markup"), inline_only=True)


def _button(button: Json) -> None:
    if set(button) - {"text", "start_parameter", "web_app"} or not str(button.get("text", "")).strip():
        raise wrong(f"can't parse inline query results button: {button}")
    if ("start_parameter" in button) == ("web_app" in button):
        raise wrong("can't parse inline query results button: exactly one of start_parameter and web_app expected")
    if "start_parameter" in button and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(button["start_parameter"])):
        raise wrong("START_PARAM_INVALID")
