"""How an utterance looks. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Utterance
from bot.phrases import remarks
from bot.platforms.discord.controls import button, buttons_below
from bot.platforms.discord.look import Look
from bot.platforms.discord.markdown import LIMIT, bold, first_part, last_part, plain
from bot.platforms.discord.message import Message
from bot.platforms.ids import reference
from bot.texts import Text

PROMPT_LIMIT = 1200
GROWING = " ▌"


def utterance(look: Look, reply: Utterance, prompt: str, asked_by: str | None = None) -> Message:
    """The prompt in bold, and how it went on. Buttons: the same again; on from here.

    With `asked_by`, a mention, the message is under the persona's own name.
    """
    tail = "\n".join(notes(look, reply, asked_by))
    body = spoken(reply.samples, prompt)
    buttons = [button("again", look.say("Again"), "🔁", reference(reply.persona), max(1, len(reply.samples)))]
    if len(reply.samples) == 1:
        buttons.append(button("more", look.say("More"), "➡️", reference(reply.persona)))
    return Message(f"{first_part(body, LIMIT - len(tail) - 1)}\n{tail}", buttons_below(*buttons))


def notes(look: Look, reply: Utterance, asked_by: str | None) -> list[str]:
    """Small lines below; the first one always says that a machine wrote it."""
    lines = [look.label(reply.persona)]
    if asked_by is not None:
        lines = [look.small(Text("written by a machine, asked for by {person}", person=asked_by))]
    return [*lines, *map(look.small, remarks(reply))]


def spoken(samples: Sequence[str], prompt: str) -> str:
    """`**My dream is** to sail`, or the prompt and a list of ways to go on."""
    shown = bold(last_part(prompt, PROMPT_LIMIT))
    rests = [sample.removeprefix(prompt) for sample in samples]
    if len(rests) == 1:
        return shown + plain(rests[0])
    return "\n".join([f"{shown} …", *(f"{n}. {plain(rest.strip())}" for n, rest in enumerate(rests, 1))])


def growing(look: Look, persona: str, prompt: str, texts: Sequence[str]) -> Message:
    """What there is of an utterance that is on its way."""
    body, tail = spoken([prompt + text for text in texts], prompt), f"{GROWING}\n{look.label(persona)}"
    return Message(first_part(body, LIMIT - len(tail)) + tail)
