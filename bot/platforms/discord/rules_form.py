"""How /settings looks: a form with every select as it is chosen, and one for the daily limits. Pure."""

from __future__ import annotations

from typing import Any

import discord

from bot.domain import Persona
from bot.platforms.discord.controls import Row, button, button_row
from bot.platforms.discord.look import NEUTRAL, Look
from bot.platforms.discord.message import Message
from bot.platforms.ids import custom_id
from bot.policy import Rules
from bot.settings import LimitSettings
from bot.texts import Text

MOST = 25  # of a select's options and values
CHANNELS = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
]
NOBODY = "-"
ON, OFF = "on", "off"
GENERATIONS, TRAININGS = "generations", "trainings"


def form(look: Look, rules: Rules, personas: list[Persona], webhooks: bool, limits: LimitSettings) -> Message:
    """Every select with what is chosen, and the switches."""
    box: discord.ui.Container[Any] = discord.ui.Container(accent_colour=NEUTRAL)
    for item in (
        _text("### " + look.say("Settings of this server") + "\n" + look.small(Text("Every change is saved at once."))),
        _text(look.say("**Channels** where I may talk")),
        _channels(look, rules),
        _text(look.say("**Roles** that may talk to me")),
        _roles("roles", look.say("all roles"), rules.roles),
        _text(look.say("**Roles that may train**, besides admins")),
        _roles("trainers", look.say("no other role"), rules.trainers),
        button_row(_switch("everyone", look.say("Everyone may train"), rules.everyone_trains)),
        _text(look.say("**Usual persona**, where none was chosen in the channel")),
        _personas(look, rules, personas),
        _others(look, rules, webhooks, limits),
    ):
        box.add_item(item)
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(box)
    return Message(view=view)


def _text(content: str) -> discord.ui.TextDisplay[Any]:
    return discord.ui.TextDisplay(content)


def _channels(look: Look, rules: Rules) -> Row:
    chosen = [
        discord.SelectDefaultValue(id=int(one), type=discord.SelectDefaultValueType.channel) for one in rules.channels
    ]
    select: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
        custom_id=custom_id("rule", "channels"),
        placeholder=look.say("all channels"),
        min_values=0,
        max_values=MOST,
        default_values=chosen,
        channel_types=CHANNELS,
    )
    return discord.ui.ActionRow(select)


def _roles(what: str, none: str, ids: tuple[str, ...]) -> Row:
    chosen = [discord.SelectDefaultValue(id=int(one), type=discord.SelectDefaultValueType.role) for one in ids]
    select: discord.ui.RoleSelect[Any] = discord.ui.RoleSelect(
        custom_id=custom_id("rule", what), placeholder=none, min_values=0, max_values=MOST, default_values=chosen
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


def _others(look: Look, rules: Rules, webhooks: bool, limits: LimitSettings) -> Row:
    named = _switch("name", look.say("Answer in the persona's name"), rules.in_its_name)
    label = look.say(
        "A day: {answers:,} answers, {trainings:,} trainings",
        answers=limits.generations_a_day if rules.generations_a_day is None else rules.generations_a_day,
        trainings=limits.trainings_a_day if rules.trainings_a_day is None else rules.trainings_a_day,
    )
    return button_row(*([named] if webhooks else []), button("quotas", label, "🔢", ""))


def _switch(what: str, label: str, on: bool) -> discord.ui.Button[Any]:
    style = discord.ButtonStyle.success if on else discord.ButtonStyle.secondary
    return button("rule", label, "✅" if on else "⬜", what, OFF if on else ON, style=style)


def _number(look: Look, field: str, label: str, value: int | None, most: int) -> discord.ui.Label[Any]:
    """A field of the form for the limits; `most` is the operator's."""
    given: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=field,
        required=False,
        max_length=6,
        default="" if value is None else str(value),
        placeholder=str(most),
    )
    return discord.ui.Label(
        text=label, description=look.say("{most:,} at most; empty: that many", most=most), component=given
    )


def limits_form(look: Look, rules: Rules, limits: LimitSettings) -> discord.ui.Modal:
    modal = discord.ui.Modal(title=look.say("Daily limits")[:45], custom_id=custom_id("quota", ""))
    for field, label, value, most in (
        (GENERATIONS, look.say("Answers"), rules.generations_a_day, limits.generations_a_day),
        (TRAININGS, look.say("Trainings"), rules.trainings_a_day, limits.trainings_a_day),
    ):
        modal.add_item(_number(look, field, label, value, most))
    return modal
