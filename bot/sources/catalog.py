"""All places that posts come from, as one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bot.domain import About, AccountSource, Outlook, Profile, Voice
from bot.errors import Busy, NotFound, UserError
from bot.handles import BLUESKY, NETWORKS, network_of
from bot.ports import FetchProgress, PostSource
from bot.sources.files import file_reference
from bot.sources.formats.reading import FORMATS
from bot.sources.networks.accounts import AccountStore
from bot.sources.networks.patience import TryLater
from bot.sources.samples import name_samples
from bot.sources.stored import stored_reference
from bot.sources.zstd import write_posts
from bot.texts import Text
from trainer.corpus import Post


class Sources:
    """Sources by the scheme of their references, in the order in which they are asked for an account.

    `stores` are those of the networks; `default` is the network of a plain @alice.
    """

    def __init__(
        self, sources: Mapping[str, PostSource], stores: Sequence[AccountStore] = (), default: str | None = None
    ) -> None:
        self._sources = dict(sources)
        self._stores = {store.network: store for store in stores}
        self._default = default

    def resolve(self, voice: Voice, keepers: Collection[str] | None = None) -> AccountSource:
        """Where an account's posts are. Raises NotFound where nobody can tell."""
        if account := self._resolved(voice, keepers):
            return account
        raise _unknown(voice.handle)

    def _resolved(self, voice: Voice, keepers: Collection[str] | None) -> AccountSource | None:
        """A plain handle that was read on the default network is that, whoever else has been read elsewhere."""
        if voice.network:
            return AccountSource(voice.handle, f"{voice.network}:{voice.name}")
        address = network_of(voice.handle, self._default)
        usual = AccountSource(address.handle, f"{address.network}:{address.name}") if address else None
        if address and (store := self._stores.get(str(address.network))) and store.has(address.name):
            return usual
        for source in self._sources.values():
            if account := source.resolve(voice.handle, keepers):
                return account
        return usual

    async def named(self, voice: Voice, keepers: Collection[str] | None) -> Voice:
        """An account by its handle: one that was named by its DID, or a plain @alice where those are on Bluesky."""
        if voice.name.startswith("did:"):
            found = (await self.look(self.resolve(voice), 0)).account
        elif voice.network is None and self._default == BLUESKY:
            found = self._resolved(voice, keepers) or AccountSource(voice.handle, "")
        else:
            return voice
        network, _, name = found.reference.partition(":")
        return replace(voice, handle=found.handle, network=network, name=name) if network in NETWORKS else voice

    def named_file(self, handle: str, path: Path) -> AccountSource:
        """A file that a person names as the place of an account's posts. Raises NotFound or BadInput."""
        return file_reference(handle, path)

    async def look(self, account: AccountSource, limit: int) -> Outlook:
        try:
            outlook = await self._source(account).look(account, limit)
        except TryLater as error:
            raise Busy(Text("{trouble} Try again in a few minutes.", trouble=error.text)) from error
        named = replace(account, handle=outlook.account.handle, reference=outlook.account.reference)
        return replace(outlook, account=named)

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """The account's latest `limit` posts, from the source that its reference names. Raises UserError."""
        return await self._source(account).fetch(account, limit, progress)

    async def profile(self, account: AccountSource) -> Profile | None:
        """None, too, where it can't be read: the posts are what counts."""
        try:
            return await self._source(account).profile(account)
        except UserError:
            return None

    async def kept(self, persona: str, handle: str) -> list[Post]:
        """The posts that a persona's last training kept of an account; none, if they are gone or damaged."""
        return await self.here(stored_reference(persona, handle))

    def keep(self, path: Path, reference: str, posts: Sequence[Post]) -> None:
        """Keep posts in a file for StoredSource. A network's, which are kept already, are not written again.

        Raises OSError.
        """
        network, _, name = reference.partition(":")
        store = self._stores.get(network)
        if store is None or not store.holds(name, posts) or not store.link(name, path):
            write_posts(path, posts)

    def n_read(self, handle: str) -> int:
        """How many posts have been read of this account on networks."""
        return sum(len(store.posts(name)) for store in self._stores.values() for name in store.names_of(handle))

    def has_read(self, handle: str) -> bool:
        """Is there anything that has been read of this account on networks?"""
        return any(store.names_of(handle) for store in self._stores.values())

    def forget(self, handle: str) -> None:
        """Delete that. Raises OSError."""
        for store in self._stores.values():
            for name in store.names_of(handle):
                store.forget(name)

    def at_hand(self) -> list[AccountSource]:
        """What the sources have on this machine, each account once."""
        found: dict[str, AccountSource] = {}
        for source in self._sources.values():
            for account in source.at_hand():
                found.setdefault(account.handle, account)
        return list(found.values())

    async def here(self, account: AccountSource) -> list[Post]:
        return await self._source(account).here(account)

    def abouts(self) -> list[About]:
        return [source.about for source in self._sources.values()]

    def _source(self, account: AccountSource) -> PostSource:
        scheme = account.reference.partition(":")[0]
        if scheme in self._sources:
            return self._sources[scheme]
        raise NotFound(
            Text(
                "@{handle} came from a source that is switched off now. Give its posts as a file.",
                handle=account.handle,
            )
        )


def _unknown(handle: str) -> NotFound:
    return NotFound(
        Text(
            "I can't tell which @{handle} you mean. Say where it is: x:{handle} on X, bsky:{handle} on Bluesky, "
            "@{handle}@its.server on Mastodon. Or give me its posts as a file ({formats}): with --from FILE in a "
            "terminal, as the option “file” on Discord, on Telegram with /train @{handle} as its caption. Or try a "
            "sample: {samples}.",
            handle=handle,
            formats=FORMATS,
            samples=name_samples(),
        )
    )
