"""Which sources there are, by the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bot.handles import BLUESKY, MASTODON, X
from bot.ports import PostSource, Spending
from bot.settings import Settings, XSettings
from bot.sources.catalog import Sources
from bot.sources.files import FileSource
from bot.sources.networks.accounts import AccountStore
from bot.sources.networks.bluesky import BlueskySource
from bot.sources.networks.mastodon import MastodonSource
from bot.sources.networks.web import Web
from bot.sources.networks.x_api import XSource
from bot.sources.networks.x_budget import Budget
from bot.sources.samples import SampleSource
from bot.sources.stored import StoredSource

if TYPE_CHECKING:
    from bot.sources.networks.x_client import XClient

AGENT = {"User-Agent": "mynah (self-hosted persona bot)"}


@asynccontextmanager
async def open_sources(settings: Settings, data_dir: Path, spending: Spending) -> AsyncIterator[Sources]:
    own = settings.sources
    x, bluesky, mastodon = stores = [AccountStore(data_dir, network) for network in (X, BLUESKY, MASTODON)]
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(httpx.AsyncClient(headers=AGENT))
        client = _x_client(own.x)
        if client is not None:
            stack.push_async_callback(client.close)
        # Public ones before what personas have kept: what is kept may be for some eyes only.
        sources: dict[str, PostSource] = {
            "file": FileSource(),
            "sample": SampleSource(),
            X: XSource(x, Web("X", web), Budget(spending, own.x), client),
            BLUESKY: BlueskySource(bluesky, Web("Bluesky", web), own.bluesky),
            MASTODON: MastodonSource(mastodon, Web("Mastodon", web), own.mastodon),
            "stored": StoredSource(data_dir),
        }
        yield Sources(sources, stores, own.default or (X if client else None))


def _x_client(settings: XSettings) -> XClient | None:
    """Imported where it is used: tweepy is large."""
    if settings.token is None:
        return None
    from bot.sources.networks.x_client import XClient

    return XClient(settings.token.get_secret_value(), settings.api_base)
