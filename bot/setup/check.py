"""What a check finds, and what to do next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.figures import bytes_text


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Check:
    """One line of `mynah doctor`: what was looked at, how it is, and how to mend it."""

    name: str
    state: State
    text: str
    fix: str = ""


def fine(name: str, text: str) -> Check:
    return Check(name, State.OK, text)


def doubtful(name: str, text: str, fix: str) -> Check:
    """It runs, but not as well as it could, or not for long."""
    return Check(name, State.WARNING, text, fix)


def wrong(name: str, text: str, fix: str) -> Check:
    return Check(name, State.ERROR, text, fix)


def worst(checks: Sequence[Check]) -> State:
    order = list(State)
    return max((check.state for check in checks), key=order.index, default=State.OK)


def size(n_bytes: int) -> str:
    """Of disks and memories."""
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else bytes_text(n_bytes)


def advice(checks: Sequence[Check], runs: bool, messengers: Sequence[str]) -> str:
    """One line: what to do now. `runs`: a bot runs on the folder. `messengers`: those with a token."""
    errors = sum(check.state is State.ERROR for check in checks)
    if errors:
        return f"{errors} error{'s'[: errors != 1]}: mend from the top down, then run `mynah doctor` again."
    warnings = sum(check.state is State.WARNING for check in checks)
    seen = f"{warnings} warning{'s'[: warnings != 1]}, no error. " if warnings else ""
    return seen + _next(runs, messengers)


def _next(runs: bool, messengers: Sequence[str]) -> str:
    if runs:
        return "A bot runs here, so there is nothing to start."
    if not messengers:
        return "Next: `mynah console` chats in this terminal; `mynah init` sets up Discord or Telegram."
    return f"Next: `mynah run` serves {' and '.join(messengers)}."
