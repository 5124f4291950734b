"""How fast this machine trains and speaks: the real job queue and the real workers, on the bundled sample account."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bot.arguments import TrainArguments
from bot.checking import ask_trainer
from bot.clients import GeneratorClient
from bot.domain import Persona, Voice
from bot.errors import OperatorError
from bot.settings import BlueskySettings, DiskSettings, Settings, SourcesSettings, TrackingSettings
from bot.usecases.services import Services
from bot.usecases.train import OPERATOR, estimate_seconds, submit
from trainer.findings import Findings
from trainer.protocol import FIRST_PROMPT, Generated, GenerateRequest, Piece, Progress

SAMPLE = "pip_the_lighthouse"
QUICK = {"epochs": 1, "max_posts": 150, "min_characters": 1}  # a voice to speak with, not a good one
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Training:
    """Bytes at the peak of the worker (on a GPU, of its memory); `seconds` from the queue to the persona.

    `estimate_seconds` are for an account of `estimate_posts` posts as long as the sample's.
    """

    posts: int
    tokens_per_second: float
    seconds: float
    peak_bytes: int
    estimate_posts: int
    estimate_seconds: float


@dataclass(frozen=True)
class Speaking:
    """`at_once` people, each of whom asks again when answered. Seconds are to the first piece of text."""

    at_once: int
    answers: int
    tokens_per_second: float
    first_p50: float
    first_p95: float
    milliseconds_per_token: float
    worker_bytes: int | None


@dataclass
class _Heard:
    firsts: list[float] = field(default_factory=list)
    per_token: list[float] = field(default_factory=list)
    tokens: int = 0


def bench_settings(settings: Settings, folder: Path, quick: bool, most: int = 1) -> Settings:
    """What is configured of base model, training and generation; nothing that leads out of the folder.

    The queue has room for `most` people who ask at once.
    """
    own = settings.generation
    training = settings.training.model_copy(update=QUICK if quick else {"min_characters": 1})
    return settings.model_copy(
        update={
            "data_dir": folder,
            "training": training,
            "generation": own.model_copy(update={"queue": max(own.queue, most)}),
            "tracking": TrackingSettings(),
            "sources": SourcesSettings(bluesky=BlueskySettings(enabled=False)),
            "disk": DiskSettings(keep_free_megabytes=64),
        }
    )


async def machine(settings: Settings) -> Findings:
    """What the workers compute with. Raises OperatorError where the base model can't be used."""
    findings = await ask_trainer(settings.base_model)
    if findings.base.problem:
        raise OperatorError(findings.base.problem)
    own = settings.generation.precision
    return findings if own == "auto" else _at(findings, own)


def _at(findings: Findings, precision: Literal["fp32", "bf16", "int8"]) -> Findings:
    return findings.model_copy(update={"compute": findings.compute.model_copy(update={"precision": precision})})


async def train_sample(services: Services, tell: Tell) -> Persona:
    """By the queue, which has to be running. Raises OperatorError where the training fails."""
    job, _ = await submit(services, OPERATOR, TrainArguments(voices=(Voice(SAMPLE),)))
    async for one in services.watchers.watch(job.id, services.store, services.jobs):
        if one.failure is not None:
            raise OperatorError(f"The sample account could not be trained: {one.failure}")
        if one.persona is not None:
            return one.persona
        if one.progress is not None:
            tell(_told(one.progress))
    raise OperatorError("The sample account's training ended without a persona; `mynah doctor` may say why.")


def _told(progress: Progress) -> str:
    if progress.stage != "train" or not progress.total:
        return f"training the sample account: {progress.stage}"
    speed = f", {progress.tokens_per_second:,.0f} tokens/s" if progress.tokens_per_second else ""
    return f"training the sample account: {progress.done / progress.total:.0%}{speed}"


async def bench_train(services: Services, posts: int, tell: Tell) -> Training:
    began = time.perf_counter()
    persona = await train_sample(services, tell)
    seconds = time.perf_counter() - began
    run, account = persona.manifest.run, persona.manifest.corpus.accounts[0]
    assert run is not None, "what was trained here has a record"
    characters = round(posts * account.characters / account.kept)
    estimate = estimate_seconds(characters, services.settings, [persona])
    assert estimate is not None, "there is a training to go by"
    return Training(account.kept, run.tokens_per_second, seconds, run.peak_bytes, posts, estimate)


async def bench_say(
    services: Services, persona: Persona, crowds: Sequence[int], seconds: float, tell: Tell
) -> list[Speaking]:
    tell("starting the serve worker")
    async with services.pool.lease(persona.key, persona.n_bytes):
        await _crowd(services, persona, max(crowds), 0)  # code and caches of the largest batch: not measured
        found = []
        for at_once in crowds:
            tell(f"{at_once} at once, for {seconds:g} s")
            found.append(await _speaking(services, persona, at_once, seconds))
    return found


async def _speaking(services: Services, persona: Persona, at_once: int, seconds: float) -> Speaking:
    began = time.perf_counter()
    heard = await _crowd(services, persona, at_once, seconds)
    passed = time.perf_counter() - began
    return Speaking(
        at_once=at_once,
        answers=len(heard.firsts),
        tokens_per_second=heard.tokens / passed,
        first_p50=quantile(heard.firsts, 50),
        first_p95=quantile(heard.firsts, 95),
        milliseconds_per_token=1000 * statistics.median(heard.per_token or [0.0]),
        worker_bytes=await _worker_bytes(services),
    )


async def _crowd(services: Services, persona: Persona, at_once: int, seconds: float) -> _Heard:
    """Everybody asks at least once, and again until the time is over; what was begun is heard to its end."""
    heard, seeds, end = _Heard(), itertools.count(1), time.perf_counter() + seconds

    async def person() -> None:
        await _ask(services, persona, next(seeds), heard)
        while time.perf_counter() < end:
            await _ask(services, persona, next(seeds), heard)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(person())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return heard


async def _ask(services: Services, persona: Persona, seed: int, heard: _Heard) -> None:
    """As /say asks, but for what is written down of it."""
    own = services.settings.generation
    request = GenerateRequest(
        id=0,
        key=persona.key,
        prompt=FIRST_PROMPT,
        max_tokens=own.max_tokens,
        temperature=own.temperature,
        top_p=own.top_p,
        top_k=own.top_k,
        repetition_penalty=own.repetition_penalty,
        quote_tries=own.quote_tries,
        seed=seed,
        blocklist=services.settings.blocklist,
    )
    began = time.perf_counter()
    first = None
    async with aclosing(services.generator.generate(request)) as events:
        async for event in events:
            now = time.perf_counter() - began
            if isinstance(event, Piece) and first is None:
                first = now
            if isinstance(event, Generated):
                first = now if first is None else first
                heard.firsts.append(first)
                heard.tokens += event.n_tokens
                if event.n_tokens > 1:
                    heard.per_token.append((now - first) / (event.n_tokens - 1))


async def _worker_bytes(services: Services) -> int | None:
    if not isinstance(services.generator, GeneratorClient):
        return None
    return resident_bytes((await services.generator.slot.worker()).process.pid)


def resident_bytes(process: int) -> int | None:
    """None where the system doesn't say."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS")), None)


def quantile(values: Sequence[float], share: int) -> float:
    """`share` percent of the values are at most this."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1] if len(values) > 1 else values[0]
