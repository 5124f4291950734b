"""From `/train` to the first `/say`, and how long a `/say` of 40 tokens takes once its persona is resident.

    python -m benchmarks.first_say [--runs 3] [--account pip_the_lighthouse | --from FILE]

Each run trains on a fresh data folder, through the services that the console uses and their real worker processes.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from benchmarks.report import HEAD, print_report, summary
from bot.app import open_services, run_jobs
from bot.arguments import TrainArguments
from bot.domain import Caller, Utterance, Voice
from bot.platforms.console.console import ConsoleNotifier
from bot.settings import GenerationSettings, Settings
from bot.usecases.say import say
from bot.usecases.services import Services
from bot.usecases.train import submit

CALLER = Caller("benchmark", "benchmark", "benchmark")
SAYS = 20


async def say_once(services: Services, seed: int) -> float:
    """Seconds to the whole utterance; 40 tokens, unless the persona ends its sentence before."""
    began = time.perf_counter()
    async with aclosing(say(services, CALLER, None, "My dream is", seed=seed)) as events:
        async for event in events:
            if isinstance(event, Utterance):
                return time.perf_counter() - began
    raise AssertionError("no utterance")


async def run_once(folder: Path, account: str, files: list[Path]) -> tuple[float, list[float], float]:
    """(/train to the first /say's end, seconds of each resident /say, held-out bits per byte)."""
    settings = Settings(data_dir=folder, generation=GenerationSettings(max_tokens=40))
    notifier = ConsoleNotifier(settings.training.warn_characters)
    async with open_services(settings, notifier) as services, run_jobs(services):
        began = time.perf_counter()
        job, _ = await submit(services, CALLER, TrainArguments((Voice(account),), tuple(files)))
        if not await notifier.wait(job.id):
            ended = await services.store.job(job.id)
            raise SystemExit(f"the training failed: {ended.error if ended else ''}")
        await say_once(services, 0)
        first = time.perf_counter() - began
        says = [await say_once(services, seed) for seed in range(1, SAYS + 1)]
        (persona,) = await services.store.personas()
        run = persona.manifest.run
        assert run is not None
        return first, says, run.bits_per_byte


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--account", default="pip_the_lighthouse")
    parser.add_argument("--from", dest="file", type=Path)
    args = parser.parse_args()
    firsts: list[float] = []
    says: list[float] = []
    bits: list[float] = []
    for _ in range(args.runs):
        with tempfile.TemporaryDirectory() as folder:
            first, resident, quality = asyncio.run(
                run_once(Path(folder), args.account, [args.file] if args.file else [])
            )
        firsts.append(first)
        says += resident
        bits.append(quality)
    rows = [
        HEAD,
        summary(f"/train @{args.account} to first /say", firsts, "s", "≤ 90"),
        summary("/say, ≤ 40 tokens, resident", says, "s", "≤ 1"),
        summary("held-out bits per byte", bits, "bits", ""),
    ]
    print_report("First words", rows)


if __name__ == "__main__":
    main()
