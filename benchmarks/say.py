"""How fast personas speak, beside what else there is: one pipeline per persona, PEFT's mixed batches, CTranslate2.

    pip install ctranslate2
    python -m benchmarks.say [--only rivals batches popularity memory single] [--requests 64]

Prompts are three words, answers 40 new tokens at temperature 0.9 and top-p 0.95. "gpt2" is GPT-2's shape (124 M
parameters, rank 16), "bundled" our base model with what its personas carry; all weights of personas, and GPT-2's, are
random, which changes nothing about speed. Ours answers through the serve worker's process, its pool and its protocol,
blocked words and quotes looked for; in `batches` the engine runs by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path

from benchmarks.loop_lag import lags
from benchmarks.report import print_report
from benchmarks.say_personas import Mix, World, gpt2_base, make_world, popularity
from benchmarks.say_rivals import (
    NEW_TOKENS,
    PROMPT,
    Serve,
    peft_batches,
    pipelines,
    start_ctranslate2,
    timed_ctranslate2,
)
from bot.clients import GeneratorClient, WorkerSlot
from bot.pool import ModelPool
from bot.workers import worker_command
from trainer.basenames import BUNDLED
from trainer.engine import Engine, Listener
from trainer.protocol import BlocklistOptions, Generated, GenerateRequest, Piece

CLIENTS = 32
PERSONAS = 64
HEAD = ("", "requests/s", "tokens/s", "TTFT p50, p95, p99", "TPOT p50", "end to end p50, p95, p99")
MIXES: tuple[Mix, ...] = ("distinct", "uniform", "zipf", "identical")


@dataclass
class Load:
    """What came of some requests: seconds each."""

    ends: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: Load) -> None:
        self.ends += other.ends
        self.firsts += other.firsts
        self.tokens += other.tokens
        self.seconds += other.seconds

    @property
    def rate(self) -> float:
        return len(self.ends) / self.seconds

    def p(self, share: int) -> float:
        return quantile(self.ends, share)

    def row(self, name: str) -> tuple[str, ...]:
        firsts = times(self.firsts) if self.firsts else "-"
        spans = zip(self.ends, self.firsts, self.tokens, strict=False)
        per_token = [1000 * (end - first) / (n - 1) for end, first, n in spans if n > 1]
        tpot = f"{statistics.median(per_token):.1f} ms" if per_token else "-"
        return (name, f"{self.rate:.2f}", f"{sum(self.tokens) / self.seconds:.0f}", firsts, tpot, times(self.ends))


def quantile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1] if len(values) > 1 else values[0]


def times(values: list[float]) -> str:
    return ", ".join(f"{quantile(values, share):.3g}" for share in (50, 95, 99)) + " s"


# Loads


def closed_loop(serve: Serve, at_once: int, asked: Iterator[int], requests: int) -> Load:
    """CLIENTS people, each of whom asks again when answered, and a server that takes up to `at_once` of them."""
    load, began = Load(), time.perf_counter()
    waiting = deque((began, next(asked)) for _ in range(CLIENTS))
    while len(load.ends) < requests:
        batch = [waiting.popleft() for _ in range(min(at_once, len(waiting)))]
        serve([persona for _, persona in batch])
        now = time.perf_counter()
        load.ends += [now - arrival for arrival, _ in batch]
        load.tokens += [NEW_TOKENS] * len(batch)
        waiting.extend((now, next(asked)) for _ in batch)
    load.seconds = time.perf_counter() - began
    return load


@dataclass
class Service:
    """The serve worker and its pool, as the bot has them."""

    world: World
    client: GeneratorClient
    pool: ModelPool

    async def say(self, persona: int, seed: int, load: Load) -> None:
        began = time.perf_counter()
        first = None
        key = self.world.key(persona)
        request = GenerateRequest(id=0, key=key, prompt=PROMPT, max_tokens=NEW_TOKENS, temperature=0.9, seed=seed)
        n_bytes = next(iter(self.pool.resident.values()), 5_000_000)
        async with self.pool.lease(key, n_bytes), aclosing(self.client.generate(request)) as events:
            async for event in events:
                if isinstance(event, Piece) and first is None:
                    first = time.perf_counter() - began
                if isinstance(event, Generated):
                    end = time.perf_counter() - began
                    load.ends.append(end)
                    load.firsts.append(end if first is None else first)
                    load.tokens.append(event.n_tokens)

    async def closed_loop(self, asked: Iterator[int], requests: int) -> Load:
        load, began = Load(), time.perf_counter()
        numbers = iter(range(requests))

        async def person() -> None:
            for number in numbers:
                await self.say(next(asked), number, load)

        await asyncio.gather(*(person() for _ in range(CLIENTS)))
        load.seconds = time.perf_counter() - began
        return load


@asynccontextmanager
async def service(world: World, folder: Path, max_bytes: int) -> AsyncIterator[Service]:
    slot = WorkerSlot(worker_command("serve", world.base, 0), folder / "serve.log")
    client = GeneratorClient(slot)
    pool = ModelPool(lambda key: client.load(key, Path(key)), client.unload, max_bytes, 60, time.monotonic)
    await client.slot.worker()
    try:
        yield Service(world, client, pool)
    finally:
        await slot.close()


# Parts


async def rivals(world: World, root: Path, requests: int) -> None:
    """The same people, the same personas: half of the requests of each in turn, twice."""
    order = popularity("zipf", PERSONAS, 1)
    asked = {name: iter(order) for name in ("pipelines", "peft", "ours")}
    loads = {name: Load() for name in asked}
    one_each, batches = pipelines(world.base), peft_batches(world, PERSONAS)
    async with service(world, root, 2**31) as ours:
        await ours.closed_loop(cycle([0]), CLIENTS)  # warm-up
        for _ in range(2):
            loads["pipelines"].add(closed_loop(one_each, 1, asked["pipelines"], requests // 2))
            loads["peft"].add(closed_loop(batches, CLIENTS, asked["peft"], requests // 2))
            loads["ours"].add(await ours.closed_loop(asked["ours"], 4 * requests))
    ours_load = loads["ours"]
    rows = [HEAD, *(load.row(name) for name, load in loads.items())]
    print_report(f"{CLIENTS} clients, {PERSONAS} personas, Zipf (gpt2)", rows)
    for name, bar in (("pipelines", "≥ 15 requests/s, ≤ 1/8 p95"), ("peft", "≥ 8 requests/s")):
        ratio, p95 = ours_load.rate / loads[name].rate, loads[name].p(95) / ours_load.p(95)
        print(f"ours beside {name}: {ratio:.1f} times the requests/s, p95 1/{p95:.1f} (asked: {bar})\n")


def batches(world: World, root: Path, rounds: int) -> None:
    """Everybody another persona, beside one merged model in a process of its own, in turn.

    In one process they would slow each other down: the threads of either wait for work by spinning.
    """
    engine = Engine(world.speaker)
    for number in range(CLIENTS):
        engine.load(world.key(number), world.personas[number])
    pool = ProcessPoolExecutor(1, get_context("spawn"))
    pool.submit(start_ctranslate2, world.base, root / "ctranslate2").result()

    def theirs(n: int) -> tuple[int, float]:
        return pool.submit(timed_ctranslate2, n).result()

    def ours(n: int, **options: object) -> tuple[int, float]:
        made: list[int] = []
        began = time.perf_counter()
        for number in range(n):
            request = GenerateRequest(id=0, key=world.key(number), prompt=PROMPT, max_tokens=NEW_TOKENS, seed=number)
            engine.submit(
                request.model_copy(update=options), Listener(lambda generated: made.append(generated.n_tokens))
            )
        while engine.step():
            pass
        return sum(made), time.perf_counter() - began

    rows = [("batch", "ours, tokens/s", "CTranslate2 int8, tokens/s", "ratio of medians", "asked")]
    for n, bar in ((1, "1"), (8, "1.2"), (32, "1.5")):
        speeds: dict[Callable[[int], tuple[int, float]], list[float]] = {ours: [], theirs: []}
        for _ in range(rounds + 1):
            for run, found in speeds.items():
                time.sleep(0.5)  # until the other's threads sleep
                made, seconds = run(n)
                found.append(made / seconds)
        mine, other = (statistics.median(found[1:]) for found in speeds.values())
        rows.append((str(n), f"{mine:.0f}", f"{other:.0f}", f"{mine / other:.2f}", f"≥ {bar}"))
    pool.shutdown()
    print_report(f"A batch of different personas, medians of {rounds} (gpt2)", rows)
    off = BlocklistOptions(enabled=False)
    kinds: dict[str, dict[str, object]] = {"nothing": {"quote_tries": 0, "blocklist": off}}
    kinds |= {"quotes": {"blocklist": off}, "blocked words": {"quote_tries": 0}, "both": {}}
    speeds_of: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, options in kinds.items():
            made, seconds = ours(CLIENTS, **options)
            speeds_of[name].append(made / seconds)
    guards = [(name, f"{statistics.median(found):.0f} tokens/s") for name, found in speeds_of.items()]
    print_report(f"What looking for costs, {CLIENTS} personas", [("looked for", "ours"), *guards])


async def popularities(world: World, root: Path, requests: int) -> None:
    """All personas registered, 64 slots; beside it 10 personas, all resident."""
    many = len(world.personas)
    loads: dict[str, Load] = {}
    async with service(world, root, 2**31) as ours:
        await ours.closed_loop(iter(popularity("zipf", 10, 1)), CLIENTS)
        slot_bytes = next(iter(ours.pool.resident.values()))
        loads["10, zipf"] = await ours.closed_loop(iter(popularity("zipf", 10, 2)), requests)
    async with service(world, root, 64 * slot_bytes) as ours:
        await ours.closed_loop(iter(popularity("uniform", many, 1)), 64)
        for mix in MIXES:
            before = ours.pool.stats
            loads[f"{many}, {mix}"] = await ours.closed_loop(iter(popularity(mix, many, 2)), requests)
            now = ours.pool.stats
            found = (now.hits - before.hits) / requests
            loads[f"{many}, {mix}, found in memory {found:.0%}"] = loads.pop(f"{many}, {mix}")
    rows = [("personas", *HEAD[1:]), *(load.row(name) for name, load in loads.items())]
    print_report("64 slots and four kinds of popularity (gpt2)", rows)
    zipf = next(load for name, load in loads.items() if name.startswith(f"{many}, zipf"))
    print(f"p95, {many} personas beside 10, zipf: {zipf.p(95) / loads['10, zipf'].p(95):.2f} (asked: ≤ 1.5)\n")


async def memory(world: World, root: Path) -> None:
    """The serve worker's resident memory as personas come."""
    rows = [("personas", "worker's memory", "each", "what the pool counts")]
    async with service(world, root, 2**36) as ours:
        await ours.closed_loop(cycle([0]), CLIENTS)
        worker = await ours.client.slot.worker()
        start = rss(worker.process.pid)
        for count in sorted({min(100, len(world.personas)), len(world.personas)}):
            for number in range(len(ours.pool.resident), count):
                async with ours.pool.lease(world.key(number), 1):
                    pass
            n, now = len(ours.pool.resident), rss(worker.process.pid)
            counted = sum(ours.pool.resident.values()) / n / 1e6
            rows.append((str(n), f"{now / 1e9:.2f} GB", f"{(now - start) / (n - 1) / 1e6:.2f} MB", f"{counted:.2f} MB"))
    print_report(f"Memory ({'bundled' if world.base == BUNDLED else 'gpt2'})", rows)


def rss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


async def single(world: World, root: Path) -> None:
    """One person, then a persona that nobody has heard yet, then everybody at once and the event loop beside them."""
    name = "bundled" if world.base == BUNDLED else "gpt2"
    began = time.perf_counter()
    async with service(world, root, 2**31) as ours:
        ready = time.perf_counter() - began
        alone, fresh = Load(), Load()
        for number in range(21):
            await ours.say(0, number, alone)
        del alone.ends[0], alone.firsts[0], alone.tokens[0]
        for number in range(1, 11):
            await ours.say(number, number, fresh)
        alone.seconds, fresh.seconds = sum(alone.ends), sum(fresh.ends)
        crowd = asyncio.create_task(ours.closed_loop(iter(popularity("zipf", PERSONAS, 3)), 10**6))
        await asyncio.sleep(1)
        ticks = await lags(15)
        crowd.cancel()
        await asyncio.wait([crowd])
    print_report(
        f"One person ({name})", [HEAD, alone.row("a resident persona"), fresh.row("a persona's first request")]
    )
    whole = [end for end, n in zip(alone.ends, alone.tokens, strict=True) if n == NEW_TOKENS]
    print(f"answers of all {NEW_TOKENS} tokens: {len(whole)}, median {statistics.median(whole or [0]):.3f} s")
    print(f"worker ready after {ready:.2f} s; event loop late by p50 {quantile(ticks, 50):.2f}, ", end="")
    print(f"p99 {quantile(ticks, 99):.2f} ms with {CLIENTS} clients\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("rivals", "batches", "popularity", "memory", "single")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--requests", type=int, default=64, help="to the slowest; ours gets 4 to 8 times as many")
    parser.add_argument("--personas", type=int, default=1_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "base").mkdir()
        gpt2 = make_world(root / "gpt2", gpt2_base(root / "base"), args.personas)
        small = make_world(root / "bundled", BUNDLED, args.personas)
        for part in args.only:
            sys.stdout.flush()
            match part:
                case "rivals":
                    asyncio.run(rivals(gpt2, root, args.requests))
                case "batches":
                    batches(gpt2, root, 5)
                case "popularity":
                    asyncio.run(popularities(gpt2, root, 4 * args.requests))
                case "memory":
                    asyncio.run(memory(gpt2, root))
                    asyncio.run(memory(small, root))
                case "single":
                    asyncio.run(single(small, root))
                    asyncio.run(single(gpt2, root))


if __name__ == "__main__":
    main()
