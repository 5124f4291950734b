"""Telegram under load and in trouble: the real bot process and its workers against the double of its Bot API.

    python -m benchmarks.telegram_load [--only load faults]

load: 200 updates in a minute (four fifths of them /say, in private chats and in groups) while a training runs and the
      serve worker never rests. How long it takes from an update's arrival to the first sign of life in its chat.
      Telegram's flood limits hold, as far as they are known: 1 message a second in a chat, 20 a minute in a group.
faults: 1,000 /say by 20 people, each in their private chat and in a group; 5% of all calls answered with a server error
      (half of those after doing what was asked), 5% with flood control, and one minute without a network in the middle.
      Counted: people without an answer, answers that are there twice, answers that are cut.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import measure, serving, train
from tests.doubles.telegram import Chat, FakeTelegram, Message, Rates, User

PIP, LADLE = "pip_the_lighthouse", "ladle_in_orbit"
WAIT = 300.0
PER_MINUTE, PEOPLE, GROUPS = 200, 20, 10
REPLIES, DEAD_SECONDS = 1_000, 60
LOOKED_AT = "message can't be edited"  # what a bot hears of others' messages
COMMANDS = ("/personas", "/card", "/jobs", "/help")


@dataclass
class Town:
    fake: FakeTelegram
    people: list[User]
    groups: list[Chat]

    def chats(self, who: int) -> tuple[Chat, Chat]:
        """A person's private chat and their group."""
        return self.fake.private(self.people[who]), self.groups[who % len(self.groups)]

    async def train(self, handle: str) -> None:
        chat = self.fake.private(self.people[0])
        await self.fake.write(self.people[0], chat, f"/train @{handle}")
        await chat.until(lambda chat: chat.sent, WAIT)


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    """Groups with people, and the bot there, @pip_the_lighthouse trained."""
    async with FakeTelegram() as fake:
        people = [fake.add_user(f"person{n}") for n in range(PEOPLE)]
        place = Town(fake, people, [fake.add_group(f"Group {n}", members=people) for n in range(GROUPS)])
        await train(folder, PIP)
        async with bot(fake, folder):
            yield place


@asynccontextmanager
async def bot(fake: FakeTelegram, folder: Path) -> AsyncIterator[None]:
    """`mynah run` on the bundled base model, connected."""
    messenger = {
        "MYNAH_TELEGRAM__TOKEN": fake.token,
        "MYNAH_TELEGRAM__API_BASE": fake.api_base,
        "MYNAH_TELEGRAM__FILE_BASE": fake.file_base,
    }
    async with serving(folder, messenger):
        await fake.until(lambda: fake.updates.polling, WAIT)
        yield


async def load(place: Town) -> list[tuple[str, ...]]:
    chance = random.Random(1)
    await place.train(LADLE)
    busy = [asyncio.create_task(keep_busy(place, who)) for who in range(8)]
    await asyncio.sleep(3)
    asked, start = [], time.monotonic()
    for n in range(PER_MINUTE):
        await asyncio.sleep(max(0.0, start + n * 60 / PER_MINUTE - time.monotonic()))
        asked.append(await one(place, chance))
    await asyncio.sleep(5)
    for task in busy:
        task.cancel()
    known = sorted(one.first_reaction for one in asked if one.first_reaction is not None)
    return [
        ("load", f"{len(asked)} updates in a minute, both workers saturated"),
        ("  without a sign of life", str(len(asked) - len(known))),
        ("  first sign of life after, median", f"{statistics.median(known):.3f} s"),
        ("  p99", f"{known[int(0.99 * len(known))]:.3f} s"),
        ("  at most", f"{known[-1]:.3f} s"),
        ("  flood control brought about", str(place.fake.floods)),
        ("  refused for being wrong", str(len(place.fake.refusals))),
    ]


async def one(place: Town, chance: random.Random) -> Message:
    who = chance.randrange(8, PEOPLE)
    chat = place.chats(who)[chance.random() < 0.3]
    text = f"/say @{PIP} My dream is --n {chance.randint(1, 5)}" if chance.random() < 0.8 else chance.choice(COMMANDS)
    return await place.fake.write(place.people[who], chat, text)


async def keep_busy(place: Town, who: int) -> None:
    """Five samples, again and again."""
    chat = place.fake.private(place.people[who])
    while True:
        before = len(chat.sent)
        await place.fake.write(place.people[who], chat, f"/say @{PIP} The harbour at night --n 5")
        await chat.until(lambda chat: len(chat.sent) > before, WAIT)  # noqa: B023


async def faults(place: Town) -> list[tuple[str, ...]]:
    fake = place.fake
    fake.faults.rates = Rates(server_errors=0.025, lost=0.025, floods=0.05, seed=7)
    asked: list[str] = []
    start, calls = time.monotonic(), len(fake.requests)
    cutting = asyncio.create_task(cut(fake, asked))
    await asyncio.gather(*(speak_in_turn(place, who, asked) for who in range(PEOPLE)))
    await cutting
    seconds = time.monotonic() - start
    fake.faults.rates = Rates()
    await asyncio.sleep(10)
    wrong = [refused for refused in fake.refusals if LOOKED_AT not in refused]
    print(*wrong, sep="\n", file=sys.stderr)
    sent = [
        one
        for chat in fake.chats.values()
        for one in chat.sent
        if one.bold()[:1] and one.bold()[0].startswith("Number")
    ]
    answers = Counter(one.bold()[0] for one in sent)
    return [
        ("faults", f"{len(asked)} /say in {seconds:.0f} s, {DEAD_SECONDS} s of them without a network"),
        ("  calls that were failed", f"{len(fake.faults.injected)} of {len(fake.requests) - calls}"),
        ("  people without an answer", str(sum(not answers[prompt] for prompt in asked))),
        ("  answers that are there twice", str(sum(answers[prompt] > 1 for prompt in asked))),
        (
            "  answers that are cut",
            str(sum(not whole(one, one.bold()[0]) for one in sent)),
        ),
        ("  flood control brought about", str(fake.floods)),
        ("  others' messages looked at for one that perhaps arrived", str(len(fake.refusals) - len(wrong))),
        ("  refused for being wrong", str(len(wrong))),
    ]


async def speak_in_turn(place: Town, who: int, asked: list[str]) -> None:
    """In private, then in the group, and so on; the next when the one before was answered."""
    for chat in place.chats(who) * REPLIES:
        if len(asked) >= REPLIES:
            return
        prompt = f"Number {len(asked)} is"
        asked.append(prompt)
        if len(asked) % 100 == 0:
            print(f"{len(asked)} of {REPLIES}", file=sys.stderr)
        await place.fake.write(place.people[who], chat, f"/say {prompt}")
        with suppress(AssertionError):  # not within that time: counted later
            await chat.until(lambda chat: any(whole(one, prompt) for one in chat.sent[-100:]), 180)  # noqa: B023


def whole(message: Message, prompt: str) -> bool:
    return message.bold() == [prompt] and " ▌" not in message.plain and bool(message.buttons)


async def cut(fake: FakeTelegram, asked: list[str]) -> None:
    """In the middle."""
    await fake.until(lambda: len(asked) >= REPLIES / 2, 1800)
    async with fake.unreachable():
        await asyncio.sleep(DEAD_SECONDS)


if __name__ == "__main__":
    measure(__doc__, town, {"load": load, "faults": faults})
