"""`mynah sources`: where posts come from, and what that has cost."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from bot.cli.shared import run, services_of, settings_of

if TYPE_CHECKING:
    from bot.domain import About, Purchase
    from bot.settings import Settings


@click.group()
def sources() -> None:
    """Where posts come from, what that costs, and what the networks' rules say."""


@sources.command("list")
@click.pass_context
def list_sources(ctx: click.Context) -> None:
    """Each source: how to name an account, whether it is on, its cost, its login, its terms."""
    for one in run(_abouts(settings_of(ctx))):
        click.echo(f"{one.name}: {one.state}")
        rows = [("like", one.example), ("cost", one.cost), ("login", one.login), ("terms", one.terms)]
        for label, text in rows:
            click.echo(click.wrap_text(f"{label:<6} {text}", width=100, initial_indent="  ", subsequent_indent=" " * 9))
        click.echo()


@sources.group()
def x() -> None:
    """Reading from X, which costs money."""


@x.command()
@click.pass_context
def usage(ctx: click.Context) -> None:
    """What was read each month, what it has cost, and what is left of the budget."""
    from bot.money import dollars

    settings = settings_of(ctx)
    purchases, left = run(_usage(settings))
    for month, found in groupby(purchases, key=lambda one: one.month):
        click.echo(_month(month, list(found)))
    click.echo(f"{dollars(max(0, left))} are left of this month's budget, ${settings.sources.x.monthly_budget:,.2f}.")


def _month(month: str, purchases: list[Purchase]) -> str:
    from bot.money import dollars
    from bot.render import table

    accounts = sorted({one.account for one in purchases})
    rows = [("  account", "look-ups", "posts", "cost")]
    for account in accounts:
        own = [one for one in purchases if one.account == account]
        pieces = {kind: sum(one.n for one in own if one.kind == kind) for kind in ("users", "posts")}
        cost = dollars(sum(one.cost for one in own))
        rows.append((f"  @{account}", f"{pieces['users']:,}", f"{pieces['posts']:,}", cost))
    return f"{month}: {dollars(sum(one.cost for one in purchases))}\n{table(rows)}"


async def _abouts(settings: Settings) -> list[About]:
    async with services_of(settings) as services:
        return services.sources.abouts()


async def _usage(settings: Settings) -> tuple[list[Purchase], int]:
    from bot.folders import Folders
    from bot.handles import X
    from bot.sources.networks.x_budget import Budget
    from bot.store.spending import SqliteSpending
    from bot.store.sqlite import SqliteStore

    folders = Folders(settings.data_dir)
    folders.make()
    async with SqliteStore.open(folders.database) as store:
        spending = SqliteSpending(store.database)
        return await spending.purchases(X), await Budget(spending, settings.sources.x).left()
