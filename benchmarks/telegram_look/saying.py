"""Sentences that are finished: alone with the bot, and in a group."""

from __future__ import annotations

import asyncio

from benchmarks.drawing.lighthouse import PIP
from benchmarks.telegram_look.seen import Foot, Items, Note, Screen, all_seen, draft, reply_to, seen
from benchmarks.telegram_look.town import asked, pressed, said
from tests.bot.platforms.telegram.town import Town, whole
from tests.doubles.generator import generated
from tests.doubles.telegram import Message
from trainer.protocol import Piece

DREAM = "My dream is a second cupboard, and somebody to ask which one the biscuits are in."
MORE = " i've looked in the first one. it's all string."
NOBODY = "Nobody tells you how loud a kettle is when you've company."
AGAIN = "Nobody tells you that a tower can look pleased."
SHIP = (
    "Dear ship, you're late tonight. i'm not cross. i only kept looking up.",
    "Dear ship, the very small one: yes, i can see you.",
    "Dear ship, there's smoke from the jaunty chimney. it's nothing. it's thursday.",
)
GERALD = "And gerald was stood in front of the blue door all afternoon, being somebody else, for practice."
KETTLE = "The kettle's on, and there's half a scone on the sill that nobody has mentioned yet."
STAIRS = "Liebes Schiff, die Treppe hat 214 stairs, and gerald has counted one of them twice."


async def saying(place: Town) -> list[Screen]:
    await place.persona(PIP)
    return [await alone(place), await together(place)]


async def alone(place: Town) -> Screen:
    """The first words; a draft that grows, the answer, more of it; a field for the next beginning."""
    chat, ann = place.alone, place.ann
    start = await asked(place, ann, chat, "/start")
    growing, whole_one = await drafted(place)
    more = await pressed(place, ann, whole_one, "More", DREAM + MORE)
    [_, card] = await asked(place, ann, chat, "/card")
    question = await pressed(place, ann, card, "Say something")
    items = [*all_seen(start, ann), *growing, Note("she presses ➡️ More"), seen(more, ann)]
    items += [Note("she presses 💬 Say something on a card"), seen(question, ann)]
    return Screen("Mynah", "bot", items, foot=Foot("", question.placeholder or "", reply=reply_to(question)))


async def drafted(place: Town) -> tuple[Items, Message]:
    """What is seen of an answer that takes a while, and the answer."""
    chat, gates = place.alone, (asyncio.Event(), asyncio.Event())
    piece = Piece(id=0, sample=0, text=" a second cupboard, and")
    place.service.generator.answers.append([gates[0], piece, gates[1], generated(DREAM)])
    theirs = await place.fake.write(place.ann, chat, "My dream is")
    await chat.until(lambda chat: chat.draft == "")
    items: Items = [seen(theirs, place.ann), Note("at once"), draft(place.fake)]
    gates[0].set()
    await chat.until(lambda chat: chat.draft and "cupboard" in chat.draft)
    items += [Note("a second later"), draft(place.fake)]
    gates[1].set()
    message = await whole(chat, 1)
    return [*items, Note("then"), seen(message, place.ann)], message


async def together(place: Town) -> Screen:
    """A command, the same again, three ways to go on, replies, another language."""
    chat, ann, ben = place.group, place.ann, place.ben
    ute = place.fake.add_user("ute", language="de")
    chat.members[ute.id] = ute
    first = await said(place, ann, chat, "/say Nobody tells you", NOBODY)
    again = await pressed(place, ben, first[1], "Again", AGAIN)
    ways = await said(place, ben, chat, "/say --n 3 Dear ship,", *SHIP)
    on = await said(place, ben, chat, "And gerald", GERALD, to=ways[1])
    plain = await place.fake.write(ann, chat, "The kettle's on, and")
    words = await said(place, ben, chat, "/say", KETTLE, to=plain)
    german = await said(place, ute, chat, "/say Liebes Schiff, die Treppe", STAIRS)
    items = [*all_seen(first, ben), Note("Ben presses 🔁 Again"), seen(again, ben)]
    items += all_seen((*ways, *on, plain, *words, *german), ben)
    return Screen("Harbour", "4 members", items, group=True)
