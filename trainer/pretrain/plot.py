"""Loss over tokens as a picture. Needs matplotlib, which is otherwise not needed to train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def plot_losses(tokens: Sequence[float], losses: Sequence[float], title: str, path: Path) -> None:
    """Write a PNG; `losses` are means in nats per token up to each count of `tokens`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([count / 1e6 for count in tokens], losses, color="#2f6f8f", linewidth=1.5)
    axes.set(title=title, xlabel="tokens seen (millions)", ylabel="training loss (nats per token)")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.annotate(f"{losses[-1]:.2f}", (tokens[-1] / 1e6, losses[-1]), xytext=(0, 8), textcoords="offset points")
    figure.savefig(path, dpi=110)
