"""The network sources as `bot.app` makes them, on the doubles of tests.doubles.networks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
from pydantic import SecretStr

from bot.settings import BlueskySettings, MastodonSettings, XSettings
from bot.sources.networks.accounts import AccountStore
from bot.sources.networks.bluesky import BlueskySource
from bot.sources.networks.mastodon import MastodonSource
from bot.sources.networks.patience import Patience
from bot.sources.networks.web import Web
from bot.sources.networks.x_api import XSource
from bot.sources.networks.x_budget import Budget
from bot.sources.networks.x_client import XClient
from bot.store.spending import SqliteSpending
from bot.store.sqlite import SqliteStore

REEF = "reef.example"
START = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass
class Pauses:
    """Waits that take no time; `seconds` remembers them."""

    seconds: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)

    @property
    def patience(self) -> Patience:
        return Patience(sleep=self.sleep)


@dataclass
class Now:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Town:
    """`x.client` is None without an address."""

    x: XSource
    bluesky: BlueskySource
    mastodon: MastodonSource
    spending: SqliteSpending
    pauses: Pauses
    now: Now


@asynccontextmanager
async def town(
    folder: Path, url: str, *, token: str | None = "secret-token", budget: int = 20, patience: Patience | None = None
) -> AsyncIterator[Town]:
    """All three, each with `url` for its server."""
    pauses, now = Pauses(), Now()
    patience = patience or pauses.patience
    async with SqliteStore.open(folder / "store.sqlite3") as store, httpx.AsyncClient() as http:
        spending = SqliteSpending(store.database)
        settings = XSettings(token=SecretStr(token) if token else None, monthly_budget=Decimal(budget), api_base=url)
        client = XClient(token, url) if token else None
        yield Town(
            XSource(AccountStore(folder, "x"), Web("X", http), Budget(spending, settings, now), client, patience),
            BlueskySource(
                AccountStore(folder, "bluesky"),
                Web("Bluesky", http),
                BlueskySettings(appview=url, directory=url),
                patience,
            ),
            MastodonSource(
                AccountStore(folder, "mastodon"),
                Web("Mastodon", http),
                MastodonSettings(instances=(REEF,)),
                lambda host: url,
                patience,
            ),
            spending,
            pauses,
            now,
        )
        if client is not None:
            await client.close()
