"""`mynah logs`"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import JSON_HELP
from bot.cli.shared import settings_of
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.cli.logfiles import Entry
    from bot.settings import Settings

POLL_SECONDS = 0.3
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Part(StrEnum):
    BOT = "bot"
    SERVE = "serve"
    TRAIN = "train"
    CONVERT = "convert"


@dataclass(frozen=True)
class Filter:
    """`since`: as lines have their time."""

    level: str = Level.DEBUG
    job: int | None = None
    request: str | None = None
    since: str = ""

    def wants(self, entry: Entry) -> bool:
        from bot.cli.logfiles import LEVELS

        line = entry.line
        return (
            entry.rank >= LEVELS.index(self.level)
            and (self.job is None or line.get("job_id") == self.job)
            and (self.request is None or line.get("request_id") == self.request)
            and entry.time >= self.since
        )


def logs(
    ctx: typer.Context,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="The latest so many.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    level: Annotated[Level, typer.Option(help="This grave at least.")] = Level.DEBUG,
    job: Annotated[int | None, typer.Option(help="About this training only.", metavar="N")] = None,
    request: Annotated[str | None, typer.Option(help="About this request only: its request_id.", metavar="ID")] = None,
    part: Annotated[Part | None, typer.Option(help="Of the bot, or of one kind of worker only.")] = None,
    since: Annotated[str | None, typer.Option(help="Like 10m, 2h or 3d, or a time (UTC).", metavar="TIME")] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """What the bot and its workers have written down, by time."""
    found = Filter(level, job, request, begin(since, datetime.now(UTC)) if since else "")
    _show(settings_of(ctx), found, [part] if part else list(Part), lines, follow, as_json)


def print_logs(
    settings: Settings,
    *,
    job: int | None = None,
    request: str | None = None,
    part: str | None = None,
    lines: int = 100,
    follow: bool = False,
) -> None:
    """For other commands: the latest lines about a job or a request."""
    _show(settings, Filter(job=job, request=request), [part] if part else list(Part), lines, follow, False)


def begin(since: str, now: datetime) -> str:
    """What is long ago, or a time, as lines have it. Raises BadInput."""
    if found := re.fullmatch(r"(\d{1,4})\s*([smhdw])", since.strip()):
        return f"{now - timedelta(**{UNITS[found[2]]: int(found[1])}):%Y-%m-%dT%H:%M:%S}"
    try:
        when = datetime.fromisoformat(since.strip())
        when = when.astimezone(UTC) if when.tzinfo else when
    except (ValueError, OverflowError):
        raise BadInput(f"--since {since} is no time. Give one like 10m, 2h, 3d or 2026-07-05T14:00.") from None
    return f"{when:%Y-%m-%dT%H:%M:%S}"


def _show(settings: Settings, found: Filter, parts: Iterable[str], lines: int, follow: bool, as_json: bool) -> None:
    from bot.cli.logfiles import fresh, latest_first, tails
    from bot.folders import Folders

    folder, parts = Folders(settings.data_dir).logs, list(parts)
    with tails(folder, parts) as ends:
        with latest_first(ends) as entries:
            known = list(islice((entry for entry in _until(entries, found.since) if found.wants(entry)), lines))
        _print(reversed(known), as_json)
        if not known and not follow:
            whole = lines and found == Filter() and len(parts) == len(Part)
            nothing = f"Nothing is logged yet in {folder}." if whole else "Nothing like that is in the logs."
            print(nothing, file=sys.stderr)
        try:
            while follow:
                _print((entry for entry in fresh(ends) if found.wants(entry)), as_json)
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:  # that is how it ends
            return


def _until(entries: Iterable[Entry], since: str) -> Iterable[Entry]:
    """What is older needn't be read."""
    for entry in entries:
        if since and entry.time < since:
            return
        yield entry


def _print(entries: Iterable[Entry], as_json: bool) -> None:
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for entry in entries:
        print(as_line(entry) if as_json else as_text(entry, colour))
    sys.stdout.flush()


def as_line(entry: Entry) -> str:
    """One JSON object; `below`: what came after it that is no line of the log."""
    more = {"below": entry.below} if entry.below else {}
    return json.dumps({"part": entry.part, **entry.line, **more}, ensure_ascii=False)


def as_text(entry: Entry, colour: bool) -> str:
    from trainer.loglines import for_people, harmless

    text = for_people(entry.line, f"{entry.part:<7}", colour)
    return "\n".join([text, *(f"    {harmless(one)}" for one in entry.below)])
