"""The report card: how good a persona is, in numbers that compare it with its author and with others.

Held-out bits per byte; whether a classifier takes generated posts for the author's; how often they copy; whether they
are clean; how varied and long they are. docs/report-card.md says what each figure means to a reader.
"""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from trainer.attribution import BUNDLE, Attribution
from trainer.base import Base
from trainer.compute import autocast
from trainer.engine import line_end_ids
from trainer.evaluation import held_out_nats
from trainer.manifest import RunRecord
from trainer.protocol import GenerateRequest, ReportCard
from trainer.sampling import Sampling, sample
from trainer.text import finish

COPIED_WORDS = 8  # in a row, as in the copy guards of Markov bots
BATCH = 100  # generations at a time
OWN_POSTS = 800  # enough to know an author by
OTHERS_POSTS = 60  # of other accounts, to measure how a persona reads strangers
GENERATIONS = (60, 200)  # at least, at most
GENERATIONS_PER_SECOND = 3  # of training: the report takes a tenth of its time
SAY = GenerateRequest(id=0, key="", prompt="", temperature=0.8)  # what /say does by default

_WORD = re.compile(r"\w+")
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
    persona: Base, posts: Posts, run: RunRecord, cancelled: Callable[[], bool] = lambda: False
) -> ReportCard:
    """`persona` is the base with whatever was trained on it. Raises sampling.Cancelled."""
    began = time.monotonic()
    least, most = GENERATIONS
    n = max(least, min(most, round(GENERATIONS_PER_SECOND * run.seconds)))
    texts = generate_posts(persona, n, run.seed, cancelled)
    generated = [text.shown for text in texts]
    own = [*posts.held_out, *dict.fromkeys(posts.train)]  # a blend's posts are repeated
    random.Random(run.seed).shuffle(own)
    alike = min(n, len(own))
    attribution, ceiling = attribute(generated, posts, run.seed)
    copied = runs_of(posts.train)
    return ReportCard(
        bits_per_byte=run.bits_per_byte,
        bits_per_byte_base=run.bits_per_byte_before,
        bits_per_byte_others=others_bits(persona, posts.contrast, cancelled),
        contrast=tuple(posts.contrast),
        generations=n,
        attribution=attribution,
        attribution_ceiling=ceiling,
        copied=share(generated, lambda text: is_copied(text, copied)),
        copied_own=share(posts.held_out, lambda text: is_copied(text, copied)),
        clean=sum(text.clean for text in texts) / n,
        distinct_2=distinct_2(generated[:alike]),
        distinct_2_own=distinct_2(own[:alike]),
        length=mean_length(generated),
        length_own=mean_length(own),
        seconds=round(time.monotonic() - began, 2),
    )


def generate_posts(persona: Base, n: int, seed: int, cancelled: Callable[[], bool] = lambda: False) -> list[Text]:
    """Whole posts out of nothing, as `/say` would show them; the blocklist is left out."""
    stop, end = line_end_ids(persona), persona.end_id
    max_tokens = min(SAY.max_tokens, persona.context // 2)
    texts: list[Text] = []
    while len(texts) < n:
        options = Sampling(min(BATCH, n - len(texts)), max_tokens, SAY.temperature, SAY.top_p, seed + len(texts))
        with autocast(persona.model.device):
            samples = sample(
                persona.model, [end], options, stop, cancelled=cancelled, banned={end}, characters=persona.characters
            )
        texts += [as_text(persona, ids, stop) for ids in samples]
    return texts


def as_text(persona: Base, ids: list[int], stop: Collection[int]) -> Text:
    """Clean is what ends by itself or at a sentence's end, without special tokens, links' shards, broken characters."""
    ended = ids[-1] in stop
    raw = str(persona.tokenizer.decode(ids[:-1] if ended else ids, clean_up_tokenization_spaces=False))
    shown = finish("", str(persona.tokenizer.decode(ids, skip_special_tokens=True)), ended)
    cut_off = not ended and shown.endswith("…")
    return Text(shown, bool(shown) and not cut_off and not _UNCLEAN.search(raw if ended else shown))


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
    ids = [persona.encode(text) for text in texts]
    nats = held_out_nats(persona.model, ids, persona.end_id, persona.context, cancelled)
    return nats / math.log(2) / max(1, sum(len(text.encode()) for text in texts))


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def runs_of(texts: Sequence[str]) -> set[tuple[str, ...]]:
    """Every run of COPIED_WORDS words."""
    return {run for text in texts for run in _runs(text)}


def _runs(text: str) -> list[tuple[str, ...]]:
    words = words_of(text)
    return [tuple(words[i : i + COPIED_WORDS]) for i in range(len(words) - COPIED_WORDS + 1)]


def is_copied(text: str, runs: set[tuple[str, ...]]) -> bool:
    return any(run in runs for run in _runs(text))


def share(texts: Sequence[str], holds: Callable[[str], bool]) -> float:
    return sum(map(holds, texts)) / max(1, len(texts))


def distinct_2(texts: Sequence[str]) -> float:
    """Different pairs of neighbouring words, of all pairs (https://arxiv.org/abs/1510.03055); falls with more texts."""
    pairs = [pair for text in texts for pair in pairwise(words_of(text))]
    return len(set(pairs)) / max(1, len(pairs))


def mean_length(texts: Sequence[str]) -> float:
    """In characters."""
    return sum(map(len, texts)) / max(1, len(texts))
