"""Accounts → posts → cleaned corpora: what a training and its dry run have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from bot.domain import AccountSource, Profile
from bot.errors import BadInput
from bot.languages import keep_language, language_name, languages, release
from bot.ports import FetchProgress, Sources
from bot.privacy import Filters, mask_all
from bot.settings import PrivacySettings, Settings
from bot.texts import Text
from trainer.corpus import AccountCorpus, CorpusError, Post, check_enough, clean
from trainer.protocol import AccountCounts, MaskedCounts, Preview, Progress, Stage
from trainer.split import Split, split

PREVIEW_POSTS = 5
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
    avatar: bytes | None = None


async def prepare(
    sources: Sources,
    accounts: Sequence[AccountSource],
    settings: Settings,
    report: Report,
    persona: str | None = None,
) -> list[Prepared]:
    """Fetch, clean and mask every account's posts. Raises UserError, such as when an account has too few posts.

    With `persona`, what its last training kept comes before what is new since.
    """
    found: list[_Found] = []
    for account in accounts:
        posts = await sources.fetch(account, settings.training.max_posts, _fetch_report(report))
        kept = await sources.kept(persona, account.handle) if persona else []
        found.append(_Found(account, posts, kept, await sources.profile(account)))
    report(Progress(stage="clean"))
    return await asyncio.to_thread(_clean_all, found, settings)


def _fetch_report(report: Report) -> FetchProgress:
    def tell(done: int, total: int, wait: float | None = None) -> None:
        stage: Stage = "fetch" if wait is None else "wait"
        report(Progress(stage=stage, done=done, total=total, seconds_left=wait))

    return tell


@dataclass(frozen=True)
class _Found:
    """What there is of an account: the source's posts, those kept before, and who it is."""

    account: AccountSource
    fetched: list[Post]
    kept: list[Post]
    profile: Profile | None


def _clean_all(found: Sequence[_Found], settings: Settings) -> list[Prepared]:
    try:
        return [_clean_one(one, settings) for one in found]
    finally:
        release()


def _clean_one(found: _Found, settings: Settings) -> Prepared:
    account, posts = found.account, _merged(found.kept, found.fetched)
    chosen = _in_language(posts, account.language)
    corpus = clean(account.handle, chosen)
    new = len(set(corpus.posts).difference(clean(account.handle, found.kept).posts))
    try:
        check_enough(corpus, settings.training.min_characters)
    except CorpusError as error:
        raise BadInput(_too_little(error, account, len(posts) - len(chosen))) from error
    masked, counts = mask_all(corpus.posts, filters(settings.privacy))
    profile = found.profile or Profile("")
    row = AccountCounts(
        handle=account.handle,
        source=account.reference,
        downloaded=len(posts),
        retweets=corpus.counts.retweets,
        short=corpus.counts.short,
        kept=corpus.counts.kept,
        characters=corpus.counts.characters,
        weight=account.weight,
        name=profile.name,
        bio=profile.bio,
        language=account.language,
        foreign=len(posts) - len(chosen),
        languages=languages(posts).counts,
        masked=MaskedCounts(**asdict(counts)),
    )
    return Prepared(posts, replace(corpus, posts=masked), row, new, profile.avatar)


def _too_little(error: CorpusError, account: AccountSource, foreign: int) -> Text:
    told = Text(error.template, **error.values)
    if not foreign or account.language is None:
        return told
    return Text(
        "{told} {n:,} posts were left out, since they are not in {language}.",
        told=told,
        n=foreign,
        language=language_name(account.language),
    )


def _merged(kept: Sequence[Post], fetched: Sequence[Post]) -> list[Post]:
    """What was kept comes first; a post is known by its id, or by its text."""
    ids, texts = {post.id for post in kept if post.id}, {post.text for post in kept}
    return [*kept, *(post for post in fetched if post.id not in ids and post.text not in texts)]


def _in_language(posts: list[Post], language: str | None) -> list[Post]:
    return keep_language(posts, language) if language else posts


def filters(settings: PrivacySettings) -> Filters:
    return Filters(settings.emails, settings.phones, settings.cards, settings.keys, settings.mask_mentions)


def preview(prepared: Sequence[Prepared]) -> Preview:
    """The first posts of every account in turn, PREVIEW_POSTS in all."""
    in_turn = [post for posts in zip(*(one.corpus.posts for one in prepared), strict=False) for post in posts]
    return Preview(accounts=tuple(one.counts for one in prepared), posts=tuple(in_turn[:PREVIEW_POSTS]))


def split_prepared(prepared: Sequence[Prepared], seed: int) -> Split:
    """What of the accounts' posts is trained on and what is held out."""
    return split([one.corpus for one in prepared], seed, [one.counts.weight for one in prepared])
