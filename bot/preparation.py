"""Accounts → posts → cleaned corpora: what a training and its dry run have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.domain import AccountSource
from bot.errors import BadInput
from bot.ports import FetchProgress, Sources
from bot.settings import TrainingSettings
from bot.texts import Text
from trainer.corpus import AccountCorpus, CorpusError, Post, check_enough, clean
from trainer.protocol import AccountCounts, Progress, Stage
from trainer.split import Split, split

Report = Callable[[Progress], None]  # may be called from a thread


@dataclass(frozen=True)
class Prepared:
    """One account, ready to train on: its raw posts, its corpus, and its row of the training table.

    `new` counts the posts of the corpus that the persona has not been trained with before.
    """

    posts: list[Post]
    corpus: AccountCorpus
    counts: AccountCounts
    new: int


async def prepare(
    sources: Sources,
    accounts: Sequence[AccountSource],
    settings: TrainingSettings,
    report: Report,
    persona: str | None = None,
) -> list[Prepared]:
    """Fetch and clean every account. Raises UserError, such as when an account has too few posts.

    With `persona`, what its last training kept comes before what is new since.
    """
    fetched: list[list[Post]] = []
    kept: list[list[Post]] = []
    for account in accounts:
        fetched.append(await sources.fetch(account, settings.max_posts, _fetch_report(report)))
        kept.append(await sources.kept(persona, account.handle) if persona else [])
    report(Progress(stage="clean"))
    return await asyncio.to_thread(_clean_all, accounts, fetched, kept, settings.min_characters)


def _fetch_report(report: Report) -> FetchProgress:
    def tell(done: int, total: int, wait: float | None = None) -> None:
        stage: Stage = "fetch" if wait is None else "wait"
        report(Progress(stage=stage, done=done, total=total, seconds_left=wait))

    return tell


def _clean_all(
    accounts: Sequence[AccountSource], fetched: list[list[Post]], kept: list[list[Post]], minimum: int
) -> list[Prepared]:
    return [_clean_one(*one, minimum) for one in zip(accounts, fetched, kept, strict=True)]


def _clean_one(account: AccountSource, fetched: list[Post], kept: list[Post], minimum: int) -> Prepared:
    known = {post.text for post in kept}
    posts = [*kept, *(post for post in fetched if post.text not in known)]
    corpus = clean(account.handle, posts)
    new = len(set(corpus.posts).difference(clean(account.handle, kept).posts))
    try:
        check_enough(corpus, minimum)
    except CorpusError as error:
        raise BadInput(Text(error.template, **error.values)) from error
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
    return Prepared(posts, corpus, row, new)


def split_prepared(prepared: Sequence[Prepared], seed: int) -> Split:
    """What of the accounts' posts is trained on and what is held out."""
    return split([one.corpus for one in prepared], seed, [one.counts.weight for one in prepared])
