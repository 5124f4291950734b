"""What has been read of the networks' accounts: each account once, whatever is made of it.

accounts/<network>/<name>.jsonl.zst    posts, newest first; replaced by one rename
accounts/<network>/<name>.part.zst     pages that a reading has added since, a zstd frame each
accounts/<network>/<name>.json         who it is, and what has not been read yet
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain import AccountSource, Profile
from bot.errors import Busy, NotAllowed, UserError
from bot.handles import Address
from bot.ports import FetchProgress
from bot.sources.latest import latest
from bot.sources.zstd import append_posts, read_posts, write_file, write_posts
from bot.texts import Text
from trainer.corpus import Post

LONGEST_WAIT = 15 * 60  # seconds for another process to end its reading
_KINDS = (".jsonl.zst", ".part.zst", ".json")


class Gap(BaseModel):
    """Posts that have not been read: those after `since`, before `cursor`; None: from the first, to the newest.

    `since` is a post's id, `cursor` the network's own.
    """

    model_config = ConfigDict(frozen=True)
    since: str | None = None
    cursor: str | None = None


class Account(BaseModel):
    """What is known of an account: `id` is the network's, which outlives a change of its name.

    `n_posts` are those that the network counted, when it was asked last; `n_read`, when all was read that was wanted.
    `gaps` are newest first.
    """

    model_config = ConfigDict(frozen=True)
    id: str
    name: str
    bio: str = ""
    n_posts: int = 0
    n_read: int = 0
    seen_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    avatar_url: str | None = None
    gaps: tuple[Gap, ...] = (Gap(),)


def modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # forgotten meanwhile
        return 0.0


class AccountStore:
    """The folder of one network."""

    def __init__(self, data_dir: Path, network: str) -> None:
        self.network = network
        self._folder = data_dir / "accounts" / network

    def names(self) -> list[str]:
        """Accounts of which posts have been read, newest reading first."""
        found = sorted(self._folder.glob("*.jsonl.zst"), key=modified, reverse=True)
        return [path.name.removesuffix(".jsonl.zst") for path in found]

    def at_hand(self) -> list[AccountSource]:
        """Those accounts, as sources name them."""
        return [self.source(name) for name in self.names()]

    def resolve(self, handle: str) -> AccountSource | None:
        """The account that a persona's handle means, if posts of it have been read."""
        return next((self.source(name) for name in self.names_of(handle) if self.has(name)), None)

    def names_of(self, handle: str) -> list[str]:
        """Accounts that a persona's handle may mean, whatever has been read of them."""
        found = {path.name.removesuffix(kind) for kind in _KINDS for path in self._folder.glob(f"*{kind}")}
        return sorted(name for name in found if Address(name).handle == handle)

    def holds(self, name: str, posts: Sequence[Post]) -> bool:
        """Are these all that have been read of it?"""
        kept = self.posts(name)
        return len(kept) == len(posts) and {post.id for post in kept} == {post.id for post in posts}

    def has(self, name: str) -> bool:
        return self._posts(name).is_file() or self._part(name).is_file()

    def source(self, name: str) -> AccountSource:
        return AccountSource(Address(name).handle, f"{self.network}:{name}")

    def account(self, name: str) -> Account | None:
        """None when nothing is known, or what was written is damaged."""
        try:
            return Account.model_validate_json(self._state(name).read_bytes())
        except (OSError, ValidationError):
            return None

    def save(self, name: str, account: Account) -> None:
        write_file(self._state(name), account.model_dump_json(indent=2).encode())

    def posts(self, name: str) -> list[Post]:
        """All that have been read, each once, newest first."""
        found: dict[str | None, Post] = {}
        for path in (self._part(name), self._posts(name)):
            for post in read_posts(path):
                found.setdefault(post.id, post)
        return latest(found.values(), 0)

    def add(self, name: str, posts: Iterable[Post], account: Account) -> None:
        """A page, and then what isn't read yet. A kill in between leaves a page that will be read again."""
        append_posts(self._part(name), posts)
        self.save(name, account)

    def settle(self, name: str) -> None:
        """A reading has ended: the pages become a part of the whole."""
        if self._part(name).exists():
            write_posts(self._posts(name), self.posts(name))
            self._part(name).unlink()

    def link(self, name: str, path: Path) -> bool:
        """Make `path` another name of the posts' file, which never changes. False where the file system can't."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            os.link(self._posts(name), path)
        except OSError:
            return False
        return True

    def avatar(self, name: str) -> Path:
        return self._folder / f"{name}.avatar"

    def profile(self, name: str) -> Profile | None:
        account, avatar = self.account(name), self.avatar(name)
        if account is None:
            return None
        return Profile(account.name, account.bio, avatar.read_bytes() if avatar.is_file() else None)

    def forget(self, name: str) -> None:
        """All of it, with what a killed write has left. Raises OSError."""
        for kind in (*_KINDS, ".avatar"):
            (self._folder / f"{name}{kind}").unlink(missing_ok=True)
            for unfinished in self._folder.glob(f".{escape(name)}{kind}.*"):
                unfinished.unlink(missing_ok=True)
        (self._folder / f".{name}.lock").unlink(missing_ok=True)

    @asynccontextmanager
    async def reading(self, name: str, progress: FetchProgress) -> AsyncIterator[None]:
        """Be the only one who reads this account, in whatever process. Raises Busy after a long wait."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder / f".{name}.lock", thread_local=False)
        for left in range(LONGEST_WAIT, -1, -1):
            try:
                lock.acquire(timeout=0)
                break
            except Timeout:
                if not left:
                    busy = Text("@{handle} is being read at the moment. Try again later.", handle=name)
                    raise Busy(busy) from None
                progress(0, 0, left)
                await asyncio.sleep(1)
        try:
            yield
        finally:
            lock.release()

    def renewed(self, name: str, identity: str, news: Mapping[str, object]) -> Account:
        """What is known of an account, with what its network says now. Raises NotAllowed when it is another one."""
        before = self.account(name)
        if before is not None and before.id != identity:
            raise another_one(name)
        return (before or Account(id=identity, name="")).model_copy(update=dict(news))

    def _posts(self, name: str) -> Path:
        return self._folder / f"{name}.jsonl.zst"

    def _part(self, name: str) -> Path:
        return self._folder / f"{name}.part.zst"

    def _state(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def another_one(name: str) -> UserError:
    return NotAllowed(
        Text(
            "@{handle} is another account now than the one whose posts I have. Have those forgotten first: "
            "/forget @{handle}",
            handle=Address(name).handle,
        )
    )
