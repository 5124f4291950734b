"""An hour on Discord: the real bot process and its workers on the bundled base model, beside the double of Discord.

    python -m benchmarks.soak [--minutes 60] [--rate 10] [--personas 50] [--train-every 5] [--max-tokens 24]

People ask `--rate` times a second, whoever is chosen by Zipf's law; a training starts every `--train-every` minutes.
Every answer is waited for. Memory and descriptors are those of the bot process and its serve worker, as medians of five
minutes: the first after `--warm-up`, and the last.

The samples are cut at `--max-tokens`, so that two cores can keep up beside the trainings. The personas are two trained
ones, copied under other names: to the pool and the worker each is another.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.discord_load import bot
from benchmarks.report import hardware
from bot.folders import Folders
from bot.render import table
from bot.store.sqlite import SqliteStore
from tests.doubles.discord import Asked, Channel, FakeDiscord, User
from trainer.manifest import write_manifest

TRAINED = ("pip_the_lighthouse", "ladle_in_orbit")
PEOPLE, CHANNELS = 400, 40
WAIT = 300.0
LOST_SECONDS = 300.0  # without an answer: it never comes
SAMPLE_SECONDS, LOOK_SECONDS = 5.0, 0.2
WINDOW = 300.0


@dataclass(frozen=True)
class Sample:
    """`seconds` since the start; memory in bytes, by process: "bot", "serve", "train"."""

    seconds: float
    rss: dict[str, int]
    descriptors: dict[str, int]


@dataclass
class Soak:
    fake: FakeDiscord
    channels: list[Channel]
    people: list[User]
    ann: User
    personas: list[str]
    began: float = field(default_factory=time.monotonic)
    waiting: dict[int, tuple[float, Asked]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    trainings: list[Channel] = field(default_factory=list)

    @property
    def age(self) -> float:
        return time.monotonic() - self.began


async def main() -> None:
    args = parse()
    print(hardware(), flush=True)
    os.environ["MYNAH_GENERATION__MAX_TOKENS"] = str(args.max_tokens)
    os.environ["MYNAH_LIMITS__TRAININGS_A_DAY"] = "1000"
    with tempfile.TemporaryDirectory() as folder:
        async with town(Path(folder), args.personas) as soak:
            soak.began = time.monotonic()
            work = [ask(soak, args.rate), train(soak, args.train_every * 60), watch(soak), sample(soak)]
            tasks = [asyncio.create_task(one) for one in work]
            for minute in range(args.minutes):
                await asyncio.sleep(60)
                print(f"minute {minute + 1}: {progress(soak)}", flush=True)
            tasks[0].cancel()
            end = time.monotonic() + LOST_SECONDS
            while soak.waiting and time.monotonic() < end:  # noqa: ASYNC110 (the double knows no end of all)
                await asyncio.sleep(LOOK_SECONDS)
            for task in tasks:
                task.cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
        print(table(report(soak, args.warm_up * 60)))
        for error in done:
            if not isinstance(error, asyncio.CancelledError):
                print(f"the benchmark itself failed: {error!r}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--personas", type=int, default=50)
    parser.add_argument("--train-every", type=float, default=5, help="minutes")
    parser.add_argument("--max-tokens", type=int, default=24)
    parser.add_argument("--warm-up", type=float, default=10, help="minutes")
    return parser.parse_args()


@asynccontextmanager
async def town(folder: Path, n: int) -> AsyncIterator[Soak]:
    """A server with people, and the bot there, with so many personas."""
    async with FakeDiscord() as fake:
        guild = fake.add_guild("Harbour")
        channels = [guild.add_channel(f"quay-{number}") for number in range(CHANNELS)]
        ann = guild.add_member("ann", admin=True)
        people = [guild.add_member(f"person-{number}") for number in range(PEOPLE)]
        async with bot(fake, folder):
            for handle in TRAINED:
                await fake.slash(ann, channels[0], "train", handle=handle)
                await channels[0].until(lambda messages, name=handle: ready(messages, name), WAIT)  # type: ignore[misc]
        personas = await copies(Folders(folder / "data"), n)
        async with bot(fake, folder):
            yield Soak(fake, channels, people, ann, personas)


def ready(messages: Sequence[object], name: str) -> bool:
    return any("🔎" in getattr(one, "text", "") and name in getattr(one, "text", "") for one in messages)


async def copies(folders: Folders, n: int) -> list[str]:
    """Personas by new names, each a copy of a trained one, for everybody to see."""
    names = [f"persona_{number}" for number in range(n)]
    async with SqliteStore.open(folders.database) as store:
        trained = [persona for handle in TRAINED if (persona := await store.persona(handle)) is not None]
        for number, name in enumerate(names):
            one = trained[number % len(trained)]
            place = folders.version(name, 1)
            shutil.copytree(folders.root / one.folder, place)
            manifest = one.manifest.model_copy(update={"persona": name})
            write_manifest(place, manifest)
            await store.publish(name, 1, folders.relative(place), one.n_bytes, manifest)
    return names


async def ask(soak: Soak, rate: float) -> None:
    """At that rate, whatever becomes of what was asked before."""
    chance = random.Random(1)
    weights = [1 / rank for rank in range(1, len(soak.personas) + 1)]
    start = time.monotonic()
    for n in range(10**9):
        await asyncio.sleep(max(0.0, start + n / rate - time.monotonic()))
        persona = chance.choices(soak.personas, weights)[0]
        who, where = soak.people[n % PEOPLE], chance.choice(soak.channels)
        asked = await soak.fake.slash(who, where, "say", prompt=f"Number {n} is", persona=persona)
        soak.waiting[n] = (time.monotonic(), asked)


async def watch(soak: Soak) -> None:
    """Each question to its answer."""
    while True:
        for n, (asked_at, asked) in list(soak.waiting.items()):
            outcome = outcome_of(n, asked, time.monotonic() - asked_at)
            if outcome is not None:
                del soak.waiting[n]
                soak.outcomes[outcome] += 1
                if outcome == "answered":
                    soak.seconds.append(time.monotonic() - asked_at)
        await asyncio.sleep(LOOK_SECONDS)


def outcome_of(n: int, asked: Asked, seconds: float) -> str | None:
    """None: it may still come."""
    texts = [message.text for message in asked.here]
    if whole(n, texts):
        return "answered"
    if asked.failed and whole(n, [message.text for message in asked.channel.messages[-500:]]):
        return "answered in the channel, acknowledged too late"
    if texts and not any("▌" in text for text in texts):
        return f"told: {texts[0][:60]}"
    return "lost" if seconds > LOST_SECONDS else None


def whole(n: int, texts: Sequence[str]) -> bool:
    return any(f"Number {n} is" in text and "▌" not in text for text in texts)


async def train(soak: Soak, every: float) -> None:
    for number in range(10**6):
        where = soak.channels[number % CHANNELS]
        await soak.fake.slash(soak.ann, where, "train", handle=TRAINED[number % len(TRAINED)], fresh=True)
        soak.trainings.append(where)
        await asyncio.sleep(every)


async def sample(soak: Soak) -> None:
    while True:
        processes = bot_processes()
        rss = {name: process.memory_info().rss for name, process in processes.items()}
        descriptors = {name: process.num_fds() for name, process in processes.items()}
        soak.samples.append(Sample(soak.age, rss, descriptors))
        await asyncio.sleep(SAMPLE_SECONDS)


def bot_processes() -> dict[str, psutil.Process]:
    """Of this benchmark's bot, by role."""
    found: dict[str, psutil.Process] = {}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            words = process.cmdline()
            if words[-1:] == ["run"]:
                found["bot"] = process
            for role in ("serve", "train"):
                if "trainer" in words and role in words:
                    found[role] = process
    return found


def progress(soak: Soak) -> str:
    rss = soak.samples[-1].rss if soak.samples else {}
    memory = ", ".join(f"{name} {n_bytes / 1e6:.0f} MB" for name, n_bytes in rss.items())
    latest = soak.seconds[-600:]
    median = f", {statistics.median(latest):.1f} s" if latest else ""
    return f"{dict(soak.outcomes)}, {len(soak.waiting)} waiting{median}; {memory}"


def report(soak: Soak, warm_up: float) -> list[tuple[str, ...]]:
    seconds = sorted(soak.seconds)
    rows: list[tuple[str, ...]] = [("soak", f"{soak.age / 60:.0f} minutes")]
    rows += [(f"  {outcome}", f"{n:,}") for outcome, n in soak.outcomes.most_common()]
    rows.append(("  lost", f"{soak.outcomes['lost'] + len(soak.waiting)}"))
    if seconds:
        quantiles = {"median": 0.5, "p95": 0.95, "p99": 0.99}
        rows += [
            (f"  answered after, {name}", f"{seconds[int(q * len(seconds))]:.1f} s") for name, q in quantiles.items()
        ]
    done = sum(1 for where in soak.trainings for message in where.messages if "🔎" in message.text)
    rows.append(("  trainings asked for, reported", f"{len(soak.trainings)}, {done}"))
    for name in ("bot", "serve"):
        for what in ("rss", "descriptors"):
            rows.append((f"  {name}: {what}", growth(soak.samples, name, what, warm_up)))
    return rows


def growth(samples: Sequence[Sample], name: str, what: str, warm_up: float) -> str:
    """Of the first five minutes after the warm-up and of the last five."""
    known = [(one.seconds, getattr(one, what)[name]) for one in samples if name in getattr(one, what)]
    end = known[-1][0] if known else 0.0
    first = [value for at, value in known if warm_up <= at < warm_up + WINDOW]
    last = [value for at, value in known if at > end - WINDOW]
    if not first or not last:
        return "too short to say"
    before, after = statistics.median(first), statistics.median(last)
    if what == "rss":
        return f"{before / 1e6:.0f} MB → {after / 1e6:.0f} MB ({100 * (after / before - 1):+.1f}%)"
    return f"{before:.0f} → {after:.0f}"


if __name__ == "__main__":
    asyncio.run(main())
