"""`mynah optout`: accounts that must not be imitated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import JSON_HELP, show_json, show_table
from bot.cli.shared import noun, perform, run, settings_of, store_of
from bot.errors import BadInput, NotFound

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.usecases.optouts import Silence

app = noun("Accounts that must not be imitated: people put them here with /optout.")

Handle = Annotated[str, typer.Argument(metavar="@HANDLE", help="The account.")]


@app.command("list")
def list_optouts(ctx: typer.Context, json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False) -> None:
    """Who has opted out, and which personas are silent for it (the default)."""
    found = run(_list(settings_of(ctx)))
    if json:
        show_json([{"handle": handle, "silent": personas} for handle, personas in found.items()])
    elif not found:
        print("Nobody has opted out. An account is added with: mynah optout add @HANDLE")
    else:
        rows = [(f"@{handle}", _names(personas) or "none") for handle, personas in found.items()]
        show_table(("account", "silent"), rows, elastic=1)


@app.command()
def add(ctx: typer.Context, handle: Handle) -> None:
    """Never train on this account, and let nothing speak that was made of it."""
    from bot.arguments import parse_optout
    from bot.control.people import OPT_OUT, OptOut

    settings = settings_of(ctx)
    try:
        account = parse_optout(handle).handle
    except BadInput as error:
        if made_of := run(_called(settings, handle.strip().removeprefix("@"))):
            raise BadInput(_of_others(handle, made_of)) from error
        raise
    done = run(perform(settings, OPT_OUT, OptOut(handle=account)))
    _show(account, done)
    if (made_of := run(_called(settings, account))) and account not in made_of:
        nobody = "" if done.personas else f"No persona is made of an account @{account}. "
        print(nobody + _of_others(account, made_of))


@app.command()
def rm(ctx: typer.Context, handle: Handle) -> None:
    """Allow it again: because it was a mistake, or somebody's joke."""
    from bot.arguments import parse_optout
    from bot.control.people import OPT_IN, OptOut

    account = parse_optout(handle).handle
    run(perform(settings_of(ctx), OPT_IN, OptOut(handle=account)))
    print(f"@{account} may be imitated again.")


def _show(account: str, done: Silence) -> None:
    print(f"@{account} is not imitated any more.")
    for job in done.jobs:
        print(f"Job {job} is cancelled.")
    if done.personas:
        print(f"Silent from now on: {_names(done.personas)}. To delete one with its posts: mynah models rm @NAME")
    for address in done.published:
        print(f"It is still published. Delete it there, too: {address}")


def _of_others(persona: str, accounts: Sequence[str]) -> str:
    which = " and ".join(f"@{one}" for one in accounts)
    how = " or ".join(f"mynah optout add @{one}" for one in accounts)
    return f"The persona @{persona.strip().removeprefix('@')} is made of {which}: {how}"


async def _called(settings: Settings, name: str) -> list[str]:
    """The accounts that the persona of this name is made of; none without it, or without a data folder."""
    from bot.usecases.say import spelt

    try:
        async with store_of(settings) as store:
            personas = await store.names()
    except NotFound:
        return []
    return sorted(personas.get(spelt(name.lower(), personas), ()))


def _names(personas: tuple[str, ...]) -> str:
    return ", ".join(f"@{name}" for name in personas)


async def _list(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Silent personas by the account that has opted out."""
    from bot.store.chats import SqliteChats

    async with store_of(settings) as store:
        personas = await store.names()
        optouts = sorted(await SqliteChats(store.database).optouts())
    return {one: tuple(name for name, handles in personas.items() if one in handles) for one in optouts}
