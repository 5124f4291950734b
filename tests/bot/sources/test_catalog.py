from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain import AccountSource
from bot.errors import NotFound
from bot.ports import unheard
from bot.sources.catalog import Sources
from bot.sources.files import FileSource, file_reference
from bot.sources.samples import SampleSource
from bot.sources.stored import StoredSource
from bot.sources.zstd import write_posts
from trainer.corpus import Post


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources({"file": FileSource(), "stored": StoredSource(tmp_path), "sample": SampleSource()})


@pytest.mark.asyncio
async def test_sources_are_asked_in_their_order(sources: Sources, tmp_path: Path) -> None:
    assert sources.resolve("pip_the_lighthouse").reference == "sample:pip_the_lighthouse"
    write_posts(tmp_path / "personas" / "x" / "posts" / "pip_the_lighthouse.jsonl", [Post("kept")])
    account = sources.resolve("pip_the_lighthouse")
    assert account.reference.startswith("stored:")
    assert await sources.fetch(account, 0, unheard) == [Post("kept")]


@pytest.mark.asyncio
async def test_references_go_to_their_source(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "posts.txt").write_text("hello")
    assert await sources.fetch(file_reference("pip", tmp_path / "posts.txt"), 0, unheard) == [Post("hello")]
    assert len(await sources.fetch(AccountSource("p", "sample:ladle_in_orbit"), 7, unheard)) == 7
    with pytest.raises(NotFound, match="@pip came from a source that is switched off"):
        await sources.fetch(AccountSource("pip", "bluesky:pip"), 0, unheard)


def test_an_unknown_account(sources: Sources) -> None:
    with pytest.raises(NotFound) as caught:
        sources.resolve("bob")
    assert str(caught.value) == (
        "I don't know an account @bob. Give me its posts as a file (an X archive (the zip, or its tweets.js), JSONL, a "
        "JSON list, CSV, or plain text with one post a line): with --from FILE in a terminal, as the option “file” "
        "on Discord, on Telegram with /train @bob as its caption. Or try a sample: @pip_the_lighthouse, "
        "@ladle_in_orbit."
    )


@pytest.mark.asyncio
async def test_what_a_persona_kept(sources: Sources, tmp_path: Path) -> None:
    assert await sources.kept("pip", "pip") == []
    write_posts(tmp_path / "personas" / "bob-pip" / "posts" / "pip.jsonl", [Post("kept by a blend")])
    assert await sources.kept("pip", "pip") == []
    assert await sources.kept("bob-pip", "pip") == [Post("kept by a blend")]


def test_what_is_at_hand_has_each_account_once(sources: Sources, tmp_path: Path) -> None:
    for persona in ("bob", "bob-pip_the_lighthouse"):
        for handle in persona.split("-"):
            write_posts(tmp_path / "personas" / persona / "posts" / f"{handle}.jsonl", [Post("kept")])
    handles = [account.handle for account in sources.at_hand()]
    assert sorted(handles) == ["bob", "ladle_in_orbit", "pip_the_lighthouse"]
