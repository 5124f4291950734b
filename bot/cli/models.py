"""`mynah models`: the personas on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import default, pruning, publishing, verifying
from bot.cli.asking import sure
from bot.cli.output import JSON_HELP, show_json, show_table
from bot.cli.shared import noun, perform, run, services_of, settings_of, store_of

if TYPE_CHECKING:
    from bot.domain import Persona, Summary
    from bot.settings import Settings
    from bot.usecases.personas import Forgetting
    from bot.usecases.services import Services

app = noun("The personas on this machine.")
Named = publishing.Named
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]
UNKNOWN = "–"


@app.command("list")
def list_models(ctx: typer.Context, json: Json = False) -> None:
    """Every persona (the default).

    Bits per byte: how well it guesses its account's next letters, on posts that it hasn't learnt; less is better.
    Author: how many of its texts are taken for that account's, rather than for others'.
    """
    settings = settings_of(ctx)
    personas = run(_list(settings))
    if json:
        show_json(personas)
    elif not personas:
        print(f"No persona yet in {settings.data_dir}. Train one: mynah train @pip_the_lighthouse")
    else:
        now = datetime.now(UTC)
        columns = ("persona", "v", "posts", "bits/byte", "author", "size", "spoke", "made")
        show_table(columns, [_row(one, now) for one in personas])
        if any(one.silent for one in personas):
            print("\nOpted out: silent, since its account doesn't want to be imitated (mynah optout).")


def _row(one: Summary, now: datetime) -> tuple[str, ...]:
    from bot.figures import bytes_text

    return (
        f"@{one.name}",
        f"v{one.version}",
        f"{one.posts:,}" if one.posts else UNKNOWN,
        UNKNOWN if one.bits_per_byte is None else f"{one.bits_per_byte:.2f}",
        UNKNOWN if one.attribution is None else f"{100 * one.attribution:.0f}%",
        bytes_text(one.n_bytes),
        "opted out" if one.silent else _ago(one.used_at, now),
        f"{one.created_at.astimezone():%Y-%m-%d}",
    )


def _ago(then: datetime | None, now: datetime) -> str:
    """It is known to the hour."""
    if then is None:
        return "never"
    hours = int((now - then).total_seconds() // 3600)
    return "just now" if hours < 1 else f"{hours} h ago" if hours < 48 else f"{hours // 24} d ago"


@app.command()
def show(
    ctx: typer.Context,
    persona: Named,
    lineage: Annotated[
        bool, typer.Option("--lineage", help="What it came from, step by step, with checksums.")
    ] = False,
    json: Json = False,
) -> None:
    """How a persona was made, and how good it is."""
    run(_show(settings_of(ctx), persona, lineage, json))


@app.command()
def rm(
    ctx: typer.Context, persona: Named, yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False
) -> None:
    """Delete a persona: its posts, corpus and weights."""
    from bot.commands import forget_question, forgotten
    from bot.control.models import FORGET, Name

    settings = settings_of(ctx)
    plan = run(_plan(settings, persona))
    if not sure(forget_question(plan), yes):
        print(f"@{plan.name} stays.")
        return
    run(perform(settings, FORGET, Name(name=plan.name)))
    print(forgotten(plan))
    for address in plan.published:
        print(f"It is still published. Delete it there, too: {address}")


@app.command()
def rename(
    ctx: typer.Context,
    old: Named,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its name from now on.", show_default=False)],
) -> None:
    """Give a persona another name, under which it has all that it had.

    Its accounts keep theirs: to train them again makes another persona, which has their names.
    """
    from bot.control.models import RENAME, Rename
    from bot.domain import parse_persona

    before = parse_persona(old)
    settings = settings_of(ctx)
    name = run(perform(settings, RENAME, Rename(old=before, new=new)))
    silent = any(one.silent for one in run(_list(settings)) if one.name == name)
    hint = "It stays silent (mynah optout)." if silent else f"Try it: mynah say @{name} 'My dream is'"
    print(f"@{before} is @{name} now. {hint}")


async def _list(settings: Settings) -> list[Summary]:
    from bot.store.library import SqliteLibrary

    async with store_of(settings) as store:
        return await SqliteLibrary(store.database).summaries()


async def _show(settings: Settings, name: str, lineage: bool, json: bool) -> None:
    from pathlib import Path

    from bot.cli.lineage import lineage as steps
    from bot.platforms.console.album import Album, told
    from bot.render import card
    from bot.usecases.lineage import trace

    async with services_of(settings) as services:
        persona = await _find(services, name)
        if lineage:
            traced = await trace(services, persona)
            show_json(traced) if json else print(steps(traced))
            return
        if json:
            show_json(persona)
            return
        print(card(persona))
        if pictures := await Album(services.painter, services.folders).fill(persona):
            print(told(pictures, Path.cwd()))


async def _find(services: Services, name: str) -> Persona:
    """Of silent ones, too: the operator may look at them. Raises BadInput or NotFound."""
    from bot.domain import parse_persona
    from bot.usecases.say import spelt

    wanted = spelt(parse_persona(name), await services.store.names())
    return await services.store.persona(wanted) or await publishing.find(services, name)


async def _plan(settings: Settings, name: str) -> Forgetting:
    from bot.domain import parse_persona
    from bot.usecases.personas import plan_forgetting
    from bot.usecases.train import OPERATOR

    async with services_of(settings) as services:
        return await plan_forgetting(services, OPERATOR, parse_persona(name))


for command in (
    verifying.verify,
    default.default,
    pruning.prune,
    publishing.export,
    publishing.publish,
    publishing.pull,
):
    app.command()(command)
