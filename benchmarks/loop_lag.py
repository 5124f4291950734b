"""How late the bot's event loop is while both workers are busy: a training runs, and /say after /say.

    python -m benchmarks.loop_lag [--seconds 30]

A task sleeps for 5 ms again and again; lag is how much later than that it wakes. The idle loop is measured first, in
the same process, so that the two can be compared.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.first_say import CALLER, say_once
from benchmarks.report import print_report
from bot.app import open_services, run_jobs
from bot.arguments import TrainArguments
from bot.domain import Voice
from bot.platforms.console.console import ConsoleNotifier
from bot.settings import Settings, TrainingSettings
from bot.usecases.train import submit

TICK = 0.005  # seconds


async def lags(seconds: float) -> list[float]:
    """Lag of every tick, in milliseconds."""
    found: list[float] = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        await asyncio.sleep(TICK)
        found.append(1000 * (time.perf_counter() - began - TICK))
    return found


async def measure(folder: Path, seconds: float) -> tuple[list[float], list[float], int]:
    """(idle lags, busy lags, utterances meanwhile)."""
    settings = Settings(data_dir=folder, training=TrainingSettings(epochs=1))
    notifier = ConsoleNotifier(0)
    async with open_services(settings, notifier) as services, run_jobs(services):
        job, _ = await submit(services, CALLER, TrainArguments((Voice("pip_the_lighthouse"),)))
        await notifier.wait(job.id)
        await say_once(services, 0)
        idle = await lags(seconds / 3)

    settings = Settings(data_dir=folder, training=TrainingSettings(epochs=100))
    async with open_services(settings, ConsoleNotifier(0)) as services, run_jobs(services):
        await say_once(services, 0)
        job, _ = await submit(services, CALLER, TrainArguments((Voice("ladle_in_orbit"),)))
        while services.jobs.progress is None or services.jobs.progress[1].stage != "train":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        said = 0

        async def keep_talking() -> None:
            nonlocal said
            while True:
                await say_once(services, said)
                said += 1

        talking = asyncio.create_task(keep_talking())
        busy = await lags(seconds)
        talking.cancel()
        await asyncio.wait([talking])
        await services.jobs.cancel(job.id)
        return idle, busy, said


def row(name: str, values: list[float]) -> tuple[str, ...]:
    cuts = statistics.quantiles(values, n=100)
    return (name, str(len(values)), *(f"{value:.2f}" for value in (cuts[49], cuts[94], cuts[98], max(values))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        idle, busy, said = asyncio.run(measure(Path(folder), args.seconds))
    rows = [("event loop lag, ms", "ticks", "p50", "p95", "p99", "max"), row("idle", idle), row("both busy", busy)]
    print_report(f"Event loop lag (target: p99 ≤ 20 ms while both workers are busy; {said} utterances meanwhile)", rows)


if __name__ == "__main__":
    main()
