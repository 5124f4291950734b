"""Every card of tests.seeds comes out of Mynah's own path: files → preparation → record → card."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.domain import AccountSource
from bot.preparation import prepare, split_prepared
from bot.settings import Settings, TrainingSettings
from bot.sources.catalog import Sources
from bot.sources.files import FileSource
from bot.training import counted
from tests import builders
from tests.markdown import Page
from tests.seeds import SEEDS, Seed, write_archive
from trainer.card import Published, model_card
from trainer.corpus import persona_name
from trainer.manifest import CorpusRecord, public

CARDS = Path(__file__).parents[3] / "shared" / "seeds"
THEIR_LABELS = ("Tweets downloaded", "Retweets", "Short tweets", "Tweets kept")


async def card_of(seed: Seed, folder: Path) -> str:
    """Its accounts' archives, as they go into a training; the card of a record with what came of them."""
    sources = Sources({"file": FileSource()})
    accounts = [AccountSource(one.handle, f"file:{write_archive(one, folder)}") for one in seed.accounts]
    prepared = await prepare(sources, accounts, Settings(training=TrainingSettings(max_posts=0)), lambda progress: None)
    split = split_prepared(prepared, seed=1)
    corpus = CorpusRecord(
        accounts=counted(prepared, split),
        duplicates=sum(split.duplicates),
        train_posts=len(split.train),
        held_out_posts=len(split.held_out),
        train_tokens=100_000,
    )
    name = persona_name(account.handle for account in accounts)
    return model_card(public(builders.manifest(name, corpus=corpus)), published(name))


def published(name: str) -> Published:
    return Published(f"mynah/{name}", "", adapter=None, merged="", base="base", own_base=True, pictures={})


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.persona)
async def test_a_seed_is_made_again_to_the_last_number(seed: Seed, tmp_path: Path) -> None:
    page = Page(await card_of(seed, tmp_path))
    labels = {row[0] for row in seed.rows}
    assert [row for row in page.table_under("Training data") if row[0] in labels] == seed.rows
    assert page.texts[: len(seed.heading)] == seed.heading
    assert page.metadata["widget"] == [{"text": "My dream is"}]
    assert {"How does it work?", "Training procedure", "How to use", "Limitations and bias"} <= set(page.headings)


def test_our_numbers_add_up_and_the_names_are_distinct() -> None:
    for one in (account for seed in SEEDS for account in seed.accounts):
        assert one.downloaded - one.retweets - one.short == one.kept
    assert len({seed.persona for seed in SEEDS}) == len(SEEDS)


@pytest.mark.skipif(not CARDS.is_dir(), reason="the cards themselves are not here")
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.persona)
def test_our_numbers_are_those_of_the_cards(seed: Seed) -> None:
    card = (CARDS / f"{seed.persona}.md").read_text(encoding="utf-8")
    text = re.sub(r"\s*</t[hd]>\s*<t[hd][^>]*>", " | ", card)  # one of the tables is HTML
    for label, (_, *numbers) in zip(THEIR_LABELS, seed.rows[1:], strict=True):
        assert re.search(rf"{label} \| {re.escape(' | '.join(numbers))}(?: \||<)", text)
    shown = card.encode("cp1252", "ignore").decode("utf-8", "ignore")  # they were encoded twice
    assert all(one.name in shown for one in seed.accounts)


def test_the_seeds_here_are_all_that_there_are() -> None:
    if CARDS.is_dir():
        assert {path.stem for path in CARDS.glob("*.md")} == {seed.persona for seed in SEEDS}
