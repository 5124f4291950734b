"""`mynah models default`: who answers where nobody was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import complete
from bot.cli.output import JSON_HELP, show_json
from bot.cli.shared import perform, run, settings_of, store_of
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.settings import Settings


def default(
    ctx: typer.Context,
    persona: Annotated[
        str | None,
        typer.Argument(metavar="@PERSONA", autocompletion=complete.personas, help="Without one: says who it is."),
    ] = None,
    space: Annotated[
        str,
        typer.Option(
            metavar="SPACE",
            autocompletion=complete.spaces,
            help="A server or group, like discord:123 (as its /settings do). Without it: everywhere.",
            show_default=False,
        ),
    ] = "",
    clear: Annotated[bool, typer.Option("--clear", help="Nobody.")] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Who answers where nobody was chosen.

    A channel's own persona, the last one that somebody named there, comes first; then the space's; then this one.
    """
    if clear and persona is not None:
        raise typer.BadParameter("--clear goes without a persona")
    if space and not all(space.partition(":")):
        raise BadInput(f"{space!r} is no space: those are named like discord:123 or telegram:-100123.")
    settings = settings_of(ctx)
    if clear or persona is not None:
        run(_set(settings, space, persona))
    name, here = run(_usual(settings, space))
    if json:
        show_json({"space": space, "persona": name})
    else:
        print(_told(name, here, space))


def _told(name: str | None, here: bool, space: str) -> str:
    where = f" in {space}" if space else ""
    if name is None:
        return f"Nobody by default{where}: people choose, unless there is but one persona."
    clear = f"mynah models default --clear{f' --space {space}' if space else ''}"
    gone = "" if here else f" It can't: there is no persona of this name{where} any more. For nobody: {clear}"
    return f"@{name} answers{where} where nobody was chosen.{gone}"


async def _set(settings: Settings, space: str, persona: str | None) -> None:
    from bot.control.models import SET_DEFAULT, Default
    from bot.domain import parse_persona

    wanted = Default(space=space, persona=None if persona is None else parse_persona(persona))
    await perform(settings, SET_DEFAULT, wanted)


async def _usual(settings: Settings, space: str) -> tuple[str | None, bool]:
    """Who it is, and whether it is there."""
    from bot.store.chats import SqliteChats

    async with store_of(settings) as store:
        name = (await SqliteChats(store.database).rules(space)).persona
        return name, name in await store.names(space)
