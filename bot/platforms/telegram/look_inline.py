"""How the results of an inline query look: in the list, and as the messages that they become. Pure."""

from __future__ import annotations

import hashlib

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResult,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
)

from bot.domain import Persona
from bot.platforms.telegram.look import Look
from bot.platforms.telegram.look_say import query, spoken
from bot.platforms.telegram.rich import LIMIT, Rich, first_part, units

TITLE, DESCRIPTION = 32, 200
HINT = 64  # characters of the line above the list
START = "inline"  # what /start gets from there


def variant(look: Look, persona: str, prompt: str, sample: str) -> InlineQueryResult:
    """One way to go on; the message says that a machine wrote it."""
    rest = " ".join(sample.removeprefix(prompt).split()) or sample
    tail = Rich("\n") + look.label(persona)
    body = first_part(spoken([sample], prompt), LIMIT - units(tail.text)) + tail
    again = InlineKeyboardButton(
        "🔁 " + look.say("Another one"), switch_inline_query_current_chat=query(persona, prompt)
    )
    title = _beginning(rest)
    return _article(title, rest if rest != title else "", body, again)


def persona(look: Look, one: Persona) -> InlineQueryResult:
    """Who can speak; as a message, a sample."""
    body = first_part(look.sample(one))
    begin = InlineKeyboardButton("💬 " + look.say("Say something"), switch_inline_query_current_chat=query(one.name))
    what = look.say("Type {query}. A tap posts a sample.", query=query(one.name, look.say("My dream is")))
    return _article(one.name, what, body, begin)


def _beginning(text: str) -> str:
    """Whole words."""
    return text if len(text) <= TITLE else text[:TITLE].rpartition(" ")[0] or text[:TITLE]


def _article(title: str, description: str, body: Rich, below: InlineKeyboardButton) -> InlineQueryResult:
    return InlineQueryResultArticle(
        hashlib.sha256(body.text.encode()).hexdigest()[:32],
        title[:TITLE],
        InputTextMessageContent(
            body.text, entities=body.entities, link_preview_options=LinkPreviewOptions(is_disabled=True)
        ),
        reply_markup=InlineKeyboardMarkup([[below]]),
        description=description[:DESCRIPTION] or None,
    )


def hint(look: Look, text: str) -> InlineQueryResultsButton:
    told = look.told(text)
    return InlineQueryResultsButton(told if len(told) <= HINT else told[: HINT - 1] + "…", start_parameter=START)
