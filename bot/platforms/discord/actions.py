"""What buttons and forms do: a table from the action in their id to a handler."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Self

import discord

from bot import traces
from bot.arguments import CancelArguments, ForgetArguments, SayArguments, TrainArguments, parse_train
from bot.commands import COMMANDS
from bot.errors import BadInput
from bot.platforms.discord import rules
from bot.platforms.discord.answer import Answer
from bot.platforms.discord.desk import Desk
from bot.platforms.discord.dialog import run_command, show_card
from bot.platforms.discord.markdown import first_bold, said_in
from bot.platforms.discord.people import PLATFORM, Asked, caller_of, fields
from bot.platforms.discord.speech import say
from bot.platforms.discord.trainings import submit
from bot.platforms.ids import PATTERN, custom_id, named
from bot.texts import Text
from bot.usecases.personas import list_personas
from bot.usecases.say import find_persona

Handler = Callable[[Desk, Asked, str], Awaitable[None]]
PROMPT = "prompt"  # the form's field


async def again(desk: Desk, asked: Asked, about: str) -> None:
    """The same prompt once more. It is read from the message: nothing of it is stored."""
    persona, _, n = about.rpartition(":")
    prompt = first_bold(asked.message.content) if asked.message else None
    await say(desk, asked, SayArguments((prompt or "").removeprefix("…"), await _name(desk, asked, persona), int(n)))


async def more(desk: Desk, asked: Asked, about: str) -> None:
    """On from where a text ended."""
    text = said_in(asked.message.content if asked.message else "")
    longest = desk.services.settings.generation.max_prompt_characters
    await say(desk, asked, SayArguments(text[-longest:], await _name(desk, asked, about)))


async def speak(desk: Desk, asked: Asked, about: str) -> None:
    """A form for the prompt."""
    look = desk.look(asked.locale.value)
    title = look.say("Say something as @{persona}", persona=await _name(desk, asked, about))[:45]
    modal = discord.ui.Modal(title=title, custom_id=custom_id("said", about))
    prompt: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=PROMPT,
        max_length=min(4000, desk.services.settings.generation.max_prompt_characters),
        placeholder=look.say("My dream is"),
    )
    modal.add_item(discord.ui.Label(text=look.say("The beginning of a sentence"), component=prompt))
    if not desk.seen.again(asked.id):
        await Answer(asked).ask(modal)


async def said(desk: Desk, asked: Asked, about: str) -> None:
    """The form comes back."""
    await say(desk, asked, SayArguments(fields(asked).get(PROMPT, ""), await _name(desk, asked, about)))


async def card(desk: Desk, asked: Asked, about: str) -> None:
    async def work(answer: Answer) -> None:
        persona = await find_persona(desk.services, caller_of(asked), await _name(desk, asked, about))
        await show_card(desk, answer, persona)

    await desk.answer(asked, work)


async def retrain(desk: Desk, asked: Asked, about: str) -> None:
    """With the accounts and weights that it has."""

    async def work(answer: Answer) -> None:
        caller = caller_of(asked)
        persona = await find_persona(desk.services, caller, await _name(desk, asked, about))
        await submit(desk, answer, caller, TrainArguments(persona.voices))

    await desk.answer(asked, work)


async def spend(desk: Desk, asked: Asked, about: str) -> None:
    """Somebody says yes to what a training costs."""
    await desk.answer(asked, lambda answer: submit(desk, answer, caller_of(asked), parse_train(about)))


async def cancel(desk: Desk, asked: Asked, about: str) -> None:
    await run_command(desk, asked, COMMANDS["cancel"], CancelArguments(int(about)))


async def forget(desk: Desk, asked: Asked, about: str) -> None:
    arguments = ForgetArguments(await _name(desk, asked, about), sure=True)
    await run_command(desk, asked, COMMANDS["forget"], arguments, in_place=True)


async def _name(desk: Desk, asked: Asked, about: str) -> str:
    known = await list_personas(desk.services, caller_of(asked))
    return named(about, [persona.name for persona in known])


ACTIONS: dict[str, Handler] = {
    "again": again,
    "more": more,
    "speak": speak,
    "said": said,
    "card": card,
    "retrain": retrain,
    "spend": spend,
    "cancel": cancel,
    "forget": forget,
    "rule": rules.on_rule,
    "quotas": rules.on_quotas,
    "quota": rules.on_quota,
}


async def act(desk: Desk, asked: Asked, action: str, about: str) -> None:
    """Never raises."""
    with traces.request(PLATFORM):
        await desk.guard(asked, ACTIONS.get(action, unknown)(desk, asked, about))


async def unknown(desk: Desk, asked: Asked, about: str) -> None:
    raise BadInput(Text("That button is from another version of me. Please use a command."))


class Pressed(discord.ui.DynamicItem[discord.ui.Item[Any]], template=PATTERN):
    """Any of our buttons and selects, told by its id: also those of messages from before a restart."""

    def __init__(self, item: discord.ui.Item[Any], action: str, about: str) -> None:
        super().__init__(item)
        self.action, self.about = action, about

    @classmethod
    async def from_custom_id(cls, interaction: Asked, item: discord.ui.Item[Any], match: re.Match[str], /) -> Self:
        return cls(item, match["action"], match["about"])

    async def callback(self, interaction: Asked) -> None:
        await act(interaction.client.desk, interaction, self.action, self.about)
