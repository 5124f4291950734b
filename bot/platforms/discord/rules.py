"""/settings: what the admins of a server decide, as a form that shows what is set and saves every change at once."""

from __future__ import annotations

from typing import Any

from bot.domain import Caller
from bot.errors import BadInput, NotAllowed
from bot.platforms.discord.answer import Answer
from bot.platforms.discord.desk import Desk
from bot.platforms.discord.people import Asked, caller_of
from bot.platforms.discord.rules_form import GENERATIONS, NOBODY, TRAININGS, form, limits_form
from bot.policy import Rules
from bot.texts import Text
from bot.usecases.personas import list_personas

TOGGLES = {"everyone": "everyone_trains", "name": "in_its_name"}
LISTS = {"channels": "channels", "roles": "roles", "trainers": "trainers"}


async def settings(desk: Desk, asked: Asked) -> None:
    await desk.answer(asked, lambda answer: _show(desk, answer))


async def _show(desk: Desk, answer: Answer) -> None:
    caller = admin_of(answer.asked)
    rules = await desk.services.chats.rules(caller.space)
    known = await list_personas(desk.services, caller)
    await answer.show(form(desk.look(caller.locale), rules, known, desk.services.settings.discord.persona_webhooks))


async def on_rule(desk: Desk, asked: Asked, about: str) -> None:
    """A select or a switch of the form."""

    async def work(answer: Answer) -> None:
        caller = admin_of(asked)
        data: Any = asked.data or {}
        rules = changed(await desk.services.chats.rules(caller.space), about, tuple(data.get("values", ())))
        await _save(desk, answer, caller, rules)

    await desk.answer(asked, work)


async def on_quotas(desk: Desk, asked: Asked, about: str) -> None:
    """The form's button for the daily quotas opens another form."""
    look, limits = desk.look(asked.locale.value), desk.services.settings.limits
    modal = limits_form(look, await desk.services.chats.rules(caller_of(asked).space), limits)
    if not desk.seen.again(asked.id):
        await Answer(asked).ask(modal)


async def on_quota(desk: Desk, asked: Asked, about: str) -> None:
    from bot.platforms.discord.actions import fields

    async def work(answer: Answer) -> None:
        caller = admin_of(asked)
        given = fields(asked)
        rules = (await desk.services.chats.rules(caller.space)).model_copy(
            update={
                "generations_a_day": number(given.get(GENERATIONS, "")),
                "trainings_a_day": number(given.get(TRAININGS, "")),
            }
        )
        await _save(desk, answer, caller, rules)

    await desk.answer(asked, work)


async def _save(desk: Desk, answer: Answer, caller: Caller, rules: Rules) -> None:
    await desk.services.chats.set_rules(caller.space, rules)
    known = await list_personas(desk.services, caller)
    shown = form(desk.look(caller.locale), rules, known, desk.services.settings.discord.persona_webhooks)
    await answer.update(shown)


def admin_of(asked: Asked) -> Caller:
    """Raises NotAllowed."""
    caller = caller_of(asked)
    if not caller.admin:
        raise NotAllowed(Text("Only those who may manage this server can change its settings."))
    return caller


def changed(rules: Rules, what: str, values: tuple[str, ...]) -> Rules:
    """A switch turns; a select sets."""
    if what in TOGGLES:
        return rules.model_copy(update={TOGGLES[what]: not getattr(rules, TOGGLES[what])})
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
