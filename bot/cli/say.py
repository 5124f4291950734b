"""`mynah say`"""

from __future__ import annotations

import sys

import click

from bot.cli.shared import run, settings_of


@click.command()
@click.argument("persona", metavar="@PERSONA")
@click.argument("prompt")
@click.option("-n", "--n", "n", type=int, default=1, show_default=True, help="Samples, 1 to 5.")
@click.pass_context
def say(ctx: click.Context, persona: str, prompt: str, n: int) -> None:
    """Finish a sentence in a persona's voice."""
    from bot.arguments import SayArguments
    from bot.cli.console import run_single
    from bot.commands import COMMANDS
    from bot.domain import parse_persona

    arguments = SayArguments(prompt, parse_persona(persona), n)
    sys.exit(run(run_single(settings_of(ctx), COMMANDS["say"], arguments)))
