from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.builders import account_corpus, different_texts
from trainer.similar import Shingles
from trainer.split import MOST_REPEATS, balance, choose_held_out, split

KEPT = st.lists(st.text("abc ", min_size=1, max_size=12), max_size=30)
ACCOUNTS = st.lists(st.lists(st.text(min_size=1, max_size=9), min_size=1), min_size=2, max_size=3)


def unique(texts: list[str]) -> list[str]:
    seen = Shingles()
    return [text for text in texts if seen.add(text)]


# Splitting


@given(st.lists(KEPT, min_size=1, max_size=3), st.integers())
def test_split_leaks_nothing_and_loses_near_duplicates_only(accounts: list[list[str]], seed: int) -> None:
    result = split([account_corpus(f"a{i}", *texts) for i, texts in enumerate(accounts)], seed)
    every = [text for texts in accounts for text in texts]
    assert not set(result.train) & set(result.held_out)
    assert set(result.train) | set(result.held_out) == set(unique(every))
    assert len(set(result.held_out)) == len(result.held_out)
    assert sum(result.duplicates) == len(every) - len(unique(every))


def test_split_depends_on_the_seed_only() -> None:
    accounts = [account_corpus("a", *different_texts(100))]
    assert split(accounts, 1) == split(accounts, 1)
    assert split(accounts, 1) != split(accounts, 2)
    assert set(split(accounts, 1).held_out) != set(split(accounts, 2).held_out)


def test_split_holds_out_a_share_of_every_account() -> None:
    accounts = [account_corpus(name, *different_texts(n, f"{name} says ")) for name, n in (("a", 2_000), ("b", 1_000))]
    result = split(accounts, 1)
    by_account = [sum(text[0] == name for text in result.held_out) for name in "ab"]
    assert by_account == [pytest.approx(160, abs=40), pytest.approx(80, abs=30)]
    assert list(result.train) != sorted(result.train)


def test_what_is_held_out_stays_so_when_posts_are_added() -> None:
    texts = different_texts(500)
    before = split([account_corpus("a", *texts[:300])], 1)
    after = split([account_corpus("a", *texts)], 1)
    assert set(before.held_out) <= set(after.held_out)
    assert set(before.train) <= set(after.train)


def test_split_shuffles_the_accounts_into_each_other() -> None:
    accounts = [account_corpus(name, *different_texts(50, f"{name} says ")) for name in "ab"]
    firsts = [text[0] for text in split(accounts, 1).train[:20]]
    assert set(firsts) == {"a", "b"}


@pytest.mark.parametrize(("n_posts", "n_held_out"), [(0, 0), (1, 0), (2, 1)])
def test_split_of_a_tiny_account(n_posts: int, n_held_out: int) -> None:
    result = split([account_corpus("a", *"xyz"[:n_posts])], 1)
    assert (len(result.train), len(result.held_out)) == (n_posts - n_held_out, n_held_out)


@given(st.integers(2, 120), st.integers(0, 50))
@example(3, 9)
def test_some_are_always_held_out_and_never_many(n_posts: int, seed: int) -> None:
    n_held_out = len(choose_held_out(different_texts(n_posts), seed))
    assert 1 <= n_held_out <= 1 + n_posts // 4


# Balancing


@given(ACCOUNTS)
def test_balance_reaches_the_longest_account_within_a_post(accounts: list[list[str]]) -> None:
    longest = max(sum(map(len, texts)) for texts in accounts)
    for texts, balanced in zip(accounts, balance(accounts), strict=True):
        target = min(longest, MOST_REPEATS * sum(map(len, texts)))
        assert target <= sum(map(len, balanced)) < target + max(map(len, texts))
        assert balanced == [texts[i % len(texts)] for i in range(len(balanced))]


@given(ACCOUNTS, st.lists(st.floats(0.5, 2), min_size=3, max_size=3))
def test_balance_follows_the_weights_and_drops_nothing(accounts: list[list[str]], weights: list[float]) -> None:
    weights = weights[: len(accounts)]
    balanced = balance(accounts, weights)
    for one, one_weight, texts in zip(balanced, weights, accounts, strict=True):
        assert one[: len(texts)] == texts
        for other, weight, others in zip(balanced, weights, accounts, strict=True):
            share = sum(map(len, one)) / one_weight - sum(map(len, other)) / weight
            repeated_enough = len(other) >= MOST_REPEATS * len(others)
            assert share < max(map(len, texts)) / one_weight + 1e-6 or repeated_enough


def test_a_tiny_account_is_not_repeated_for_ever() -> None:
    tiny, large = balance([["tea"], ["soup " * 1_000]], [10, 0.1])
    assert len(tiny) == MOST_REPEATS
    assert len(large) == 1


def test_balance_leaves_an_account_without_posts_empty() -> None:
    assert balance([[], ["tea and soup"]]) == [[], ["tea and soup"]]
    assert balance([]) == []


def test_a_blend_trains_on_as_much_of_each_voice_as_it_weighs() -> None:
    accounts = [account_corpus(name, *different_texts(n, f"{name} says ")) for name, n in (("a", 200), ("b", 20))]
    for weights, ratio in (((), 1.0), ((1, 1), 1.0), ((2, 1), 2.0), ((1, 3), 1 / 3)):
        result = split(accounts, 1, weights)
        by_voice = {name: [text for text in result.train if text[0] == name] for name in "ab"}
        lengths = [sum(map(len, texts)) for texts in by_voice.values()]
        assert lengths[0] / lengths[1] == pytest.approx(ratio, rel=0.02)
        assert len(set(by_voice["a"])) == len(set(split(accounts, 1).train) & set(by_voice["a"]))
