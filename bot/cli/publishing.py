"""`mynah models export`, `publish` and `pull`: personas for others, and those of others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.shared import run, services_of, settings_of

if TYPE_CHECKING:
    from bot.domain import Persona
    from bot.settings import Settings
    from bot.usecases.exporting import Form
    from bot.usecases.services import Services


@click.command()
@click.argument("persona", metavar="@PERSONA")
@click.option("--to", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new folder.")
@click.option("--merged", is_flag=True, help="One model for transformers, rather than an adapter for PEFT.")
@click.pass_context
def export(ctx: click.Context, persona: str, to: Path, merged: bool) -> None:
    """Write a persona into a folder that others can load: weights, tokenizer, model card, pictures."""
    from bot.usecases.exporting import Form

    wanted = Form.MERGED if merged else Form.ADAPTER
    click.echo("Writing the model, its card and its pictures …", err=True)
    made = run(_export(settings_of(ctx), persona, to.expanduser().absolute(), wanted))
    what = "one model for transformers" if made is Form.MERGED else "an adapter for PEFT"
    click.echo(f"{to} is {what}; its README.md says how to load it.")
    if made is not wanted:
        click.echo("(This persona is a whole model of its own, so there is no adapter.)")


@click.command()
@click.argument("persona", metavar="@PERSONA")
@click.option("--repo", required=True, metavar="ORG/NAME", help="Made if need be; its files are replaced.")
@click.option("--adapter", is_flag=True, help="The adapter for PEFT only.")
@click.option("--merged", is_flag=True, help="The merged model for transformers only; without either, both.")
@click.option("--public", is_flag=True, help="For everybody to see. Without it, the repository is private.")
@click.pass_context
def publish(ctx: click.Context, persona: str, repo: str, adapter: bool, merged: bool, public: bool) -> None:
    """Put a persona onto the Hugging Face hub: weights, model card, pictures; never posts."""
    from bot.usecases.exporting import Form

    form = Form.BOTH if adapter == merged else Form.ADAPTER if adapter else Form.MERGED
    click.echo("Making the model, its card and its pictures, and sending what isn't there yet …", err=True)
    address = run(_publish(settings_of(ctx), persona, repo, form, public))
    click.echo(f"Published, {'for everybody' if public else 'in private'}: {address}")


@click.command()
@click.argument("repo", metavar="ORG/NAME")
@click.option("--as", "name", metavar="NAME", help="What to call the persona; without it: NAME.")
@click.option("--revision", help="A branch, tag or commit; without it: the latest.")
@click.pass_context
def pull(ctx: click.Context, repo: str, name: str | None, revision: str | None) -> None:
    """Get a persona from the hub: one that Mynah has published, or a model of huggingtweets' kind."""
    click.echo(f"Getting {repo} …", err=True)
    pulled = run(_pull(settings_of(ctx), repo, name, revision))
    click.echo(f"@{pulled.name} is here. Try it: mynah say @{pulled.name} 'My dream is'")


async def _export(settings: Settings, name: str, to: Path, form: Form) -> Form:
    from bot.usecases.exporting import check_empty, export

    async with services_of(settings) as services:
        check_empty(to)  # before anything takes time
        return await export(services, await find(services, name), to, form)


async def _publish(settings: Settings, name: str, repo: str, form: Form, public: bool) -> str:
    from bot.usecases.exporting import publish

    async with services_of(settings) as services:
        return await publish(services, await find(services, name), repo, form, public)


async def _pull(settings: Settings, repo: str, name: str | None, revision: str | None) -> Persona:
    from bot.app import own_folder
    from bot.domain import parse_persona
    from bot.usecases.pulling import pull

    async with services_of(settings) as services:
        with own_folder(services):
            return await pull(services, repo, parse_persona(name) if name else None, revision)


async def find(services: Services, name: str) -> Persona:
    """Raises BadInput, NotFound or NotAllowed."""
    from bot.domain import parse_persona
    from bot.platforms.console.console import SHELL
    from bot.usecases.say import find_persona

    return await find_persona(services, SHELL, parse_persona(name))
