"""`mynah bench`: how fast this machine is."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import JSON_HELP
from bot.cli.shared import noun, run, services_of, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.benching import Speaking, Tell, Training
    from bot.settings import Settings
    from bot.usecases.services import Services
    from trainer.findings import Findings

app = noun("How fast this machine trains and speaks, in a data folder of its own.")
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]
MOST = 1024


@app.command()
def say(
    ctx: typer.Context,
    n: Annotated[str, typer.Option("--n", help="How many people at once, like 1,8,32.")] = "1,8,32",
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="How long each is measured.")] = 10,
    json: Json = False,
) -> None:
    """Speaking: tokens a second, time to the first, memory; by a voice that is trained for it first."""
    run(_say(settings_of(ctx), _crowds(n), seconds, json))


@app.command()
def train(
    ctx: typer.Context,
    posts: Annotated[int, typer.Option(min=1, help="Posts of the account to estimate for.")] = 3200,
    json: Json = False,
) -> None:
    """Training: the sample account as `mynah train` does it, and how long a larger one would take."""
    run(_train(settings_of(ctx), posts, json))


def _crowds(text: str) -> list[int]:
    """Raises typer.BadParameter."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part[:9]) <= MOST for part in parts):
        raise typer.BadParameter(f"numbers from 1 to {MOST}, like 1,8,32", param_hint="--n")
    return [int(part) for part in parts]


async def _say(settings: Settings, crowds: Sequence[int], seconds: float, as_json: bool) -> None:
    from bot.app import run_jobs
    from bot.benching import bench_say, machine, train_sample

    with _telling() as tell:
        tell("looking at this machine")
        findings = await machine(settings)
        async with _bench(settings, quick=True, most=max(crowds)) as services:
            async with run_jobs(services):
                persona = await train_sample(services, tell)
            await services.jobs.training.trainer.rest()  # the machine is the serve worker's now
            found = await bench_say(services, persona, crowds, seconds, tell)
    _show_speaking(findings, found, as_json)


async def _train(settings: Settings, posts: int, as_json: bool) -> None:
    from bot.app import run_jobs
    from bot.benching import bench_train, machine

    with _telling() as tell:
        tell("looking at this machine")
        findings = await machine(settings)
        async with _bench(settings, quick=False) as services, run_jobs(services):
            found = await bench_train(services, posts, tell)
    _show_training(findings, found, as_json)


@asynccontextmanager
async def _bench(settings: Settings, quick: bool, most: int = 1) -> AsyncIterator[Services]:
    """Everything in a folder that is gone at the end, but for a failure: its logs may say why. Raises OperatorError."""
    from bot.benching import bench_settings
    from bot.folders import Folders

    folders = Folders(settings.data_dir)
    folders.make()
    with _kept_on_failure(folders.root / "work") as folder:
        async with services_of(bench_settings(settings, folder, quick, most)) as services:
            yield services


@contextmanager
def _kept_on_failure(place: Path) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    folder = Path(mkdtemp(prefix="bench-", dir=place))
    try:
        yield folder
    except Exception:
        print(f"Its logs are kept in {folder}/logs; delete {folder} when you have read them.", file=sys.stderr)
        raise
    except BaseException:  # Ctrl-C
        rmtree(folder, ignore_errors=True)
        raise
    rmtree(folder, ignore_errors=True)


@contextmanager
def _telling() -> Iterator[Tell]:
    """On stderr: one line that changes on a terminal, else a line for each step."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        seen = set[str]()

        def tell(text: str) -> None:
            step = text.partition(": ")[0]  # without how far it is
            if step not in seen:
                seen.add(step)
                print(step, file=sys.stderr)

        yield tell
        return
    with console.status("…", spinner="line") as status:
        yield lambda text: status.update(text)


def _hardware(findings: Findings, precision: bool) -> str:
    own, base = findings.compute, findings.base
    size = f"{base.parameters / 1e6:,.0f} million parameters" if base.folder else "which had to be downloaded"
    with_precision = f", weights in {own.precision}" if precision else ""
    return (
        f"{own.cores} cores · {own.device}: {own.name} · torch {own.torch}\n"
        f"base model {base.name}, {size}{with_precision}"
    )


def _show_speaking(findings: Findings, found: Sequence[Speaking], as_json: bool) -> None:
    from bot.cli.output import show_json, show_table
    from bot.figures import bytes_text

    if as_json:
        show_json({"machine": findings, "say": found})
        return
    print(f"{_hardware(findings, precision=True)}\n")
    rows = [
        (
            str(one.at_once),
            str(one.answers),
            f"{one.tokens_per_second:,.0f}",
            _time(one.first_p50),
            _time(one.first_p95),
            _time(one.milliseconds_per_token / 1000),
            "–" if one.worker_bytes is None else bytes_text(one.worker_bytes),
        )
        for one in found
    ]
    show_table(("at once", "answers", "tokens/s", "first, p50", "p95", "each token", "memory"), rows)
    print("\nfirst: seconds to the first piece of text; each token: of an answer; memory: of the worker that speaks")


def _show_training(findings: Findings, found: Training, as_json: bool) -> None:
    from bot.cli.output import show_json
    from bot.figures import bytes_text, duration

    if as_json:
        show_json({"machine": findings, "train": found})
        return
    print(f"{_hardware(findings, precision=False)}\n")
    print(f"speed                {found.tokens_per_second:,.0f} tokens/s")
    print(f"the sample account   {duration(found.seconds)}, {found.posts} posts")
    print(f"{f'{found.estimate_posts:,} posts':<20} about {duration(found.estimate_seconds)}")
    print(f"memory at its peak   {bytes_text(found.peak_bytes)}")


def _time(seconds: float) -> str:
    return f"{1000 * seconds:,.1f} ms" if seconds < 1 else f"{seconds:,.2f} s"
