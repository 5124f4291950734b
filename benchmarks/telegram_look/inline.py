"""The bot asked from any chat: who there is, ways to go on, and what is posted."""

from __future__ import annotations

from benchmarks.drawing.lighthouse import LADLE, PIP
from benchmarks.telegram_look.seen import BOT, Foot, Items, Screen, all_seen
from tests.bot.platforms.telegram.town import Town
from tests.doubles.generator import generated
from tests.doubles.telegram import Chat, Inline

PROMPT = "My dream is"
ASKS = f"@{BOT.lower()}_bot "
WAYS = (
    "that a child on some deck, past bedtime, asks what that is, and somebody says it's just pip, saying hello.",
    "a stair 215. nothing much, just the one. i'd put a chair on it.",
    "to keep the lamp lit until the last boat's home.",
    "gerald, somewhere else.",
    "a bench that faces the wrong way, for the people who've just said goodbye.",
)


async def asking(place: Town) -> list[Screen]:
    for name in (PIP, LADLE):
        await place.persona(name)
    chat = place.fake.add_group("Kettle club", members=[place.ann, place.ben], bot=False)
    return [await listed(place, chat), await unnamed(place, chat), await chosen(place, chat)]


async def listed(place: Town, chat: Chat) -> Screen:
    """Nothing typed yet."""
    first = await place.fake.write(place.ann, chat, "What does pip dream of, do you think?")
    everybody = await (await place.fake.inline(place.ben, "")).until()
    return screen(all_seen([first], place.ben), Foot(ASKS, results=everybody))


async def unnamed(place: Town, chat: Chat) -> Screen:
    """Words, but nobody's name."""
    query = await (await place.fake.inline(place.ben, PROMPT)).until()
    return screen(all_seen(chat.messages[:1], place.ben), Foot(ASKS + query.text, results=query))


async def chosen(place: Town, chat: Chat) -> Screen:
    """Ways to go on; two that were posted."""
    query = await ways(place)
    items = [chat.messages[0], await place.fake.choose(query, 1, chat)]
    return screen(all_seen(items, place.ben), Foot(ASKS + query.text, results=query))


async def ways(place: Town) -> Inline:
    place.service.generator.answers += [[generated(f"{PROMPT} {rest}")] for rest in WAYS]
    return await (await place.fake.inline(place.ben, f"{PIP}: {PROMPT}")).until()


def screen(items: Items, foot: Foot) -> Screen:
    return Screen("Kettle club", "2 members", items, group=True, foot=foot)
