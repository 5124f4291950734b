"""What `discord_look` draws: the real bot, asked in the double of Discord, over doubles of its workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.discord_look.controls import Json
from benchmarks.discord_look.names import Names
from benchmarks.discord_look.svg import payload_of
from benchmarks.drawing.lighthouse import LADLE, PIP, QUIET, end_one, give_samples, hold, measured_trainings
from bot.policy import Rules
from tests.bot.platforms.discord.harbour import Harbour, answered, harbour
from tests.doubles.discord import Message, User
from tests.doubles.generator import generated

WAYS = (
    "that a tower can look pleased.",
    "how loud a kettle is when you've company.",
    "you'll one day miss the stair that squeaks, and step on it on purpose.",
)


@asynccontextmanager
async def lighthouse(folder: Path) -> AsyncIterator[Harbour]:
    """A harbour where the sample accounts can be trained."""
    async with measured_trainings(), harbour(folder) as place:
        await give_samples(place.service)
        yield place


def names(place: Harbour, viewer: User, later: timedelta) -> Names:
    """As `viewer` sees them; what was just now is long enough ago for the words for it to stay the same."""
    guild, users = place.guild, place.fake.users.values()
    return Names(
        users={str(user.id): user.name.title() for user in users},
        roles={str(role.id): role.name for role in guild.roles},
        channels={str(channel.id): channel.name for channel in guild.channels},
        now=datetime.now(UTC) + later,
        viewer=str(viewer.id),
    )


async def said(place: Harbour, user: User, prompt: str, *rests: str) -> Message:
    """As many ways to go on as there are `rests`."""
    place.service.generator.answers.append([generated(*(f"{prompt} {rest}" for rest in rests))])
    return await answered(await place.fake.slash(user, place.general, "say", prompt=prompt, n=len(rests)))


async def saying(place: Harbour) -> list[Json]:
    """A sentence, the same again, three ways to go on, the persona's own name, German."""
    await place.persona(PIP)
    first = await said(place, place.ben, "My dream is", "to keep the lamp lit until the last boat is home.")
    again = generated("My dream is a second cupboard, and somebody to ask which one the biscuits are in.")
    place.service.generator.answers.append([again])
    second = await answered(await place.fake.click(place.ann, first, "Again"))
    third = await said(place, place.ben, "Nobody tells you", *WAYS)
    shown = [payload_of(message) for message in (first, second, third)]
    shown.append(payload_of(await in_its_name(place)))
    ute = place.guild.add_member("ute", locale="de")
    german = await said(place, ute, "Dear ship,", "you're late tonight. I'm not cross. I only kept looking up.")
    return [*shown, payload_of(german)]


async def in_its_name(place: Harbour) -> Message:
    """Through a webhook."""
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(in_its_name=True))
    before = len(place.general.messages)
    rest = "gerald, there's half a scone on the sill. It's not for you. I'll be looking the other way."
    place.service.generator.answers.append([generated(f"Dear {rest}")])
    asked = await place.fake.slash(place.ben, place.general, "say", prompt="Dear")
    messages = await place.general.until(lambda messages: len(messages) > before)
    await asked.until(lambda asked: asked.ack_type is not None and not asked.thinking)
    await place.service.services.chats.change_rules(place.space, lambda _: Rules())
    return messages[-1]


async def train(place: Harbour, handle: str) -> Message:
    return await answered(await place.fake.slash(place.ann, place.general, "train", handle=handle))


async def shown(place: Harbour, text: str) -> Message:
    """The channel's message that has this text, once it is there."""
    messages = await place.general.until(lambda messages: any(text in message.text for message in messages))
    return next(message for message in reversed(messages) if text in message.text)


async def training(place: Harbour) -> list[Json]:
    """Queued, half of it done, ready, and who asked is called; one that failed."""
    hold(place.service)
    await train(place, LADLE)
    await shown(place, "45%")
    reply = await train(place, PIP)
    board = await shown(place, "Place 2 in the queue")
    seen = [payload_of(board), payload_of(reply)]
    end_one(place.service)
    await shown(place, "@ladle\\_in\\_orbit** is ready.")
    await board.channel.until(lambda messages: "45%" in board.text)
    seen.append(payload_of(board))
    end_one(place.service)
    await shown(place, "@pip\\_the\\_lighthouse** is ready.")
    return [*seen, *await ended(place, board)]


async def ended(place: Harbour, board: Message) -> list[Json]:
    ready = place.general.messages[-1]
    await board.channel.until(lambda messages: "Taken for the author" in board.text)
    await train(place, QUIET)
    called = await shown(place, "@harbour\\_master** could not be trained")
    assert called.reference is not None
    return [payload_of(message) for message in (board, ready, called.reference, called)]
