"""/settings: what the admins of a server decide, as a form that shows what is set and saves every change at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.domain import Caller
from bot.errors import BadInput, NotAllowed
from bot.platforms.discord.answer import Answer
from bot.platforms.discord.desk import Desk
from bot.platforms.discord.message import Message
from bot.platforms.discord.people import Asked, caller_of, fields
from bot.platforms.discord.rules_form import GENERATIONS, NOBODY, ON, TRAININGS, form, limits_form
from bot.policy import Rules
from bot.texts import Text
from bot.usecases.personas import list_personas

SWITCHES = {"everyone": "everyone_trains", "name": "in_its_name"}
LISTS = {"channels": "channels", "roles": "roles", "trainers": "trainers"}


async def settings(desk: Desk, asked: Asked) -> None:
    await desk.answer(asked, lambda answer: _show(desk, answer))


async def _show(desk: Desk, answer: Answer) -> None:
    caller = admin_of(answer.asked)
    await answer.show(await _form(desk, caller, await desk.services.chats.rules(caller.space)))


async def on_rule(desk: Desk, asked: Asked, about: str) -> None:
    """A select or a switch of the form."""
    what, _, wanted = about.partition(":")
    data: Any = asked.data or {}
    values = tuple(data.get("values", ())) or (wanted,) * bool(wanted)
    await desk.answer(
        asked, lambda answer: _change(desk, answer, lambda old: changed(old, what, values)), in_place=True
    )


async def _change(desk: Desk, answer: Answer, change: Callable[[Rules], Rules]) -> None:
    """Raises NotAllowed."""
    caller = admin_of(answer.asked)
    rules = await desk.services.chats.change_rules(caller.space, change)
    await answer.show(await _form(desk, caller, rules))


async def on_quotas(desk: Desk, asked: Asked, about: str) -> None:
    """The form's button for the daily quotas opens another form."""
    look, limits = desk.look(asked.locale.value), desk.services.settings.limits
    modal = limits_form(look, await desk.services.chats.rules(caller_of(asked).space), limits)
    if not desk.seen.again(asked.id):
        await Answer(asked).ask(modal)


async def on_quota(desk: Desk, asked: Asked, about: str) -> None:
    """The other form comes back."""

    async def work(answer: Answer) -> None:
        given = fields(asked)
        limits = {
            "generations_a_day": number(given.get(GENERATIONS, "")),
            "trainings_a_day": number(given.get(TRAININGS, "")),
        }
        await _change(desk, answer, lambda old: old.model_copy(update=limits))

    await desk.answer(asked, work, in_place=True)


async def _form(desk: Desk, caller: Caller, rules: Rules) -> Message:
    known = await list_personas(desk.services, caller)
    settings = desk.services.settings
    return form(desk.look(caller.locale), rules, known, settings.discord.persona_webhooks, settings.limits)


def admin_of(asked: Asked) -> Caller:
    """Raises NotAllowed."""
    caller = caller_of(asked)
    if not caller.admin:
        raise NotAllowed(Text("Only those who may manage this server can change its settings."))
    return caller


def changed(rules: Rules, what: str, values: tuple[str, ...]) -> Rules:
    """What was chosen in a select, or what a switch would be switched to."""
    if what in SWITCHES:
        return rules.model_copy(update={SWITCHES[what]: values == (ON,)})
    if what in LISTS:
        return rules.model_copy(update={LISTS[what]: values})
    return rules.model_copy(update={"persona": None if values in {(), (NOBODY,)} else values[0]})


def number(text: str) -> int | None:
    """Raises BadInput."""
    text = text.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise BadInput(Text("{given} is no number; write one like 20, or leave it empty.", given=repr(text)))
    return int(text)
