"""`mynah models verify`: are the personas' files as they were made?"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import complete
from bot.cli.asking import sure
from bot.cli.output import JSON_HELP, show_json
from bot.cli.shared import REFUSED, perform, run, services_of, settings_of

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.usecases.verifying import Orphan, Verified


def verify(
    ctx: typer.Context,
    persona: Annotated[
        list[str],
        typer.Argument(
            metavar="@PERSONA", autocompletion=complete.personas, help="Without any: all.", show_default=False
        ),
    ] = [],  # noqa: B006 (typer copies it)
    delete_orphans: Annotated[
        bool, typer.Option("--delete-orphans", help="Delete what a crash has left, an hour ago or more.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Compare every file of the personas with the checksums that it had when it was made.

    Exit code 1 when something is missing or damaged.
    """
    if delete_orphans and persona:
        raise typer.BadParameter("--delete-orphans goes without personas")
    settings = settings_of(ctx)
    checked, orphans = run(_verify(settings, persona))
    damaged = [one for one in checked if one.damage]
    if json:
        _show_json(checked, orphans)
    else:
        _show(checked, damaged, orphans, delete_orphans)
    if orphans and delete_orphans:
        _delete(settings, orphans, yes, quiet=json)
    if damaged:
        sys.exit(REFUSED)


def _show(checked: list[Verified], damaged: list[Verified], orphans: list[Orphan], deleting: bool) -> None:
    for one in damaged:
        print("\n".join([f"@{one.persona.name}", *(f"  {wrong}" for wrong in one.damage), f"  {_remedy(one)}"]))
    found = f"{len(damaged)} damaged" if damaged else "every file is as it was made"
    n = len(checked)
    print(f"{n} persona{'s'[: n != 1]} checked: {found}." if n else "There is no persona to check.")
    for orphan in orphans:
        print(f"Recorded nowhere: {orphan.folder}, {_size(orphan)}")
    if orphans and not deleting:
        print("What a crash has left there is of no use. To delete it: mynah models verify --delete-orphans")


def _size(orphan: Orphan) -> str:
    from bot.figures import bytes_text

    return bytes_text(orphan.n_bytes)


def _remedy(one: Verified) -> str:
    """What mends it, or ends it."""
    if one.closed:
        place = one.closed
        return f"To mend its owner and its mode: sudo chown -R $USER {place} && chmod -R u+rwX {place}"
    from bot.domain import train_command
    from bot.usecases.say import renamed

    name, origin = one.persona.name, one.persona.manifest.origin
    again = train_command(one.persona.weights.items(), "--fresh").replace("/train", "mynah train", 1)
    if renamed(one.persona):
        without = f"mynah models rm @{name}; to train it anew: {again}"
        return f"To mend it: mynah db restore FILE; or to do without it: {without}"
    if origin is not None:
        again = f"mynah models pull {origin.repo} --as {name}"
    return f"To mend it: {again}; or to do without it: mynah models rm @{name}"


def _show_json(checked: list[Verified], orphans: list[Orphan]) -> None:
    personas = [{"name": one.persona.name, "version": one.persona.version, "damage": one.damage} for one in checked]
    show_json({"personas": personas, "orphans": orphans})


def _delete(settings: Settings, orphans: list[Orphan], yes: bool, quiet: bool) -> None:
    from bot.control.models import DELETE_ORPHANS, OrphanFolders

    if not sure(f"Delete {'this folder' if len(orphans) == 1 else f'these {len(orphans)} folders'} for good?", yes):
        return
    wanted = OrphanFolders(folders=tuple(one.folder for one in orphans))
    gone = run(perform(settings, DELETE_ORPHANS, wanted))
    if not quiet:
        print(f"{len(gone)} deleted.")


async def _verify(settings: Settings, names: list[str]) -> tuple[list[Verified], list[Orphan]]:
    """Orphans are looked for where all are checked."""
    from bot.domain import parse_persona
    from bot.usecases.verifying import check, chosen, orphans

    async with services_of(settings) as services:
        personas = await chosen(services, [parse_persona(name) for name in names])
        checked: list[Verified] = []
        async for one in check(services, personas):
            checked.append(one)
            _progress(f"{len(checked)} of {len(personas)}: @{one.persona.name}")
        _progress("")
        return checked, [] if names else await orphans(services)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}", end="", file=sys.stderr, flush=True)
