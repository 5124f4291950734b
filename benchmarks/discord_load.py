"""Discord under load and in trouble: the real bot process and its workers against the double of Discord.

    python -m benchmarks.discord_load [--only load faults]

load: 200 interactions in a minute (four fifths of them /say) while a training runs and the serve worker never rests.
      How long each person waits for the acknowledgement, as Discord sees it.
faults: 1,000 /say by 20 people, 5% of all REST calls answered with a server error (half of those after doing what was
      asked), 5% with a rate limit, 3 gateway connections cut, one of them so that it can't be resumed: what was asked
      before the new session no bot hears of, and Discord says so to the person. Counted: people without an answer, and
      answers that are there twice.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import measure, serving
from tests.doubles.discord import Asked, Channel, FakeDiscord, Rates, User

PIP, LADLE = "pip_the_lighthouse", "ladle_in_orbit"
WAIT = 300.0
PER_MINUTE, PEOPLE = 200, 20
REPLIES = 1_000


@dataclass
class Town:
    fake: FakeDiscord
    channel: Channel
    ann: User
    people: list[User]

    async def say(self, who: User, prompt: str, n: int = 1) -> Asked:
        return await self.fake.slash(who, self.channel, "say", prompt=prompt, persona=PIP, n=n)

    async def train(self, handle: str) -> None:
        before = len(self.channel.messages)
        await self.fake.slash(self.ann, self.channel, "train", handle=handle)
        await self.channel.until(lambda messages: len(messages) > before, WAIT)


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    """A server with people, and the bot there, @pip_the_lighthouse trained."""
    async with FakeDiscord() as fake:
        guild = fake.add_guild("Harbour")
        place = Town(fake, guild.add_channel("general"), guild.add_member("ann", admin=True), [])
        place.people += [guild.add_member(f"person {n}") for n in range(PEOPLE)]
        async with bot(fake, folder):
            await place.train(PIP)
            await place.channel.until(lambda messages: any("🔎" in one.text for one in messages), WAIT)
            yield place


@asynccontextmanager
async def bot(fake: FakeDiscord, folder: Path) -> AsyncIterator[None]:
    """`mynah run` on the bundled base model, connected."""
    before = fake.connections.identified
    messenger = {
        "MYNAH_DISCORD__TOKEN": fake.token,
        "MYNAH_DISCORD__API_BASE": fake.api_base,
        "MYNAH_DISCORD__GATEWAY": fake.gateway,
    }
    async with serving(folder, messenger):
        await fake.until(lambda: fake.connections.identified > before, WAIT)
        await fake.connected(WAIT)
        yield


async def load(place: Town) -> list[tuple[str, ...]]:
    chance = random.Random(1)
    await place.train(LADLE)
    busy = [asyncio.create_task(keep_busy(place, who)) for who in place.people[:8]]
    await asyncio.sleep(3)
    asked, start = [], time.monotonic()
    for n in range(PER_MINUTE):
        await asyncio.sleep(max(0.0, start + n * 60 / PER_MINUTE - time.monotonic()))
        asked.append(await one(place, chance))
    await asyncio.sleep(5)
    for task in busy:
        task.cancel()
    seconds = sorted(one.ack_seconds if one.ack_seconds is not None else float("inf") for one in asked)
    return [
        ("load", f"{len(asked)} interactions in a minute, both workers saturated"),
        ("  not acknowledged", str(sum(one.failed for one in asked))),
        ("  acknowledged after, median", f"{statistics.median(seconds):.3f} s"),
        ("  p99", f"{seconds[int(0.99 * len(seconds))]:.3f} s"),
        ("  at most", f"{seconds[-1]:.3f} s"),
    ]


async def one(place: Town, chance: random.Random) -> Asked:
    who, drawn = chance.choice(place.people), chance.random()
    if drawn < 0.8:
        return await place.say(who, "My dream is", chance.randint(1, 5))
    command = "personas" if drawn < 0.87 else "card" if drawn < 0.94 else "jobs"
    return await place.fake.slash(who, place.channel, command)


async def keep_busy(place: Town, who: User) -> None:
    """Five samples, again and again."""
    while True:
        asked = await place.say(who, "The harbour at night", 5)
        await asked.until(lambda asked: asked.failed or asked.message is not None, WAIT)


async def faults(place: Town) -> list[tuple[str, ...]]:
    fake, before = place.fake, len(place.channel.messages)
    fake.faults.rest = Rates(server_error=0.05, rate_limited=0.05, seed=7)
    asked: list[Asked] = []
    cutting = asyncio.create_task(cut(fake, asked))
    start = time.monotonic()
    await asyncio.gather(*(speak_in_turn(place, who, asked) for who in place.people))
    await cutting
    fake.faults.clear()
    await asyncio.sleep(10)
    answers = Counter(message.text.split("**")[1] for message in place.channel.messages[before:])
    reached = {request.path.split("/")[2] for request in fake.requests if request.path.startswith("/interactions/")}
    given = [f"Number {n} is" for n, one in enumerate(asked) if str(one.id) in reached]
    return [
        ("faults", f"{len(asked)} interactions in {time.monotonic() - start:.0f} s"),
        ("  REST calls that were failed", f"{len(fake.faults.injected)} of {len(fake.requests)}"),
        ("  never sent to the bot, whose session was lost", str(len(asked) - len(given))),
        ("  people without an answer, of the others", str(sum(not answers[prompt] for prompt in given))),
        ("  answers that are there twice", str(sum(answers[prompt] > 1 for prompt in given))),
        (
            "  answered in the channel, the interaction being lost",
            str(sum(one.message is None and str(one.id) in reached for one in asked)),
        ),
        ("  refused for being wrong", str(len(fake.refusals))),
    ]


async def speak_in_turn(place: Town, who: User, asked: list[Asked]) -> None:
    while len(asked) < REPLIES:
        prompt = f"Number {len(asked)} is"
        one = await place.say(who, prompt)
        asked.append(one)
        end = time.monotonic() + 30
        while not any(prompt in message.text and "▌" not in message.text for message in place.channel.messages[-200:]):
            if time.monotonic() > end:
                break
            await asyncio.sleep(0.1)


async def cut(fake: FakeDiscord, asked: list[Asked]) -> None:
    for share, resumable in ((0.25, True), (0.5, True), (0.75, False)):
        await fake.until(lambda: len(asked) >= share * REPLIES, 1800)  # noqa: B023
        await fake.drop(resumable)


if __name__ == "__main__":
    measure(__doc__, town, {"load": load, "faults": faults})
