"""`mynah sources`: where posts come from, and what that has cost."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import JSON_HELP, show_json, show_table
from bot.cli.shared import noun, run, settings_of, store_of

if TYPE_CHECKING:
    from bot.domain import About, Purchase
    from bot.settings import Settings

app = noun("Where posts come from, what that costs, and what the networks' rules say.")
WIDTH = 80
COLUMNS = ("account", "look-ups", "posts", "cost")

Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


@app.command("list")
def list_sources(ctx: typer.Context, json: Json = False) -> None:
    """Each source: how to name an account, whether it is on, its cost, its login, its terms (the default)."""
    found = run(_abouts(settings_of(ctx)))
    if json:
        show_json(found)
    else:
        print("\n\n".join(_about(one) for one in found))


@app.command()
def usage(ctx: typer.Context, json: Json = False) -> None:
    """What was read from X each month, what it has cost, and what is left of the budget."""
    from bot.money import dollars, micro

    settings = settings_of(ctx)
    purchases, left = run(_usage(settings))
    months = [(month, list(found)) for month, found in groupby(purchases, key=lambda one: one.month)]
    budget = micro(settings.sources.x.monthly_budget)
    if json:
        facts = [_month_facts(*one) for one in months]
        show_json({"source": "x", "budget": _plain(budget), "left": _plain(max(0, left)), "months": facts})
        return
    for month, found in months:
        print(f"{month}: {dollars(sum(one.cost for one in found))}")
        show_table(COLUMNS, [_row(*one) for one in _accounts(found)])
        print()
    if not months:
        print("Nothing was read from X.")
    print(f"{dollars(max(0, left))} are left of this month's budget, {dollars(budget)}.")


def _about(one: About) -> str:
    rows = [("like", one.example), ("cost", one.cost), ("login", one.login), ("terms", one.terms)]
    return "\n".join(
        [_wrapped(f"{one.name}: {one.state}"), *(_wrapped(f"  {label:<6} {text}") for label, text in rows)]
    )


def _wrapped(line: str) -> str:
    """Addresses stay whole, to be opened."""
    width = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    return textwrap.fill(line, width, subsequent_indent=" " * 9, break_long_words=False, break_on_hyphens=False)


def _accounts(purchases: Sequence[Purchase]) -> Iterable[tuple[str, list[Purchase]]]:
    for account in sorted({one.account for one in purchases}):
        yield account, [one for one in purchases if one.account == account]


def _pieces(purchases: Iterable[Purchase], kind: str) -> int:
    return sum(one.n for one in purchases if one.kind == kind)


def _row(account: str, own: Sequence[Purchase]) -> tuple[str, ...]:
    from bot.money import dollars

    cost = dollars(sum(one.cost for one in own))
    return f"@{account}", f"{_pieces(own, 'users'):,}", f"{_pieces(own, 'posts'):,}", cost


def _month_facts(month: str, purchases: Sequence[Purchase]) -> dict[str, object]:
    accounts = [
        {
            "account": account,
            "lookups": _pieces(own, "users"),
            "posts": _pieces(own, "posts"),
            "dollars": _plain(sum(one.cost for one in own)),
        }
        for account, own in _accounts(purchases)
    ]
    return {"month": month, "dollars": _plain(sum(one.cost for one in purchases)), "accounts": accounts}


def _plain(amount: int) -> float:
    """Dollars, of millionths of one."""
    return amount / 1_000_000


async def _abouts(settings: Settings) -> list[About]:
    from bot.sources.opening import open_sources
    from bot.store.spending import SqliteSpending

    async with (
        store_of(settings) as store,
        open_sources(settings, settings.data_dir, SqliteSpending(store.database)) as sources,
    ):
        return sources.abouts()


async def _usage(settings: Settings) -> tuple[list[Purchase], int]:
    """What was bought, and millionths of a dollar that are left."""
    from bot.handles import X
    from bot.sources.networks.x_budget import Budget
    from bot.store.spending import SqliteSpending

    async with store_of(settings) as store:
        spending = SqliteSpending(store.database)
        return await spending.purchases(X), await Budget(spending, settings.sources.x).left()
