"""Accounts → posts → cleaned corpora: what a training and its dry run have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.domain import AccountSource
from bot.errors import BadInput
from bot.ports import Sources
from bot.settings import TrainingSettings
from trainer.corpus import AccountCorpus, CorpusError, Post, check_enough, clean
from trainer.protocol import AccountCounts, Progress
from trainer.split import Split, split

Report = Callable[[Progress], None]  # may be called from a thread


@dataclass(frozen=True)
class Prepared:
    """One account, ready to train on: its raw posts, its corpus, and its row of the training table."""

    posts: list[Post]
    corpus: AccountCorpus
    counts: AccountCounts


async def prepare(
    sources: Sources, accounts: Sequence[AccountSource], settings: TrainingSettings, report: Report
) -> list[Prepared]:
    """Fetch and clean every account. Raises UserError, such as when an account has too few posts."""
    fetched: list[list[Post]] = []
    for account in accounts:
        fetched.append(await sources.fetch(account, settings.max_posts, _fetch_report(report)))
    report(Progress(stage="clean"))
    return await asyncio.to_thread(_clean_all, accounts, fetched, settings.min_characters)


def _fetch_report(report: Report) -> Callable[[int, int], None]:
    return lambda done, total: report(Progress(stage="fetch", done=done, total=total))


def _clean_all(accounts: Sequence[AccountSource], fetched: list[list[Post]], minimum: int) -> list[Prepared]:
    return [_clean_one(account, posts, minimum) for account, posts in zip(accounts, fetched, strict=True)]


def _clean_one(account: AccountSource, posts: list[Post], minimum: int) -> Prepared:
    corpus = clean(account.handle, posts)
    try:
        check_enough(corpus, minimum)
    except CorpusError as error:
        raise BadInput(str(error)) from error
    counts = corpus.counts
    row = AccountCounts(
        handle=account.handle,
        source=account.reference,
        downloaded=counts.downloaded,
        retweets=counts.retweets,
        short=counts.short,
        kept=counts.kept,
        characters=counts.characters,
        weight=account.weight,
    )
    return Prepared(posts, corpus, row)


def split_prepared(prepared: Sequence[Prepared], seed: int) -> Split:
    """What of the accounts' posts is trained on and what is held out."""
    return split([one.corpus for one in prepared], seed, [one.counts.weight for one in prepared])
