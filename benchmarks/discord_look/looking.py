"""More of what `discord_look` draws: settings, and what the bot says about itself and what went wrong."""

from __future__ import annotations

from benchmarks.discord_look.controls import Json
from benchmarks.discord_look.scenes import shown, train
from benchmarks.discord_look.svg import payload_of
from benchmarks.drawing.lighthouse import LADLE, PIP, QUIET, hold
from tests.bot.platforms.discord.harbour import Harbour, answered
from tests.doubles.discord import Asked, Message, User


async def settings(place: Harbour) -> list[Json]:
    """The form with things chosen, and the form of its quotas."""
    for name in (PIP, LADLE):
        await place.persona(name)
    channels = [place.general, place.guild.add_channel("lamp-room")]
    friends, keepers = place.guild.add_role("friends"), place.guild.add_role("keepers")
    form = await answered(await place.fake.slash(place.ann, place.general, "settings"))
    await answered(await place.fake.select(place.ann, form, "mynah:rule:channels", channels))
    await answered(await place.fake.select(place.ann, form, "mynah:rule:trainers", [friends, keepers]))
    await answered(await place.fake.select(place.ann, form, "mynah:rule:persona", [PIP]))
    await answered(await place.fake.click(place.ann, form, "mynah:rule:name"))
    asked = await quotas(place, form)
    await answered(await place.fake.submit(place.ann, asked, {"generations": "200", "trainings": ""}))
    again = await quotas(place, form)
    assert again.modal is not None
    return [payload_of(form), again.modal]


async def quotas(place: Harbour, form: Message) -> Asked:
    return await (await place.fake.click(place.ann, form, "mynah:quotas")).acknowledged()


async def words(place: Harbour) -> list[Json]:
    """Help, lists, a card, a question, privacy, and two errors."""
    await trained(place)
    ann, ben = place.ann, place.ben
    asked = [
        await ask(place, ben, "help"),
        await ask(place, ben, "personas"),
        await ask(place, ben, "card", persona=PIP),
        await ask(place, ann, "jobs"),
        await ask(place, ann, "forget", persona=PIP),
        await ask(place, ben, "privacy"),
        await ask(place, ben, "say", prompt="My dream is", persona="gerald"),
        await ask(place, ben, "train", handle=PIP),
    ]
    return [payload_of(message) for message in asked]


async def ask(place: Harbour, user: User, command: str, **options: str) -> Message:
    return await answered(await place.fake.slash(user, place.general, command, **options))


async def trained(place: Harbour) -> None:
    """A training that is done, one that failed, one under way, and one that waits."""
    await train(place, PIP)
    await shown(place, "Taken for the author")
    await train(place, QUIET)
    await shown(place, "was not trained")
    hold(place.service)
    await train(place, LADLE)
    await shown(place, "45%")
    await train(place, f"{PIP}:2 {LADLE}")
    await shown(place, "Place 2 in the queue")
