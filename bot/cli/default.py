"""`mynah models default`: who answers where nobody was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import complete
from bot.cli.output import JSON_HELP, show_json
from bot.cli.shared import run, settings_of, store_of
from bot.errors import BadInput, NotFound

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.sqlite import SqliteStore


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
    name, here = run(_default(settings_of(ctx), space, persona, clear))
    if json:
        show_json({"space": space, "persona": name})
    else:
        print(_told(name, here, space))


def _told(name: str | None, here: bool, space: str) -> str:
    where = f" in {space}" if space else ""
    if name is None:
        return f"Nobody by default{where}: people choose, unless there is but one persona."
    gone = "" if here else f" It can't: there is no persona of this name{where} any more."
    return f"@{name} answers{where} where nobody was chosen.{gone}"


async def _default(settings: Settings, space: str, persona: str | None, clear: bool) -> tuple[str | None, bool]:
    """Who it is now, and whether it is there."""
    from bot.store.chats import SqliteChats

    async with store_of(settings) as store:
        chats = SqliteChats(store.database)
        known = list(await store.names(space))
        if persona is not None or clear:
            name = None if persona is None else await _known(store, persona, known, space)
            rules = await chats.change_rules(space, lambda old: old.model_copy(update={"persona": name}))
        else:
            rules = await chats.rules(space)
        return rules.persona, rules.persona in known


async def _known(store: SqliteStore, given: str, known: list[str], space: str) -> str:
    """Its name as it is spelt. Raises BadInput or NotFound."""
    from bot.domain import parse_persona
    from bot.usecases.say import spelt

    name = spelt(parse_persona(given), known)
    if name in known:
        return name
    if await store.persona(name) is not None:
        raise NotFound(f"@{name} isn't seen in {space}. Somebody there has to train it first: /train")
    raise NotFound(f"There is no persona @{name}. `mynah models list` shows those that there are.")
