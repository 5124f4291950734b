"""`mynah say`: samples for a shell."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.cli import complete
from bot.cli.output import JSON_HELP, show_json
from bot.cli.shared import run, settings_of


def say(
    ctx: typer.Context,
    persona: Annotated[str, typer.Argument(metavar="@PERSONA", autocompletion=complete.personas)],
    prompt: Annotated[str, typer.Argument(metavar="PROMPT")],
    n: Annotated[int, typer.Option("-n", "--n", min=1, max=5, help="Samples.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Finish a sentence in a persona's voice."""
    from bot import render
    from bot.cli.console import say_once
    from bot.control.jobs import Saying
    from bot.domain import parse_persona
    from bot.platforms.console.screen import LineScreen, PlainScreen

    alive = sys.stdout.isatty() and not as_json
    whole = prompt.encode(errors="replace").decode()  # bytes that aren't UTF-8 come as what no JSON can hold
    saying = Saying(prompt=whole, persona=parse_persona(persona), n=n, stream=alive)
    utterance = run(say_once(settings_of(ctx), saying, LineScreen() if alive else PlainScreen()))
    if as_json:
        show_json(utterance)
    else:
        print(render.plain(utterance, datetime.now(UTC)))
