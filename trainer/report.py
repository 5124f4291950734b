"""The report card: how good a persona is, in numbers that compare it with its author and with others.

Held-out bits per byte; whether a classifier takes generated posts for the author's; how often they copy; whether they
are clean; how varied and long they are. docs/report-card.md says what each figure means to a reader.
"""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from trainer.attribution import BUNDLE, Attribution
from trainer.base import Base
from trainer.cancelled import Cancelled
from trainer.engine import Engine, Listener
from trainer.evaluation import held_out_nats
from trainer.manifest import RunRecord
from trainer.protocol import BlocklistOptions, Generated, GenerateRequest, ReportCard
from trainer.quotes import QUOTED_WORDS, Quotes, words_of

OWN_POSTS = 800  # enough to know an author by
OTHERS_POSTS = 60  # of other accounts, to measure how a persona reads strangers
GENERATIONS = (60, 200)  # at least, at most
GENERATIONS_PER_SECOND = 3  # of training: the report takes a tenth of its time
SAY = GenerateRequest(  # what /say does by default
    id=0, key="", prompt="", temperature=0.8, blocklist=BlocklistOptions(enabled=False), quote_tries=0
)

_UNCLEAN = re.compile(r"<\||\|>|https?:|www\.|\bt\.co\b|\ufffd")


@dataclass(frozen=True)
class Posts:
    """A persona's own posts as texts, and other accounts' for contrast: handle → texts."""

    train: Sequence[str]
    held_out: Sequence[str]
    duplicates: int
    contrast: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Text:
    """A generated post as people would see it, and whether there was nothing wrong with it before."""

    shown: str
    clean: bool


def report_card(
    persona: Base,
    engine: Engine,
    posts: Posts,
    run: RunRecord,
    cancelled: Callable[[], bool] = lambda: False,
    heard: Callable[[list[str]], None] = lambda generated: None,
) -> ReportCard:
    """`persona` is the base with whatever was trained on it, `engine` has it under the key "". Raises Cancelled.

    `heard` is given the posts that are generated for it.
    """
    began = time.monotonic()
    least, most = GENERATIONS
    n = max(least, min(most, round(GENERATIONS_PER_SECOND * run.seconds)))
    texts = generate_posts(engine, n, run.seed, cancelled)
    generated = [text.shown for text in texts]
    heard(generated)
    own = [*posts.held_out, *dict.fromkeys(posts.train)]  # a blend's posts are repeated
    random.Random(run.seed).shuffle(own)
    alike = min(n, len(own))
    attribution, ceiling = attribute(generated, posts, run.seed)
    index = Quotes.of(posts.train)
    return ReportCard(
        bits_per_byte=run.bits_per_byte,
        bits_per_byte_base=run.bits_per_byte_before,
        bits_per_byte_others=others_bits(persona, posts.contrast, cancelled),
        contrast=tuple(posts.contrast),
        generations=n,
        attribution=attribution,
        attribution_ceiling=ceiling,
        copied=share(generated, lambda text: is_copied(text, index)),
        copied_own=share(posts.held_out, lambda text: is_copied(text, index)),
        clean=sum(text.clean for text in texts) / n,
        distinct_2=distinct_2(generated[:alike]),
        distinct_2_own=distinct_2(own[:alike]),
        length=mean_length(generated),
        length_own=mean_length(own),
        seconds=round(time.monotonic() - began, 2),
    )


def generate_posts(engine: Engine, n: int, seed: int, cancelled: Callable[[], bool] = lambda: False) -> list[Text]:
    """Whole posts out of nothing, as `/say` would show them; but blocked words and quotes are let through."""
    texts: dict[int, Text] = {}

    def finished(generated: Generated) -> None:
        texts[generated.id] = as_text(generated.samples[0], generated.ended[0])

    for i in range(n):
        engine.submit(SAY.model_copy(update={"id": i, "seed": seed + i}), Listener(finished, cancelled=cancelled))
    while engine.step():
        pass
    if len(texts) < n:
        raise Cancelled
    return [texts[i] for i in range(n)]


def as_text(shown: str, ended: bool) -> Text:
    """Clean is what ends by itself or at a sentence's end, without special tokens, links' shards, broken characters."""
    cut_off = not ended and shown.endswith("…")
    return Text(shown, bool(shown) and not cut_off and not _UNCLEAN.search(shown))


def attribute(generated: Sequence[str], posts: Posts, seed: int) -> tuple[float | None, float | None]:
    """(accuracy on generated bundles, on the author's held-out ones); None without contrast or a bundle held out."""
    if not posts.contrast or len(posts.held_out) < BUNDLE:
        return None, None
    name = ""  # no handle is empty
    classifier = Attribution({name: posts.train[:OWN_POSTS], **posts.contrast})
    return classifier.accuracy(name, generated, seed), classifier.accuracy(name, posts.held_out, seed)


def others_bits(
    persona: Base, contrast: Mapping[str, Sequence[str]], cancelled: Callable[[], bool] = lambda: False
) -> float | None:
    """Bits per byte of other accounts' posts, the same number of each."""
    if not contrast:
        return None
    each = math.ceil(OTHERS_POSTS / len(contrast))
    texts = [text for posts in contrast.values() for text in posts[:each]]
    ids = [persona.vocabulary.encode(text) for text in texts]
    nats = held_out_nats(persona.model, ids, persona.end_id, persona.context, cancelled)
    return nats / math.log(2) / max(1, sum(len(text.encode()) for text in texts))


def is_copied(text: str, index: Quotes) -> bool:
    """Whether there are eight words in a row of a training post; a whole short post is not counted here."""
    return len(words_of(text)) >= QUOTED_WORDS and index.is_one(text)


def share(texts: Sequence[str], holds: Callable[[str], bool]) -> float:
    return sum(map(holds, texts)) / max(1, len(texts))


def distinct_2(texts: Sequence[str]) -> float:
    """Different pairs of neighbouring words, of all pairs (https://arxiv.org/abs/1510.03055); falls with more texts."""
    pairs = [pair for text in texts for pair in pairwise(words_of(text))]
    return len(set(pairs)) / max(1, len(pairs))


def mean_length(texts: Sequence[str]) -> float:
    """In characters."""
    return sum(map(len, texts)) / max(1, len(texts))
