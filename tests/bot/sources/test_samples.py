from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import bot.sources.samples as samples
from bot.handles import parse_handle
from bot.ports import unheard
from bot.sources.samples import SampleSource, sample_handles
from trainer.corpus import Post, clean

FOLDER = Path(samples.__file__).with_name("samples")


async def posts_of(handle: str) -> list[Post]:
    source = SampleSource()
    account = source.resolve(handle)
    assert account is not None
    return await source.fetch(account, 0, unheard)


def test_every_folder_is_a_sample() -> None:
    assert set(sample_handles()) == {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert [parse_handle(handle) for handle in sample_handles()] == list(sample_handles())


@pytest.mark.asyncio
@pytest.mark.parametrize("handle", sample_handles())
async def test_a_sample_is_enough_to_learn_a_voice_from(handle: str) -> None:
    counts = clean(handle, await posts_of(handle)).counts
    assert counts.kept >= 450
    assert counts.characters >= 45_000
    assert counts.retweets > 10


@pytest.mark.asyncio
@pytest.mark.parametrize("handle", sample_handles())
async def test_a_sample_reads_like_an_archive(handle: str) -> None:
    posts = await posts_of(handle)
    dates = [post.created_at for post in posts if post.created_at]
    assert len(dates) == len(posts) == len({post.text for post in posts})
    assert dates == sorted(dates, reverse=True)
    assert (dates[0].year, dates[0].month) == (2026, 10)
    assert dates[-1] > datetime(2024, 9, 1, tzinfo=UTC)
    assert not [post.text for post in posts if re.match(r"\s|\d+[.)] |[-*•] ", post.text) or post.text.endswith(" ")]


@pytest.mark.parametrize("handle", sample_handles())
def test_a_sample_says_that_it_is_fictional(handle: str) -> None:
    def part(name: str) -> str:
        return (FOLDER / handle / f"{name}.js").read_text("utf-8").partition(" = ")[2]

    assert json.loads(part("account"))[0]["account"]["username"] == handle
    assert "fictional account, written for Mynah" in json.loads(part("profile"))[0]["profile"]["description"]["bio"]
    assert "They are fictional" in (FOLDER / "README.md").read_text("utf-8")
