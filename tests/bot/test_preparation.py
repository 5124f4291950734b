from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot import render
from bot.domain import AccountSource
from bot.errors import BadInput, NotFound
from bot.preparation import prepare, preview
from bot.settings import PrivacySettings, Settings, TrainingSettings
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


def most(posts: int) -> Settings:
    return Settings(training=TrainingSettings(min_characters=1, max_posts=posts))


async def test_no_more_posts_are_fetched_than_settings_say() -> None:
    sources = FakeSources({"pip": make_posts(50)})
    (prepared,) = await prepare(sources, [PIP], most(7), lambda progress: None)
    assert prepared.counts.downloaded == 7
    (prepared,) = await prepare(sources, [PIP], most(0), lambda progress: None)
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


async def test_what_should_not_be_learnt_is_masked_and_counted() -> None:
    texts = [
        "write to ann@reef.example at once",
        "call me on +44 20 7946 0958 tonight",
        *(p.text for p in make_posts(20)),
    ]
    sources = FakeSources({"pip": [Post(text) for text in texts]})
    (one,) = await prepare(sources, [PIP], SETTINGS, lambda progress: None)
    assert one.corpus.posts[:2] == ("write to [email] at once", "call me on [phone] tonight")
    assert (one.counts.masked.emails, one.counts.masked.phones) == (1, 1)
    assert one.counts.characters == sum(map(len, texts))  # as the recipe counts them
    assert one.posts[0].text == texts[0]  # kept as they came
    open_ = SETTINGS.model_copy(update={"privacy": PrivacySettings(emails=False, phones=False, mask_mentions=True)})
    (one,) = await prepare(sources, [PIP], open_, lambda progress: None)
    assert one.corpus.posts[:2] == tuple(texts[:2])


async def test_one_language_is_kept_and_the_others_are_counted() -> None:
    german = [Post(f"heute {n} Möwen gezählt", language="de") for n in range(5)]
    english = [replace(post, language="en") for post in make_posts(20)]
    sources = FakeSources({"pip": [*german, *english]})
    (one,) = await prepare(sources, [replace(PIP, language="en")], SETTINGS, lambda progress: None)
    assert (one.counts.downloaded, one.counts.foreign, one.counts.kept) == (25, 5, 20)
    assert one.counts.languages == (("en", 20), ("de", 5))
    (one,) = await prepare(sources, [PIP], SETTINGS, lambda progress: None)
    assert (one.counts.foreign, one.counts.kept) == (0, 25)
    assert render.remarks([one.counts], 1)[0] == (
        "@pip posts in several languages: English (20), German (5). To keep one: --lang en"
    )


async def test_posts_are_known_by_their_ids() -> None:
    before = [Post("as it was cut short …", id="17"), *make_posts(20)]
    sources = FakeSources({"pip": [Post("as it was cut short no more", id="17")]}, before={"pip": before})
    (one,) = await prepare(sources, [PIP], SETTINGS, lambda progress: None, "pip")
    assert (one.posts, one.new) == (before, 0)


async def test_a_preview_has_posts_of_every_account() -> None:
    sources = FakeSources({"pip": make_posts(20, "pip says "), "bob": make_posts(20, "bob says ")})
    seen = preview(await prepare(sources, [PIP, BOB], SETTINGS, lambda progress: None))
    assert [post.split()[0] for post in seen.posts] == ["pip", "bob", "pip", "bob", "pip"]
    assert [row.handle for row in seen.accounts] == ["pip", "bob"]
