"""/settings: what the admins of a server decide, as a form that shows what is set and saves every change at once."""

from __future__ import annotations

from typing import Any

import discord

from bot.domain import Caller, Persona
from bot.errors import BadInput, NotAllowed
from bot.platforms.discord.answer import Answer, Message
from bot.platforms.discord.controls import Row, button, button_row
from bot.platforms.discord.desk import Desk
from bot.platforms.discord.ids import custom_id
from bot.platforms.discord.look import NEUTRAL, Look
from bot.platforms.discord.people import Asked, caller_of
from bot.policy import Rules
from bot.texts import Text
from bot.usecases.personas import list_personas

MOST = 25  # of a select's options and values
NOBODY = "-"
GENERATIONS, TRAININGS = "generations", "trainings"
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
    look = desk.look(asked.locale.value)
    rules = await desk.services.chats.rules(caller_of(asked).space)
    modal = discord.ui.Modal(title=look.say("Quotas a day")[:45], custom_id=custom_id("quota", ""))
    for field, label, value in (
        (GENERATIONS, look.say("Answers (empty: the operator's)"), rules.generations_a_day),
        (TRAININGS, look.say("Trainings (empty: the operator's)"), rules.trainings_a_day),
    ):
        number: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=field, required=False, max_length=6, default="" if value is None else str(value)
        )
        modal.add_item(discord.ui.Label(text=label[:45], component=number))
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


def form(look: Look, rules: Rules, personas: list[Persona], webhooks: bool) -> Message:
    """Every select with what is chosen, and the switches."""
    box: discord.ui.Container[Any] = discord.ui.Container(accent_colour=NEUTRAL)
    for item in (
        _text("### " + look.say("Settings of this server")),
        _text(look.say("**Channels** where I may talk (none chosen: all)")),
        _channels(rules),
        _text(look.say("**Roles** that may talk to me (none chosen: all)")),
        _roles("roles", rules.roles),
        _text(look.say("**Roles that may train**, besides admins")),
        _roles("trainers", rules.trainers),
        _text(look.say("**Persona** that answers where nobody else was chosen")),
        _personas(look, rules, personas),
        _switches(look, rules, webhooks),
    ):
        box.add_item(item)
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(box)
    return Message(view=view)


def _text(content: str) -> discord.ui.TextDisplay[Any]:
    return discord.ui.TextDisplay(content)


def _channels(rules: Rules) -> Row:
    chosen = [
        discord.SelectDefaultValue(id=int(one), type=discord.SelectDefaultValueType.channel) for one in rules.channels
    ]
    select: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
        custom_id=custom_id("rule", "channels"),
        min_values=0,
        max_values=MOST,
        default_values=chosen,
        channel_types=[discord.ChannelType.text, discord.ChannelType.forum, discord.ChannelType.voice],
    )
    return discord.ui.ActionRow(select)


def _roles(what: str, ids: tuple[str, ...]) -> Row:
    chosen = [discord.SelectDefaultValue(id=int(one), type=discord.SelectDefaultValueType.role) for one in ids]
    select: discord.ui.RoleSelect[Any] = discord.ui.RoleSelect(
        custom_id=custom_id("rule", what), min_values=0, max_values=MOST, default_values=chosen
    )
    return discord.ui.ActionRow(select)


def _personas(look: Look, rules: Rules, personas: list[Persona]) -> Row:
    nobody = discord.SelectOption(label=look.say("nobody"), value=NOBODY, default=rules.persona is None)
    names = [one.name for one in personas if len(one.name) <= 100][: MOST - 1]
    options = [
        discord.SelectOption(label=f"@{name}"[:100], value=name, default=name == rules.persona) for name in names
    ]
    select: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=custom_id("rule", "persona"), min_values=1, max_values=1, options=[nobody, *options]
    )
    return discord.ui.ActionRow(select)


def _switches(look: Look, rules: Rules, webhooks: bool) -> Row:
    switches = [
        _switch("everyone", look.say("Everyone may train"), rules.everyone_trains),
        *([_switch("name", look.say("Answer in the persona's name"), rules.in_its_name)] if webhooks else []),
        button("quotas", look.say("Quotas"), "🔢", ""),
    ]
    return button_row(*switches)


def _switch(what: str, label: str, on: bool) -> discord.ui.Button[Any]:
    style = discord.ButtonStyle.success if on else discord.ButtonStyle.secondary
    return button("rule", label, "✅" if on else "⬜", what, style=style)
