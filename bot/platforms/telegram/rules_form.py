"""How /settings looks: what is set, and a button for each thing that can be changed. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import InlineKeyboardButton

from bot.platforms.ids import reference
from bot.platforms.telegram.look import Look
from bot.platforms.telegram.message import Message, button, rows_of
from bot.platforms.telegram.rich import bold, lines
from bot.policy import Rules
from bot.settings import LimitSettings

NOBODY = "-"
OWN_LIMIT = "-"  # the operator's
HERE, NOT_HERE, EVERYWHERE = "here", "away", "all"
MOST = 40  # personas to choose from
STEPS = {"generations": (20, 50, 100, 200, 500, 1000), "trainings": (0, 1, 2, 3, 5)}


def form(look: Look, rules: Rules, limits: LimitSettings, in_topic: bool) -> Message:
    """`in_topic`: the form is in one of the group's topics."""
    usual = f"@{rules.persona}" if rules.persona else look.say("nobody")
    body = lines(
        [
            bold(look.say("Settings of this group")),
            look.say("Every change is saved at once. Limits don't apply to admins."),
        ]
    )
    rows = [
        (_switch("everyone", look.say("Everyone may train"), rules.everyone_trains),),
        (button("rules", "🗣 " + look.say("Speaks by default: {persona}", persona=usual), "persona"),),
        (button("rules", f"🔢 {_quota(look, 'generations', rules, limits)}", "generations"),),
        (button("rules", f"🔢 {_quota(look, 'trainings', rules, limits)}", "trainings"),),
        *((_topics(look, rules),) if in_topic or rules.channels else ()),
    ]
    return Message(body, tuple(rows))


def _switch(what: str, label: str, on: bool) -> InlineKeyboardButton:
    return button("rule", f"{'✅' if on else '⬜'} {label}", what, "off" if on else "on")


def _quota_of(look: Look, what: str, rules: Rules, limits: LimitSettings) -> tuple[int, int | None, str]:
    """The operator's, the group's, and the question for it."""
    if what == "generations":
        head = look.say("How many answers a day, at most?")
        return limits.generations_a_day, rules.generations_a_day, head
    return limits.trainings_a_day, rules.trainings_a_day, look.say("How many trainings a day, at most?")


def _quota(look: Look, what: str, rules: Rules, limits: LimitSettings) -> str:
    most, own, _ = _quota_of(look, what, rules, limits)
    n = most if own is None else min(own, most)
    return look.say("{n:,} answers a day", n=n) if what == "generations" else look.say("{n:,} trainings a day", n=n)


def _topics(look: Look, rules: Rules) -> tuple[InlineKeyboardButton, ...]:
    """Where I may talk: in chosen topics, or in all of them."""
    here = button("rule", "📍 " + look.say("Talk in this topic"), "topic", HERE)
    if not rules.channels:
        return (here,)
    everywhere = button("rule", "🌐 " + look.say("Talk in every topic"), "topic", EVERYWHERE)
    return here, button("rule", "🔇 " + look.say("Not in this topic"), "topic", NOT_HERE), everywhere


def part(look: Look, which: str, rules: Rules, personas: Sequence[str], limits: LimitSettings) -> Message:
    """A list of values for one thing."""
    back = button("rules", "◀️ " + look.say("Back"), "")
    if which == "persona":
        names = [(NOBODY, look.say("nobody")), *((reference(one), f"@{one}"[:60]) for one in personas[:MOST])]
        chosen = reference(rules.persona) if rules.persona else NOBODY
        values = [button("rule", _checked(label, value == chosen), "persona", value) for value, label in names]
        return Message(bold(look.say("Who speaks by default?")), (*rows_of(values, 2), (back,)))
    own, now, head = _quota_of(look, which, rules, limits)
    steps = [n for n in STEPS[which] if n < own]
    values = [button("rule", _checked(f"{n:,}" if n else look.say("none"), n == now), which, n) for n in steps]
    most = button("rule", _checked(look.say("{n:,} (the most)", n=own), now is None), which, OWN_LIMIT)
    return Message(bold(head), (*rows_of(values, 3), (most,), (back,)))


def _checked(label: str, on: bool) -> str:
    return f"✅ {label}" if on else label
