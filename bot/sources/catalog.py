"""All places that posts come from, as one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from bot.domain import AccountSource
from bot.errors import NotFound, UserError
from bot.ports import FetchProgress, PostSource, unheard
from bot.sources.files import file_reference
from bot.sources.reading import FORMATS
from bot.sources.samples import name_samples
from bot.sources.stored import stored_reference
from bot.texts import Text
from trainer.corpus import Post


class Sources:
    """Sources by the scheme of their references, in the order in which they are asked for an account."""

    def __init__(self, sources: Mapping[str, PostSource]) -> None:
        self._sources = dict(sources)

    def resolve(self, handle: str, keepers: Collection[str] | None = None) -> AccountSource:
        """Where an account's posts are. Raises NotFound when no source has any."""
        for source in self._sources.values():
            if account := source.resolve(handle, keepers):
                return account
        raise NotFound(
            Text(
                "I don't know an account @{handle}. Give me its posts as a file ({formats}): with --from FILE in a "
                "terminal, as the option “file” on Discord, on Telegram with /train @{handle} as its caption. Or try a "
                "sample: {samples}.",
                handle=handle,
                formats=FORMATS,
                samples=name_samples(),
            )
        )

    def named_file(self, handle: str, path: Path) -> AccountSource:
        """A file that a person names as the place of an account's posts. Raises NotFound or BadInput."""
        return file_reference(handle, path)

    async def kept(self, persona: str, handle: str) -> list[Post]:
        """The posts that a persona's last training kept of an account; none, if they are gone or damaged."""
        try:
            return await self.fetch(stored_reference(persona, handle), 0, unheard)
        except UserError:
            return []

    def at_hand(self) -> list[AccountSource]:
        """What the sources have on this machine, each account once."""
        found: dict[str, AccountSource] = {}
        for source in self._sources.values():
            for account in source.at_hand():
                found.setdefault(account.handle, account)
        return list(found.values())

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """The account's latest `limit` posts, from the source that its reference names. Raises UserError."""
        scheme = account.reference.partition(":")[0]
        if scheme not in self._sources:
            raise NotFound(
                Text(
                    "@{handle} came from a source that is switched off now. Give its posts as a file.",
                    handle=account.handle,
                )
            )
        return await self._sources[scheme].fetch(account, limit, progress)
