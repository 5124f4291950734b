from __future__ import annotations

from decimal import Decimal

import pytest

from bot.money import dollars, micro, over_budget


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (5_000, "$0.005"),
        (10_000, "$0.01"),
        (16_010_000, "$16.01"),
        (1_005_000, "$1.00"),
        (10**10, "$10,000.00"),
    ],
)
def test_dollars(amount: int, text: str) -> None:
    assert dollars(amount) == text


def test_half_cents_are_whole() -> None:
    assert micro(Decimal("0.005")) * 3200 == micro(Decimal(16))


def test_what_is_left_is_never_less_than_nothing() -> None:
    assert "$0.00 are left of this month's budget of $5.00" in str(over_budget(6_000_000, -1, 5_000_000))
