"""The bundled accounts: fictional, written for this project, in the format of X's archive (see samples/README.md)."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from bot.domain import About, AccountSource, Outlook, Profile
from bot.errors import NotFound
from bot.ports import FetchProgress, unheard
from bot.sources.formats.reading import fetch_file, or_none
from bot.sources.formats.x_archive import js_posts
from bot.texts import Text
from trainer.corpus import Post

SCHEME = "sample"

_FOLDER = Path(__file__).with_name("samples")
_HANDLES = ("pip_the_lighthouse", "ladle_in_orbit")


def sample_handles() -> tuple[str, ...]:
    return _HANDLES


class SampleSource:
    """References are `sample:<handle>`."""

    @property
    def about(self) -> About:
        return About(
            name="Samples",
            state="on",
            example="@pip_the_lighthouse, @ladle_in_orbit: to try things out",
            cost="none",
            login="none",
            terms="Invented for Mynah, and free like the rest of it.",
        )

    def resolve(self, handle: str, keepers: Collection[str] | None = None) -> AccountSource | None:
        return AccountSource(handle, f"{SCHEME}:{handle}") if handle in _HANDLES else None

    async def here(self, account: AccountSource) -> list[Post]:
        return await or_none(self.fetch(account, 0, unheard))

    async def look(self, account: AccountSource, limit: int) -> Outlook:
        return Outlook(account)

    async def profile(self, account: AccountSource) -> Profile | None:
        return None

    def at_hand(self) -> list[AccountSource]:
        return [AccountSource(handle, f"{SCHEME}:{handle}") for handle in _HANDLES]

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """The sample's latest `limit` posts. Raises NotFound."""
        scheme, _, handle = account.reference.partition(":")
        if scheme != SCHEME or handle not in _HANDLES:
            raise NotFound(
                Text(
                    "There is no sample account @{handle}. There are {samples}.", handle=handle, samples=name_samples()
                )
            )
        return await fetch_file(_FOLDER / handle / "tweets.js", js_posts, limit, progress)


def name_samples() -> str:
    """The samples' handles as a sentence has them."""
    return ", ".join(f"@{handle}" for handle in _HANDLES)
