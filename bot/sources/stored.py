"""Posts that an earlier training kept: `<data_dir>/personas/<persona>/posts/<handle>.jsonl.zst`, one post a line."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from glob import escape
from pathlib import Path
from typing import IO

import zstandard

from bot.domain import About, AccountSource, Outlook, Profile, kept_reference
from bot.errors import BadInput, NotFound
from bot.ports import FetchProgress, unheard
from bot.sources.formats.reading import Meter, Metered, fetch_file, or_none
from bot.sources.networks.accounts import modified
from bot.sources.zstd import kept_post, open_stream
from bot.texts import Text
from trainer.corpus import Post

SCHEME = "stored"
SUFFIX = ".jsonl.zst"


def stored_reference(persona: str, handle: str) -> AccountSource:
    return AccountSource(handle, kept_reference(persona, handle))


class StoredSource:
    """References are `stored:<path relative to the data folder>`."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    @property
    def about(self) -> About:
        return About(
            name="What was trained on before",
            state="on",
            example="@alice, once there is a persona that was made of a file of hers",
            cost="none",
            login="none",
            terms="Seen only where the persona is seen. /forget deletes it.",
        )

    def resolve(self, handle: str, keepers: Collection[str] | None = None) -> AccountSource | None:
        """The newest posts kept of this account, by any persona that it was part of; of these `keepers`, if given."""
        if "/" in handle or "\0" in handle:
            return None
        kept = self._data_dir.glob(f"personas/*/posts/{escape(handle)}.jsonl.zst")
        allowed = (path for path in kept if keepers is None or path.parts[-3] in keepers)
        newest = max(allowed, key=modified, default=None)
        return AccountSource(handle, f"{SCHEME}:{newest.relative_to(self._data_dir)}") if newest else None

    async def here(self, account: AccountSource) -> list[Post]:
        return await or_none(self.fetch(account, 0, unheard))

    async def look(self, account: AccountSource, limit: int) -> Outlook:
        return Outlook(account)

    async def profile(self, account: AccountSource) -> Profile | None:
        return None

    def at_hand(self) -> list[AccountSource]:
        """Newest first."""
        kept = sorted(self._data_dir.glob("personas/*/posts/*.jsonl.zst"), key=modified, reverse=True)
        return [
            AccountSource(path.name.removesuffix(SUFFIX), f"{SCHEME}:{path.relative_to(self._data_dir)}")
            for path in kept
        ]

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """The kept posts' latest `limit`. Raises NotFound when they are gone, BadInput when they are damaged."""
        scheme, _, name = account.reference.partition(":")
        path = self._data_dir / name
        if scheme != SCHEME or ".." in path.parts or not path.is_relative_to(self._data_dir) or not path.is_file():
            raise NotFound(
                Text(
                    "The posts of @{handle} are not kept any more. Give them again with --from FILE.",
                    handle=account.handle,
                )
            )
        return await fetch_file(path, _kept_posts, limit, progress)


def _kept_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    try:
        for line in open_stream(Metered(file, meter)):
            yield kept_post(line)
    except (zstandard.ZstdError, ValueError) as error:
        raise BadInput(
            Text("The posts kept in {name} are damaged ({wrong}). Give them again.", name=name, wrong=str(error))
        ) from error
