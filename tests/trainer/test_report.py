from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import run_record
from trainer.base import Base
from trainer.cancelled import Cancelled
from trainer.quotes import Quotes
from trainer.report import (
    GENERATIONS,
    Posts,
    Text,
    as_text,
    attribute,
    distinct_2,
    generate_posts,
    is_copied,
    mean_length,
    report_card,
)
from trainer.text import finish

from .helpers import HELD_OUT, POSTS, plain_engine

CONTRAST = {"brenda": ["SHIP SHIP SHIP, WHERE IS MY SHIP?", "THE FOG HORN IS LOUD. VERY LOUD."] * 4}
OWN = Posts(POSTS, HELD_OUT * 10, 0, CONTRAST)


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        ("the tide came in, looked around, and left.", True),  # eight words, the whole of a post
        ("well, well: The tide came in -- looked around and LEFT again", True),
        ("the tide came in, looked around, and stayed.", False),
        ("the kettle is on", False),
        ("", False),
    ],
)
def test_copies(text: str, copied: bool) -> None:
    assert is_copied(text, Quotes.of(POSTS)) is copied


@pytest.mark.parametrize(
    ("text", "ended", "shown", "clean"),
    [
        ("a post.", True, "a post.", True),
        ("no end", True, "no end", True),
        ("an ellipsis…", True, "an ellipsis…", True),
        ("1 < 2 | 3 > 2", True, "1 < 2 | 3 > 2", True),
        ("a sentence. and half of", False, "a sentence.", True),
        ("half of a sen", False, "half of a…", False),
        ("", True, "", False),
        ("see https://t.co/x", True, "see https://t.co/x", False),
        ("see http:", True, "see http:", False),
        ("t.co/abc", True, "t.co/abc", False),
        ("<|end", True, "<|end", False),
    ],
)
def test_clean_texts(text: str, ended: bool, shown: str, clean: bool) -> None:
    assert as_text(finish("", text, ended), ended) == Text(shown, clean)


def test_distinct_pairs() -> None:
    assert distinct_2(["a b c"]) == 1
    assert distinct_2(["a b c", "A b, c!"]) == 0.5
    assert distinct_2(["a b a b a"]) == 0.5
    assert distinct_2([]) == distinct_2(["word"]) == 0


def test_lengths() -> None:
    assert mean_length(["ab", "abcd"]) == 3
    assert mean_length([]) == 0


def test_what_sounds_like_the_author_is_attributed_to_it() -> None:
    assert attribute(POSTS, OWN, 1) == (1.0, 1.0)
    assert attribute(CONTRAST["brenda"], OWN, 1) == (0.0, 1.0)
    assert attribute(POSTS, replace(OWN, contrast={}), 1) == (None, None)
    assert attribute(POSTS, replace(OWN, held_out=HELD_OUT), 1) == (None, None)  # not a bundle


def test_generated_posts_are_lines_and_the_seeds(any_base: Base) -> None:
    engine = plain_engine(any_base)
    posts = generate_posts(engine, 60, 7)
    assert len(posts) == 60
    assert len(set(posts)) > 50
    assert all("\n" not in post.shown and "<|endoftext|>" not in post.shown for post in posts)
    assert generate_posts(engine, 60, 7) == posts
    assert generate_posts(engine, 60, 8) != posts


def test_a_report_card(base: Base) -> None:
    run = run_record().model_copy(update={"seconds": 1.0})
    card = report_card(base, plain_engine(base), OWN, run)
    assert (card.bits_per_byte, card.bits_per_byte_base) == (run.bits_per_byte, run.bits_per_byte_before)
    assert card.contrast == ("brenda",)
    assert card.generations == GENERATIONS[0]
    assert card.attribution_ceiling == 1.0
    assert card.bits_per_byte_others is not None
    assert card.bits_per_byte_others > 3  # random weights know nothing of anybody
    assert card.copied == card.copied_own == 0.0
    assert 0 <= card.clean <= 1
    assert card.distinct_2 > 0.5
    assert card.length > 0
    assert card.length_own == mean_length([*POSTS, *HELD_OUT * 10])


def test_a_longer_training_gets_more_generations_up_to_a_limit(base: Base) -> None:
    for seconds, expected in ((30.0, 90), (1_000.0, GENERATIONS[1])):
        run = run_record().model_copy(update={"seconds": seconds})
        assert report_card(base, plain_engine(base), OWN, run).generations == expected


def test_without_contrast_or_held_out_posts_some_figures_are_missing(base: Base) -> None:
    card = report_card(base, plain_engine(base), Posts(POSTS, [], 0, {}), run_record())
    assert card.attribution is card.attribution_ceiling is card.bits_per_byte_others is None


def test_it_can_be_cancelled(base: Base) -> None:
    with pytest.raises(Cancelled):
        report_card(base, plain_engine(base), OWN, run_record(), lambda: True)
