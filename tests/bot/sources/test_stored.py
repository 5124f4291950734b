from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.domain import AccountSource
from bot.errors import BadInput, NotFound
from bot.ports import unheard
from bot.sources.stored import StoredSource
from bot.sources.zstd import write_posts
from trainer.corpus import Post


def keep(data_dir: Path, persona: str, handle: str, text: str, mtime: int) -> None:
    path = data_dir / "personas" / persona / "posts" / f"{handle}.jsonl.zst"
    write_posts(path, [Post(text)])
    os.utime(path, (mtime, mtime))


@pytest.mark.asyncio
async def test_the_newest_posts_win(tmp_path: Path) -> None:
    for persona, mtime in [("pip", 100), ("ladle-pip", 300), ("bob-pip", 200)]:
        keep(tmp_path, persona, "pip", persona, mtime)
    source = StoredSource(tmp_path)
    account = source.resolve("pip")
    assert account == AccountSource("pip", "stored:personas/ladle-pip/posts/pip.jsonl.zst")
    assert await source.fetch(account, 0, unheard) == [Post("ladle-pip")]
    assert source.resolve("pip", {"pip", "bob-pip"}) == AccountSource(
        "pip", "stored:personas/bob-pip/posts/pip.jsonl.zst"
    )
    assert source.resolve("pip", set()) is None


def test_handles_are_names_not_patterns(tmp_path: Path) -> None:
    source = StoredSource(tmp_path)
    assert source.resolve("pip") is None  # no folder yet
    keep(tmp_path, "pip", "pip", "hello", 1)
    for handle in ("*", "p?p", "[p]ip", "../posts/pip", "\0", "", "pi", "pip.jsonl.zst"):
        assert source.resolve(handle) is None


@pytest.mark.asyncio
@pytest.mark.parametrize("reference", ["stored:gone.jsonl.zst", "stored:../x.jsonl.zst", "stored:", "file:x.jsonl.zst"])
async def test_references_stay_inside(tmp_path: Path, reference: str) -> None:
    (tmp_path / "x.jsonl.zst").write_text('"secret"')
    (tmp_path / "data").mkdir()
    for outside in (reference, f"stored:{tmp_path}/x.jsonl.zst"):
        with pytest.raises(NotFound, match="The posts of @pip are not kept any more"):
            await StoredSource(tmp_path / "data").fetch(AccountSource("pip", outside), 0, unheard)


@pytest.mark.asyncio
async def test_damaged_posts(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl.zst").write_text("{")
    with pytest.raises(BadInput, match=r"kept in x.jsonl.zst are damaged"):
        await StoredSource(tmp_path).fetch(AccountSource("pip", "stored:x.jsonl.zst"), 0, unheard)
