from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain import AccountSource, Voice, parse_voice
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
    assert sources.resolve(Voice("pip_the_lighthouse")).reference == "sample:pip_the_lighthouse"
    write_posts(tmp_path / "personas" / "x" / "posts" / "pip_the_lighthouse.jsonl.zst", [Post("kept")])
    account = sources.resolve(Voice("pip_the_lighthouse"))
    assert account.reference.startswith("stored:")
    assert await sources.fetch(account, 0, unheard) == [Post("kept")]


@pytest.mark.asyncio
async def test_references_go_to_their_source(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "posts.txt").write_text("hello")
    assert await sources.fetch(file_reference("pip", tmp_path / "posts.txt"), 0, unheard) == [Post("hello")]
    assert len(await sources.fetch(AccountSource("p", "sample:ladle_in_orbit"), 7, unheard)) == 7
    with pytest.raises(NotFound, match="@pip came from a source that is switched off"):
        await sources.fetch(AccountSource("pip", "bluesky:pip"), 0, unheard)


def test_an_account_that_nobody_can_tell(sources: Sources) -> None:
    with pytest.raises(NotFound) as caught:
        sources.resolve(Voice("bob"))
    told = str(caught.value)
    assert "which @bob you mean" in told
    for way in ("x:bob", "bsky:bob", "@bob@its.server", "--from FILE", "@pip_the_lighthouse"):
        assert way in told


@pytest.mark.parametrize(
    ("typed", "default", "reference"),
    [
        ("@bob", "x", "x:bob"),
        ("@bob", "bluesky", "bluesky:bob.bsky.social"),
        ("@bob.reef.example", "x", "bluesky:bob.reef.example"),
        ("@bob-b.reef.example", None, "bluesky:bob-b.reef.example"),
        ("@bob@reef.example", "x", "mastodon:bob@reef.example"),
        ("x:bob", "bluesky", "x:bob"),
        ("bsky:bob", "x", "bluesky:bob.bsky.social"),
        ("https://x.com/Bob", None, "x:bob"),
        ("did:plc:abc", None, "bluesky:did:plc:abc"),
    ],
)
def test_handles_say_their_network(typed: str, default: str | None, reference: str) -> None:
    assert Sources({}, (), default).resolve(parse_voice(typed)).reference == reference


def test_a_name_that_cannot_be_on_the_default_network_is_asked_about() -> None:
    with pytest.raises(NotFound, match="which @"):
        Sources({}, (), "x").resolve(Voice("a_name_of_more_than_15"))


@pytest.mark.asyncio
async def test_what_a_persona_kept(sources: Sources, tmp_path: Path) -> None:
    assert await sources.kept("pip", "pip") == []
    write_posts(tmp_path / "personas" / "bob-pip" / "posts" / "pip.jsonl.zst", [Post("kept by a blend")])
    assert await sources.kept("pip", "pip") == []
    assert await sources.kept("bob-pip", "pip") == [Post("kept by a blend")]


def test_what_is_at_hand_has_each_account_once(sources: Sources, tmp_path: Path) -> None:
    for persona in ("bob", "bob-pip_the_lighthouse"):
        for handle in persona.split("-"):
            write_posts(tmp_path / "personas" / persona / "posts" / f"{handle}.jsonl.zst", [Post("kept")])
    handles = [account.handle for account in sources.at_hand()]
    assert sorted(handles) == ["bob", "ladle_in_orbit", "pip_the_lighthouse"]


async def test_a_plain_handle_on_bluesky_is_called_as_it_is_there(tmp_path: Path) -> None:
    sources = Sources({"stored": StoredSource(tmp_path)}, (), "bluesky")
    named = await sources.named(parse_voice("@alice:2"), set())
    assert named == Voice("alice.bsky.social", 2, "bluesky", "alice.bsky.social")
    write_posts(tmp_path / "personas" / "alice" / "posts" / "alice.jsonl.zst", [Post("somebody's own")])
    assert (await sources.named(Voice("alice"), set())).handle == "alice.bsky.social"  # of others' nothing is seen
    assert (await sources.named(Voice("alice"), {"alice"})) == Voice("alice")
