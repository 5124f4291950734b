"""A report card as a table of a model card, with how to read it. Pure."""

from __future__ import annotations

from trainer.card_tables import Row, Table
from trainer.protocol import ReportCard


def report(card: ReportCard) -> Table:
    """Each figure beside the one to compare it with, and how to read them."""
    before = f"{card.bits_per_byte_base:.3f} before training"
    if card.bits_per_byte_others is not None:
        before += f"; {card.bits_per_byte_others:.3f} on other accounts' posts"
    rows = [
        (
            "Held-out posts",
            f"{card.bits_per_byte:.3f} bits per byte",
            before,
            "How well it predicts posts that it has never seen; lower is better, and it should be well below both.",
        ),
        *_attribution(card),
        (
            "Copies of eight words",
            percent(card.copied),
            f"{percent(card.copied_own)} of real posts",
            "Texts with eight words in a row from a training post; it should not be above the real posts'.",
        ),
        (
            "Clean texts",
            percent(card.clean),
            f"of {card.generations} generated",
            "Neither empty nor cut off, without shards of links or broken characters; all should be.",
        ),
        (
            "Different word pairs",
            percent(card.distinct_2),
            f"{percent(card.distinct_2_own)} in real posts",
            "Of all pairs of neighbouring words, the share of different ones; close to the real posts' is best.",
        ),
        (
            "Length",
            f"{card.length:.0f} characters",
            f"{card.length_own:.0f} in real posts",
            "The mean; close to the real posts' is best.",
        ),
    ]
    return Table(("Figure", "Persona", "To compare", "How to read it"), list(rows))


def _attribution(card: ReportCard) -> list[Row]:
    if card.attribution is None or card.attribution_ceiling is None:
        return []
    how = "How many bundles of 20 texts a classifier takes for the author's; close to the real posts' is best."
    real = f"{percent(card.attribution_ceiling)} of real posts"
    return [("Taken for the author", percent(card.attribution), real, how)]


def percent(share: float) -> str:
    return f"{100 * share:.0f}%"
