"""/settings: what a group's admins decide, as a message with a button for each thing; every change is saved at once."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain import Caller
from bot.errors import NotAllowed
from bot.platforms.ids import named
from bot.platforms.telegram.desk import Asked, Desk
from bot.platforms.telegram.message import Message, place_at
from bot.platforms.telegram.rules_form import EVERYWHERE, HERE, NOBODY, OWN_LIMIT, form, part
from bot.policy import Rules
from bot.texts import Text
from bot.usecases.personas import list_personas

QUOTAS = {"generations": "generations_a_day", "trainings": "trainings_a_day"}


async def settings(desk: Desk, asked: Asked) -> None:
    """Raises NotAllowed."""
    await _show(desk, asked, "")


async def show_part(desk: Desk, asked: Asked) -> None:
    """A page of the form, in its place. Raises NotAllowed."""
    asked.answer.in_place = True
    await _show(desk, asked, asked.text)


async def change(desk: Desk, asked: Asked) -> None:
    """What a button of the form says. Raises NotAllowed."""
    admin = check_admin(asked.caller)
    what, _, value = asked.text.partition(":")
    known = [one.name for one in await list_personas(desk.services, admin)]
    place = place_at(admin.channel)
    await desk.services.chats.change_rules(
        admin.space, lambda old: changed(old, what, named(value, known), place.key if place.topic else "")
    )
    asked.answer.in_place = True
    await _show(desk, asked, "")


async def _show(desk: Desk, asked: Asked, which: str) -> None:
    admin = check_admin(asked.caller)
    rules = await desk.services.chats.rules(admin.space)
    await asked.answer.show(await _form(desk, asked, rules, which))


async def _form(desk: Desk, asked: Asked, rules: Rules, which: str) -> Message:
    limits = desk.services.settings.limits
    if not which:
        return form(asked.look, rules, limits, bool(place_at(asked.caller.channel).topic))
    known = [one.name for one in await list_personas(desk.services, asked.caller)]
    return part(asked.look, which, rules, known, limits)


def check_admin(caller: Caller) -> Caller:
    """Raises NotAllowed."""
    if caller.private:
        raise NotAllowed(Text("There is nothing to decide here: /settings is for groups."))
    if not caller.admin:
        raise NotAllowed(Text("Only the admins of this group can change its settings."))
    return caller


def changed(rules: Rules, what: str, value: str, topic: str) -> Rules:
    """Pure. `topic`: the one that the form is in, if the group has topics."""
    changes: dict[str, Callable[[], dict[str, object]]] = {
        "everyone": lambda: {"everyone_trains": value == "on"},
        "persona": lambda: {"persona": None if value == NOBODY else value},
        "topic": lambda: {"channels": _topics(rules, value, topic)},
    }
    if what in QUOTAS:
        return rules.model_copy(update={QUOTAS[what]: None if value == OWN_LIMIT else int(value)})
    return rules.model_copy(update=changes[what]())


def _topics(rules: Rules, value: str, topic: str) -> tuple[str, ...]:
    if value == EVERYWHERE:
        return ()
    others = tuple(one for one in rules.channels if one != topic)
    return (*others, topic) if value == HERE and topic else others
