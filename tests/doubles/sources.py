from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.domain import About, AccountSource, Outlook, Profile, Voice
from bot.errors import NotFound
from bot.ports import FetchProgress
from bot.sources.stored import stored_reference
from bot.sources.zstd import write_posts
from tests.builders import different_texts
from trainer.corpus import Post


def make_posts(n: int = 40, beginning: str = "the gull says ") -> list[Post]:
    return [Post(text) for text in different_texts(n, beginning)]


@dataclass
class FakeSources:
    """bot.ports.Sources in memory: the accounts in `posts`, and any file whatever it is named.

    A fetch waits for `gate`, tells (1, 1), and raises `error` if there is one.
    """

    posts: dict[str, list[Post]] = field(default_factory=dict)
    before: dict[str, list[Post]] = field(default_factory=dict)  # what earlier trainings kept, of any persona
    keepers: list[Collection[str] | None] = field(default_factory=list)  # as resolving was asked with
    error: Exception | None = None
    write_error: Exception | None = None  # raised where posts are kept
    read: set[str] = field(default_factory=set)  # accounts of which posts were read on networks
    cost: int = 0  # of reading any account, and what is left to spend
    left: int | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def resolve(self, voice: Voice, keepers: Collection[str] | None = None) -> AccountSource:
        handle = voice.handle
        self.keepers.append(keepers)
        if handle not in self.posts and handle in self.before:
            return stored_reference(handle, handle)
        if handle not in self.posts:
            raise NotFound(f"I don't know an account @{handle}.")
        return AccountSource(handle, f"fake:{handle}")

    async def named(self, voice: Voice, keepers: Collection[str] | None) -> Voice:
        return voice

    def named_file(self, handle: str, path: Path) -> AccountSource:
        return AccountSource(handle, f"file:{path}")

    async def kept(self, persona: str, handle: str) -> list[Post]:
        return self.before.get(handle, [])

    def at_hand(self) -> list[AccountSource]:
        return [self.resolve(Voice(handle)) for handle in self.posts]

    async def look(self, account: AccountSource, limit: int) -> Outlook:
        return Outlook(account, cost=self.cost, left=self.left)

    async def here(self, account: AccountSource) -> list[Post]:
        return [] if self.error else self.posts.get(account.handle, [])

    def abouts(self) -> list[About]:
        return []

    async def profile(self, account: AccountSource) -> Profile | None:
        return Profile(account.handle.title())

    def keep(self, path: Path, reference: str, posts: Sequence[Post]) -> None:
        if self.write_error is not None:
            raise self.write_error
        write_posts(path, posts)

    def n_read(self, handle: str) -> int:
        return 7 * (handle in self.read)

    def has_read(self, handle: str) -> bool:
        return handle in self.read

    def forget(self, handle: str) -> None:
        self.read.discard(handle)

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        await self.gate.wait()
        progress(1, 1)
        if self.error is not None:
            raise self.error
        posts = self.posts[account.handle] if account.handle in self.posts else self.before[account.handle]
        return posts[:limit] if limit else posts
