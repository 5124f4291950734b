"""Money as whole millionths of a dollar: what a post costs is half a cent."""

from __future__ import annotations

from decimal import Decimal

from bot.errors import Limited
from bot.texts import Text

MICRO = 1_000_000


def micro(dollars: Decimal) -> int:
    return int(dollars * MICRO)


def dollars(amount: int) -> str:
    """`$16.01`; less than a cent as it is: `$0.005`."""
    exact = Decimal(amount) / MICRO
    return f"${exact:,.2f}" if amount % 10_000 == 0 or amount >= MICRO else f"${exact.normalize():f}"


def over_budget(cost: int | None, left: int, budget: int) -> Limited:
    """What to say to who wants to spend more than is left of a month's budget; None: whatever it is."""
    if cost is None:
        return Limited(
            Text(
                "Nothing is left of this month's budget of {budget} for reading from X. What was read is kept. The "
                "operator can raise sources.x.monthly_budget; an X archive costs nothing.",
                budget=dollars(budget),
            )
        )
    return Limited(
        Text(
            "Reading that from X would cost {cost}, and {left} are left of this month's budget of {budget}. The "
            "operator can raise sources.x.monthly_budget; an X archive costs nothing.",
            cost=dollars(cost),
            left=dollars(max(0, left)),
            budget=dollars(budget),
        )
    )
