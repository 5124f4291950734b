"""`mynah models prune`: make room on the disk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.asking import sure
from bot.cli.output import JSON_HELP, show_json, show_table
from bot.cli.shared import perform, run, settings_of, store_of

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.usecases.stock import Item, Survey, Usage


def prune(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go.")] = False,
    all_old: Annotated[
        bool, typer.Option("--all-old", help="All versions that aren't the current ones, whatever the budget.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Remove what is used least, until personas and posts are within their budget ([disk] in the settings).

    Old versions go first, then what is recorded nowhere, and posts that were read on networks and that nobody uses.
    Never a persona's current version, never the posts that it keeps.
    """
    from bot.usecases.disk import limits, plan

    settings = settings_of(ctx)
    found = run(_survey(settings))
    chosen = plan(found, limits(settings.disk), all_old)
    if not json:
        _show(settings, found.usage, chosen, all_old)
    agreed = bool(chosen) and not dry_run and sure("Remove these?", yes)
    gone = run(_prune(settings, chosen)) if agreed else ()
    if json:
        show_json({"usage": found.usage, "planned": chosen, "pruned": gone})
    elif gone:
        _tell(chosen, gone)


async def _survey(settings: Settings) -> Survey:
    from bot.folders import Folders
    from bot.store.library import SqliteLibrary
    from bot.usecases.stock import survey

    async with store_of(settings) as store:
        return await survey(Folders(settings.data_dir), store, SqliteLibrary(store.database))


async def _prune(settings: Settings, chosen: tuple[Item, ...]) -> tuple[Item, ...]:
    from bot.control.disk import PRUNE, Prune

    return await perform(settings, PRUNE, Prune(names=tuple(item.name for item in chosen)))


def _show(settings: Settings, usage: Usage, chosen: tuple[Item, ...], all_old: bool) -> None:
    from bot.figures import bytes_text

    for name, n_bytes, limit in (
        ("Personas", usage.personas, settings.disk.personas_gigabytes),
        ("Posts", usage.posts, settings.disk.posts_gigabytes),
    ):
        print(f"{name} take {bytes_text(n_bytes)}" + (f" of {limit:g} GB." if limit else "; there is no limit."))
    print(f"The disk has {bytes_text(usage.free)} free.")
    if not chosen:
        hint = "" if all_old else " (--all-old removes every version that isn't the current one.)"
        print(f"Nothing has to go.{hint}")
        return
    print()
    rows = [(item.name, bytes_text(item.n_bytes), f"{item.used_at:%Y-%m-%d}", item.why.value) for item in chosen]
    show_table(("what", "size", "last used", "why"), rows)
    print(f"\nTogether {bytes_text(sum(item.n_bytes for item in chosen))}.")


def _tell(chosen: tuple[Item, ...], gone: tuple[Item, ...]) -> None:
    from bot.figures import bytes_text

    print(f"Removed: {bytes_text(sum(item.n_bytes for item in gone))}.")
    stayed = {item.name for item in chosen} - {item.name for item in gone}
    if stayed:
        print(f"What is used by now, or can't be deleted, has stayed: {', '.join(sorted(stayed))}.", file=sys.stderr)
