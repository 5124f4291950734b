from __future__ import annotations

import asyncio

import pytest

from bot.domain import AccountSource
from bot.errors import BadInput, NotFound
from bot.preparation import prepare
from bot.settings import Settings, TrainingSettings
from tests.doubles.sources import FakeSources, make_posts
from trainer.corpus import Post
from trainer.protocol import Progress

PIP = AccountSource("pip", "fake:pip")
BOB = AccountSource("bob", "fake:bob")
SETTINGS = Settings(training=TrainingSettings(min_characters=300))


async def test_every_account_is_fetched_cleaned_and_counted() -> None:
    kept = [*make_posts(10), Post("x http://a.b y z &amp; w")]
    pip = [Post("RT @bob: nonsense", is_retweet=True), Post("too short"), *kept]
    sources = FakeSources({"pip": pip, "bob": make_posts(20)})
    told: list[Progress] = []
    first, second = await prepare(sources, [PIP, BOB], SETTINGS, told.append)
    row = first.counts
    assert (row.handle, row.source) == ("pip", "fake:pip")
    assert (row.downloaded, row.retweets, row.short, row.kept) == (13, 1, 1, 11)
    assert row.characters == sum(map(len, first.corpus.posts))
    assert first.corpus.posts[-1] == "x y z & w"
    assert first.posts == pip  # kept as they came
    assert second.counts.kept == 20
    assert [progress.stage for progress in told] == ["fetch", "fetch", "clean"]


async def test_no_more_posts_are_fetched_than_settings_say() -> None:
    sources = FakeSources({"pip": make_posts(50)})
    (prepared,) = await prepare(sources, [PIP], Settings(training=TrainingSettings(min_characters=1, max_posts=7)), lambda progress: None)
    assert prepared.counts.downloaded == 7
    (prepared,) = await prepare(sources, [PIP], Settings(training=TrainingSettings(min_characters=1, max_posts=0)), lambda progress: None)
    assert prepared.counts.downloaded == 50


async def test_one_account_with_too_little_text_is_named() -> None:
    sources = FakeSources({"pip": make_posts(20), "bob": make_posts(2)})
    with pytest.raises(BadInput, match=r"@bob has too little text .* of the 300 needed"):
        await prepare(sources, [PIP, BOB], SETTINGS, lambda progress: None)


async def test_an_account_that_cannot_be_fetched() -> None:
    with pytest.raises(NotFound, match="gone"):
        await prepare(FakeSources(error=NotFound("gone")), [PIP], SETTINGS, lambda progress: None)


async def test_cleaning_does_not_hold_up_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is done in a thread: what the loop has to do meanwhile gets done."""
    loop = asyncio.get_running_loop()
    turns: list[int] = []

    def clean_slowly(*arguments: object) -> list[object]:
        for turn in range(3):  # each needs an answer from the loop
            asyncio.run_coroutine_threadsafe(_note(turns, turn), loop).result(10)
        return []

    monkeypatch.setattr("bot.preparation._clean_all", clean_slowly)
    await prepare(FakeSources({"pip": []}), [PIP], SETTINGS, lambda progress: None)
    assert turns == [0, 1, 2]


async def _note(turns: list[int], turn: int) -> None:
    turns.append(turn)


async def test_what_a_persona_was_trained_with_comes_before_what_is_new() -> None:
    before, new = make_posts(20), [*make_posts(2, "news! "), Post("RT three more words", is_retweet=True)]
    sources = FakeSources({"pip": [*new, *before[:5]]}, before={"pip": before})
    (one,) = await prepare(sources, [AccountSource("pip", "fake:pip")], SETTINGS, lambda progress: None, "pip")
    assert one.posts == [*before, *new]
    assert one.corpus.posts == tuple(post.text for post in [*before, *new[:2]])
    assert one.new == 2
    assert one.counts.downloaded == 23
    (one,) = await prepare(sources, [AccountSource("pip", "fake:pip")], SETTINGS, lambda progress: None)
    assert one.posts == [*new, *before[:5]]
    assert one.new == 7
