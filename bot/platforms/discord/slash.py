"""The command tree: names, options, autocompletion, where each may be used."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import discord
from discord import app_commands
from discord.app_commands import Choice, Range
from discord.app_commands import locale_str as words
from rapidfuzz import fuzz, process

from bot.arguments import CardArguments, NoArguments, SayArguments, parse_optout
from bot.commands import COMMANDS, forget_question
from bot.domain import parse_persona
from bot.platforms.discord import rules, trainings
from bot.platforms.discord.answer import Answer
from bot.platforms.discord.controls import button, buttons_below
from bot.platforms.discord.desk import Desk
from bot.platforms.discord.dialog import run_command
from bot.platforms.discord.markdown import said_in
from bot.platforms.discord.message import Message
from bot.platforms.discord.people import Asked, caller_of
from bot.platforms.discord.speech import say
from bot.platforms.discord.translator import name, option
from bot.platforms.ids import reference
from bot.platforms.talk import addressed
from bot.policy import MAX_SAMPLES
from bot.usecases.personas import list_personas, plan_forgetting

F = TypeVar("F", bound=Callable[..., Any])

CHOICES = 25  # that Discord shows
PROMPT = 1000
NONE = NoArguments()
WHO = words("who: a persona's name")


def desk_of(asked: Asked) -> Desk:
    desk: Desk = asked.client.desk
    return desk


async def complete_persona(asked: Asked, typed: str) -> list[Choice[str]]:
    """Those of this place whose names begin like it, then those that are like it."""
    known = await list_personas(desk_of(asked).services, caller_of(asked))
    return [Choice(name=f"@{one}"[:100], value=one) for one in ranked(typed, [persona.name for persona in known])]


def ranked(typed: str, names: list[str]) -> list[str]:
    """Pure. At most CHOICES, none longer than Discord takes."""
    names = [one for one in names if len(one) <= 100]
    sought = typed.strip().removeprefix("@").lower()
    if not sought:
        return names[:CHOICES]
    first = [one for one in names if one.startswith(sought)]
    alike = process.extract(sought, names, scorer=fuzz.WRatio, limit=CHOICES, score_cutoff=60)
    return [*first, *(one for one, _, _ in alike if one not in first)][:CHOICES]


def named(persona: str | None) -> str | None:
    """Raises BadInput."""
    return parse_persona(persona) if persona else None


def command(tree: app_commands.CommandTree[Any], text: str) -> Callable[[F], object]:
    return tree.command(name=name(text), description=words(COMMANDS[text].summary))


def add_commands(tree: app_commands.CommandTree[Any]) -> None:
    for add in (_speaking, _training, _looking, _deciding):
        add(tree)


def _speaking(tree: app_commands.CommandTree[Any]) -> None:
    @command(tree, "say")
    @app_commands.describe(prompt=words("the beginning of a sentence"), persona=WHO, n=words("how many ways to go on"))
    @app_commands.rename(prompt=option("prompt"), persona=option("persona"), n=option("n"))
    @app_commands.autocomplete(persona=complete_persona)
    async def say_command(
        asked: Asked, prompt: Range[str, 1, PROMPT], persona: str | None = None, n: Range[int, 1, MAX_SAMPLES] = 1
    ) -> None:
        wanted = SayArguments(prompt, named(persona)) if persona else addressed(prompt)
        await say(desk_of(asked), asked, replace(wanted, n=n))

    @tree.context_menu(name=words("Continue this"))
    async def continue_this(asked: Asked, message: discord.Message) -> None:
        longest = desk_of(asked).services.settings.generation.max_prompt_characters
        own = message.author == asked.client.user or message.application_id == asked.application_id
        text = said_in(message.content) if own else message.content
        await say(desk_of(asked), asked, SayArguments(text[-longest:]))


def _training(tree: app_commands.CommandTree[Any]) -> None:
    @command(tree, "train")
    @app_commands.describe(
        handle=words("an account, like @pip_the_lighthouse"),
        handle2=words("another one, for a blend"),
        handle3=words("and a third"),
        file=words("its posts: an X archive, JSONL, CSV or plain text"),
        sender=words("who you are, in the export of a chat"),
        column=words("which column of a table has the posts"),
        language=words("keep posts of one language only"),
        fresh=words("start over, instead of going on with new posts"),
    )
    @app_commands.rename(
        handle=option("handle"),
        handle2=option("handle2"),
        handle3=option("handle3"),
        file=option("file"),
        sender=option("sender"),
        column=option("column"),
        language=option("language"),
        fresh=option("fresh"),
    )
    async def train_command(
        asked: Asked,
        handle: Range[str, 1, 200],
        handle2: Range[str, 1, 70] | None = None,
        handle3: Range[str, 1, 70] | None = None,
        file: discord.Attachment | None = None,
        sender: Range[str, 1, 100] | None = None,
        column: Range[str, 1, 100] | None = None,
        language: Range[str, 1, 40] | None = None,
        fresh: bool = False,
    ) -> None:
        named = {"--sender": sender, "--column": column, "--lang": language}
        options = [f"{name}={shlex.quote(value)}" for name, value in named.items() if value]
        text = " ".join(one for one in (handle, handle2, handle3, *options, "--fresh" * fresh) if one)
        await trainings.train(desk_of(asked), asked, text, file)

    @command(tree, "jobs")
    async def jobs_command(asked: Asked) -> None:
        await run_command(desk_of(asked), asked, COMMANDS["jobs"], NONE)


def _looking(tree: app_commands.CommandTree[Any]) -> None:
    @command(tree, "personas")
    async def personas_command(asked: Asked) -> None:
        await run_command(desk_of(asked), asked, COMMANDS["personas"], NONE)

    @command(tree, "card")
    @app_commands.describe(persona=WHO)
    @app_commands.rename(persona=option("persona"))
    @app_commands.autocomplete(persona=complete_persona)
    async def card_command(asked: Asked, persona: str | None = None) -> None:
        await desk_of(asked).services.gate.check_place(caller_of(asked))
        arguments = CardArguments(named(persona))
        await run_command(desk_of(asked), asked, COMMANDS["card"], arguments, private=False)

    @command(tree, "help")
    async def help_command(asked: Asked) -> None:
        await run_command(desk_of(asked), asked, COMMANDS["help"], NONE)

    @command(tree, "privacy")
    async def privacy_command(asked: Asked) -> None:
        await run_command(desk_of(asked), asked, COMMANDS["privacy"], NONE)


def _deciding(tree: app_commands.CommandTree[Any]) -> None:
    @command(tree, "forget")
    @app_commands.describe(persona=WHO)
    @app_commands.rename(persona=option("persona"))
    @app_commands.autocomplete(persona=complete_persona)
    async def forget_command(asked: Asked, persona: str) -> None:
        await desk_of(asked).answer(asked, lambda answer: ask_to_forget(desk_of(asked), answer, persona))

    @command(tree, "optout")
    @app_commands.describe(handle=words("an account that must not be imitated"))
    @app_commands.rename(handle=option("handle"))
    async def optout_command(asked: Asked, handle: Range[str, 1, 70]) -> None:
        await run_command(desk_of(asked), asked, COMMANDS["optout"], parse_optout(handle))

    @tree.command(name=name("settings"), description=words("what I may do on this server"))
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_guild=True)
    async def settings_command(asked: Asked) -> None:
        await rules.settings(desk_of(asked), asked)


async def ask_to_forget(desk: Desk, answer: Answer, persona: str) -> None:
    """Raises NotFound or NotAllowed."""
    caller = caller_of(answer.asked)
    plan = await plan_forgetting(desk.services, caller, parse_persona(persona))
    look = desk.look(caller.locale)
    question = look.notice(forget_question(plan)).content
    sure = button("forget", look.say("Forget"), "🗑️", reference(plan.name), style=discord.ButtonStyle.danger)
    await answer.show(Message(question, buttons_below(sure)))
