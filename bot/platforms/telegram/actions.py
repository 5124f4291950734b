"""What buttons do: a table from the action that they carry to a handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.arguments import CardArguments, ForgetArguments
from bot.errors import BadInput, OperatorError
from bot.platforms.ids import named
from bot.platforms.pictures import made
from bot.platforms.telegram import rules, speech, trainings
from bot.platforms.telegram.desk import Asked, Desk
from bot.platforms.telegram.dialog import run_command
from bot.platforms.telegram.look_lists import chosen, personas
from bot.platforms.telegram.look_lists import made as shown_made
from bot.texts import Text
from bot.usecases import jobs
from bot.usecases.personas import list_personas
from bot.usecases.say import find_persona

Handler = Callable[[Desk, Asked], Awaitable[None]]


async def show_card(desk: Desk, asked: Asked) -> None:
    await desk.services.gate.check_place(asked.caller)
    await run_command(desk, asked, "card", CardArguments(asked.text))


async def show_made(desk: Desk, asked: Asked) -> None:
    """Pictures of where it comes from, and how its training went."""
    persona = await find_persona(desk.services, asked.caller, asked.text)
    await desk.services.gate.check_place(asked.caller)
    pictures = await made(desk.services.painter, persona)
    if not pictures:
        raise OperatorError(f"There are no pictures of how @{persona.name} was made; the log says why.")
    await asked.answer.show(shown_made(asked.look, persona, pictures))


async def choose(desk: Desk, asked: Asked) -> None:
    """Who speaks in this chat from now on: in the list's place, their card."""
    persona = await find_persona(desk.services, asked.caller, asked.text)
    await desk.services.gate.check_place(asked.caller)
    await desk.services.store.set_current_persona(asked.caller.channel, persona.name)
    asked.answer.in_place = True
    await asked.answer.show(chosen(asked.look, persona, asked.caller.private))


async def page(desk: Desk, asked: Asked) -> None:
    known = await list_personas(desk.services, asked.caller)
    current = await desk.services.store.current_persona(asked.caller.channel)
    asked.answer.in_place = True
    await asked.answer.show(personas(asked.look, known, current, int(asked.text)))


async def cancel(desk: Desk, asked: Asked) -> None:
    """The job's own message shows how it ended."""
    job = await jobs.cancel(desk.services, asked.caller, int(asked.text))
    text = asked.look.say("Job {job} (@{persona}) is cancelled.", job=job.id, persona=job.persona)
    await asked.answer.acknowledge(text, alert=False)


async def forget(desk: Desk, asked: Asked) -> None:
    asked.answer.in_place = True
    await run_command(desk, asked, "forget", ForgetArguments(asked.text, sure=True))


async def keep(desk: Desk, asked: Asked) -> None:
    """Not forgotten after all."""
    asked.answer.in_place = True
    await asked.answer.show(asked.look.notice(Text("@{persona} stays.", persona=asked.text)))


# With those on the left, a persona's reference comes first.
OF_PERSONAS: dict[str, Handler] = {
    "again": speech.again,
    "more": speech.more,
    "speak": speech.speak,
    "card": show_card,
    "made": show_made,
    "choose": choose,
    "retrain": trainings.retrain,
    "spend": trainings.spend,
    "forget": forget,
    "keep": keep,
}
OTHERS: dict[str, Handler] = {
    "page": page,
    "cancel": cancel,
    "rules": rules.show_part,
    "rule": rules.change,
}


async def act(desk: Desk, asked: Asked) -> None:
    """Raises UserError or OperatorError."""
    action, _, about = asked.text.partition(":")
    if action in OF_PERSONAS:
        await OF_PERSONAS[action](desk, replace(asked, text=await _resolved(desk, asked, about)))
    elif action in OTHERS:
        await OTHERS[action](desk, replace(asked, text=about))
    else:
        raise BadInput(Text("That button is from another version of me. Please use a command."))


async def _resolved(desk: Desk, asked: Asked, about: str) -> str:
    """With the persona's name in its reference's place."""
    reference, colon, rest = about.partition(":")
    known = await list_personas(desk.services, asked.caller)
    return named(reference, [persona.name for persona in known]) + colon + rest
