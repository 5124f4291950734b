"""Posts that an earlier training kept: `<data_dir>/personas/<persona>/posts/<handle>.jsonl`, one post a line."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection, Iterable
from glob import escape
from pathlib import Path

from bot.domain import AccountSource, Profile
from bot.errors import NotFound
from bot.ports import FetchProgress
from bot.sources.lines import jsonl_posts
from bot.sources.reading import fetch_file
from bot.texts import Text
from trainer.corpus import Post

SCHEME = "stored"


def stored_reference(persona: str, handle: str) -> AccountSource:
    return AccountSource(handle, f"{SCHEME}:personas/{persona}/posts/{handle}.jsonl")


class StoredSource:
    """References are `stored:<path relative to the data folder>`."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def resolve(self, handle: str, keepers: Collection[str] | None = None) -> AccountSource | None:
        """The newest posts kept of this account, by any persona that it was part of; of these `keepers`, if given."""
        if "/" in handle or "\0" in handle:
            return None
        kept = self._data_dir.glob(f"personas/*/posts/{escape(handle)}.jsonl")
        allowed = (path for path in kept if keepers is None or path.parts[-3] in keepers)
        newest = max(allowed, key=_modified, default=None)
        return AccountSource(handle, f"{SCHEME}:{newest.relative_to(self._data_dir)}") if newest else None

    async def profile(self, account: AccountSource) -> Profile | None:
        return None

    def at_hand(self) -> list[AccountSource]:
        """Newest first."""
        kept = sorted(self._data_dir.glob("personas/*/posts/*.jsonl"), key=_modified, reverse=True)
        return [AccountSource(path.stem, f"{SCHEME}:{path.relative_to(self._data_dir)}") for path in kept]

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
        return await fetch_file(path, jsonl_posts, limit, progress)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # forgotten meanwhile
        return 0.0


def write_posts(path: Path, posts: Iterable[Post]) -> None:
    """Keep posts for StoredSource: whole or not at all, whenever this is interrupted. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.writelines(_line(post) for post in posts)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _line(post: Post) -> str:
    created_at = post.created_at.isoformat() if post.created_at else None
    record = {"text": post.text, "is_retweet": post.is_retweet, "created_at": created_at}
    return json.dumps(record, ensure_ascii=False) + "\n"
