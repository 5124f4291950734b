"""Saying something: from a command, a button, a form, a message's menu, or a mention."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import discord

from bot import traces
from bot.arguments import SayArguments
from bot.domain import Caller, Utterance
from bot.errors import Limited, NotAllowed
from bot.platforms.discord import look_say
from bot.platforms.discord.answer import Answer, Reply
from bot.platforms.discord.desk import Desk
from bot.platforms.discord.look import Look
from bot.platforms.discord.look_say import growing
from bot.platforms.discord.message import Message
from bot.platforms.discord.people import PLATFORM, Asked, caller_of, writer_of
from bot.platforms.discord.steady import missing_permission
from bot.platforms.paced import Paced
from bot.platforms.talk import Speech, addressed, talk
from bot.usecases.say import find_persona

STREAM_SECONDS = 1.5  # between edits of an answer that grows

NOTHING = discord.Permissions.none()

Finish = Callable[[Look, str, Utterance], Awaitable[None]]  # with the prompt


@dataclass(frozen=True)
class Origin:
    """What is answered: an interaction or a message."""

    id: int
    channel: object
    user: discord.User | discord.Member


async def say(desk: Desk, asked: Asked, wanted: SayArguments) -> None:
    """Answer an interaction with what a persona makes of a prompt."""
    caller = caller_of(asked)
    named = await _in_its_name(desk, caller, asked.channel, asked.app_permissions, wanted.persona)
    origin = Origin(asked.id, asked.channel, asked.user)

    async def work(answer: Answer) -> None:
        finish = _under_its_name(desk, answer, origin) if named else _as_usual(answer)
        await speak(desk, caller, wanted, answer, finish, not named)

    await desk.answer(asked, work, private=named)


async def speak(
    desk: Desk,
    caller: Caller,
    wanted: SayArguments,
    answer: Answer | Reply,
    finish: Finish,
    streaming: bool,
) -> None:
    """Raises UserError or OperatorError."""
    look = desk.look(caller.locale)
    grow = Paced(answer.show, STREAM_SECONDS, first=STREAM_SECONDS) if streaming else None

    def growing_for(persona: str, prompt: str) -> Speech[Message]:
        return Speech(
            grow,
            growing=lambda texts: growing(look, persona, prompt, texts),
            finish=lambda utterance: finish(look, prompt, utterance),
        )

    await talk(desk.services, caller, wanted, growing_for)


def _as_usual(answer: Answer | Reply) -> Finish:
    async def finish(look: Look, prompt: str, utterance: Utterance) -> None:
        await answer.show(look_say.utterance(look, utterance, prompt))

    return finish


def _under_its_name(desk: Desk, answer: Answer | Reply, origin: Origin) -> Finish:
    """Through a webhook; where that turns out not to be possible, at least to who asked."""

    async def finish(look: Look, prompt: str, utterance: Utterance) -> None:
        message = look_say.utterance(look, utterance, prompt, origin.user.mention)
        if await desk.webhooks.send(origin.channel, utterance.persona, message, discord.Object(origin.id)):
            await answer.withdraw()
        else:
            await answer.show(look_say.utterance(look, utterance, prompt))

    return finish


async def _in_its_name(
    desk: Desk, caller: Caller, channel: object, permissions: discord.Permissions, persona: str | None
) -> bool:
    """Whether the answer is to come through a webhook, and can. Raises NotFound or NotAllowed."""
    if caller.private or not desk.services.settings.discord.persona_webhooks or not permissions.manage_webhooks:
        return False
    if missing_permission(permissions, isinstance(channel, discord.Thread)):
        return False  # a webhook could post there, but whoever took that away doesn't want it
    if not (await desk.services.chats.rules(caller.space)).in_its_name:
        return False
    speaker = await find_persona(desk.services, caller, persona)
    return await desk.webhooks.ready(channel, speaker.name)


async def on_mention(desk: Desk, message: discord.Message) -> None:
    """A message that mentions the bot, or that was written to it alone, is a /say."""
    if desk.seen.again(message.id):
        return
    caller = replace(writer_of(message), locale=desk.locale_of(message.author.id) or writer_of(message).locale)
    reply = Reply(message)
    origin = Origin(message.id, message.channel, message.author)

    async def work() -> None:
        wanted = addressed(prompt_of(message, desk.client))
        with suppress(*([NotAllowed, Limited] if message.guild else [])):  # others needn't read that
            permissions = message.channel.permissions_for(message.guild.me) if message.guild else NOTHING
            named = await _in_its_name(desk, caller, message.channel, permissions, wanted.persona)
            finish = _under_its_name(desk, reply, origin) if named else _as_usual(reply)
            await speak(desk, caller, wanted, reply, finish, not named)

    with traces.request(PLATFORM):
        await desk.see_through(reply, caller.locale, work())


def prompt_of(message: discord.Message, client: discord.Client) -> str:
    """A message's text without the mention of the bot."""
    text = message.content
    if client.user is not None:
        for mention in (f"<@{client.user.id}>", f"<@!{client.user.id}>"):
            text = text.replace(mention, " ")
    return text.strip()
