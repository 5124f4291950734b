"""How an utterance looks, and how it is read back: prompts are stored nowhere but in their messages. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import telegram
from telegram import MessageEntity, User

from bot.domain import Utterance
from bot.phrases import remarks
from bot.platforms.ids import reference
from bot.platforms.telegram.look import Look
from bot.platforms.telegram.message import Message, persona_button
from bot.platforms.telegram.rich import (
    LIMIT,
    Rich,
    bold,
    first_part,
    last_part,
    lines,
    mention,
    original,
    parts,
    plain,
    units,
    with_part,
)

PROMPT_LIMIT = 1200
GROWING = " ▌"
QUERY_LIMIT = 256  # characters of an inline query


def utterance(look: Look, reply: Utterance, prompt: str) -> list[Message]:
    """The prompt in bold, and how it went on; more than one message where it is too long for one.

    Buttons: below the first, which has the prompt, the same again, and the card; below the last one, on from there.
    """
    tail = lines([look.label(reply.persona), *map(look.told, remarks(reply))])
    between = "\n" if len(reply.samples) == 1 else "\n\n"
    bodies = parts(spoken(reply.samples, prompt), LIMIT - units(tail.text) - len(between))
    tails = [*[look.label(reply.persona)] * (len(bodies) - 1), tail]
    shown = [Message(body + between + below) for body, below in zip(bodies, tails, strict=True)]
    again = persona_button("again", "🔁 " + look.say("Again"), reply.persona, max(1, len(reply.samples)))
    more = [persona_button("more", "➡️ " + look.say("More"), reply.persona)] if len(reply.samples) == 1 else []
    card = look.persona_buttons(reply.persona, "card")
    if len(shown) == 1:
        return [replace(shown[0], rows=((again, *more, *card),))]
    first, *middle, last = shown
    return [replace(first, rows=((again, *card),)), *middle, replace(last, rows=(tuple(more),) if more else ())]


def spoken(samples: Sequence[str], prompt: str) -> Rich:
    """`My dream is to sail`, with the prompt in bold; or the prompt and a list of ways to go on."""
    shown = bold(plain(last_part(prompt, PROMPT_LIMIT)))
    rests = [sample.removeprefix(prompt) for sample in samples]
    if len(rests) == 1:
        return shown + plain(rests[0])
    return lines([shown + " …", *(f"{n}. {plain(rest.strip())}" for n, rest in enumerate(rests, 1))])


def growing(look: Look, persona: str, prompt: str, texts: Sequence[str], cursor: str = GROWING) -> Message:
    """What there is of an utterance that is on its way."""
    tail = Rich(f"{cursor}\n") + look.label(persona)
    body = spoken([prompt + text for text in texts], prompt)
    return Message(first_part(body, LIMIT - units(tail.text)) + tail)


def prompt_in(message: telegram.Message) -> str:
    """Of one of our utterances; empty when it is none."""
    bold = [mark for mark in message.entities if mark.type == MessageEntity.BOLD]
    if not bold:
        return ""
    text = (message.text or "").encode("utf-16-le")  # Telegram may have split it, at a hashtag for example
    whole = text[2 * bold[0].offset : 2 * (bold[-1].offset + bold[-1].length)]
    return original(whole.decode("utf-16-le")).removeprefix("…")


def said_in(message: telegram.Message) -> str:
    """What was said in one of our utterances: all before the label."""
    text = message.text or message.caption or ""
    kinds: list[str | None] = [MessageEntity.ITALIC]
    label = [*message.parse_entities(kinds).values(), *message.parse_caption_entities(kinds).values()]
    return original(text[: text.rfind(label[-1])] if label else text).strip().removeprefix("…")


def persona_in(message: telegram.Message) -> str | None:
    """The reference of who speaks in one of our messages, as its buttons or its question say."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    for one in (one for row in rows for one in row):
        action, _, about = str(one.callback_data or "").partition(":")
        if action in {"again", "speak"}:
            return about.partition(":")[0]
    return None


def asked_of(message: telegram.Message) -> str | None:
    """The persona that a question of ours (`question`) is about."""
    name = next(iter(message.parse_entities([MessageEntity.CODE]).values()), "")
    return original(name)[1:] if name.startswith("@") else None


def question(look: Look, persona: str, whom: User | None = None) -> Message:
    """Opens a field for the prompt, in a group only for who is mentioned; the reply to it says whose it is."""
    text = look.say("Reply to this with the beginning of a sentence, and @{persona} finishes it.", persona=persona)
    body = with_part(text, plain(f"@{persona}"), MessageEntity.CODE)
    if whom is not None:
        body = mention(whom.id, whom.first_name) + ": " + body
    return Message(body, ask=look.say("My dream is"))


def query(persona: str, prompt: str = "") -> str:
    """What to type after the bot's name, in any chat."""
    return f"@{reference(persona)}: {prompt}"[:QUERY_LIMIT]
