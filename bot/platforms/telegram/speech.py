"""Saying something: a command, a button, a plain message, or a reply to what was said."""

from __future__ import annotations

from contextlib import suppress

from bot.arguments import SayArguments
from bot.errors import Limited, NotAllowed
from bot.platforms.paced import Paced
from bot.platforms.talk import Speech, talk
from bot.platforms.telegram import look_say
from bot.platforms.telegram.desk import Asked, Desk
from bot.platforms.telegram.message import Message
from bot.texts import Text
from bot.usecases.say import find_persona

PRIVATE_SECONDS, GROUP_SECONDS = 0.8, 3.0  # between two states of an answer that grows


async def say(desk: Desk, asked: Asked, wanted: SayArguments) -> None:
    """Raises UserError or OperatorError."""
    answer, look = asked.answer, asked.look
    seconds = PRIVATE_SECONDS if answer.place.private else GROUP_SECONDS
    cursor = "" if answer.place.private else look_say.GROWING  # Telegram shows by itself that a draft is one
    grow: Paced[Message] = Paced(answer.grow, seconds, first=PRIVATE_SECONDS)

    def speech_of(persona: str, prompt: str) -> Speech[Message]:
        return Speech(
            grow,
            growing=lambda texts: look_say.growing(look, persona, prompt, texts, cursor),
            finish=lambda utterance: answer.show(*look_say.utterance(look, utterance, prompt)),
        )

    await talk(desk.services, asked.caller, wanted, speech_of)


async def overheard(desk: Desk, asked: Asked, wanted: SayArguments) -> None:
    """What wasn't a command: in a group, others needn't read that it isn't allowed."""
    with suppress(*([] if asked.caller.private else [NotAllowed, Limited])):
        await say(desk, asked, wanted)


async def again(desk: Desk, asked: Asked) -> None:
    """The same prompt once more. It is read from the message: nothing of it is stored."""
    persona, _, n = asked.text.rpartition(":")
    await say(desk, asked, SayArguments(look_say.prompt_in(asked.message), persona, int(n)))


async def more(desk: Desk, asked: Asked) -> None:
    """On from where a text ended."""
    await go_on(desk, asked, asked.text)


async def go_on(desk: Desk, asked: Asked, persona: str) -> None:
    longest = desk.services.settings.generation.max_prompt_characters
    await say(desk, asked, SayArguments(look_say.said_in(asked.message)[-longest:], persona))


async def speak(desk: Desk, asked: Asked) -> None:
    """A field for the prompt opens for who pressed the button."""
    await find_persona(desk.services, asked.caller, asked.text)
    if asked.message.chat.type == asked.message.chat.CHANNEL:  # no fields there
        text = Text("Type /say @{persona} and the beginning of a sentence.", persona=asked.text)
        await asked.answer.show(asked.look.notice(text))
    else:
        whom = None if asked.caller.private else asked.presser
        await asked.answer.show(look_say.question(asked.look, asked.text, whom))
