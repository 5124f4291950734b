"""`mynah models export`, `publish` and `pull`: personas for others, and those of others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import complete
from bot.cli.shared import perform, run, services_of, settings_of
from bot.errors import OperatorError

if TYPE_CHECKING:
    from bot.control.operation import Event
    from bot.domain import Persona
    from bot.settings import Settings
    from bot.usecases.exporting import Form
    from bot.usecases.services import Services

Named = Annotated[str, typer.Argument(metavar="@PERSONA", autocompletion=complete.personas, show_default=False)]


def export(
    ctx: typer.Context,
    persona: Named,
    to: Annotated[Path, typer.Option(metavar="DIR", help="A new folder.", show_default=False)],
    merged: Annotated[
        bool, typer.Option("--merged", help="One model for transformers, rather than an adapter for PEFT.")
    ] = False,
) -> None:
    """Write a persona into a folder that others can load: weights, tokenizer, model card, pictures."""
    from bot.usecases.exporting import Form

    wanted = Form.MERGED if merged else Form.ADAPTER
    made = run(_export(settings_of(ctx), persona, to.expanduser().absolute(), wanted))
    what = "one model for transformers" if made is Form.MERGED else "an adapter for PEFT"
    print(f"{to} is {what}; its README.md says how to load it.")
    if made is not wanted:
        print("(This persona is a whole model of its own, so there is no adapter.)")


def publish(
    ctx: typer.Context,
    persona: Named,
    repo: Annotated[
        str, typer.Option(metavar="ORG/NAME", help="Made if need be; its files are replaced.", show_default=False)
    ],
    adapter: Annotated[bool, typer.Option("--adapter", help="The adapter for PEFT only.")] = False,
    merged: Annotated[
        bool, typer.Option("--merged", help="The merged model for transformers only; without either, both.")
    ] = False,
    public: Annotated[
        bool, typer.Option("--public", help="For everybody to see. Without it, the repository is private.")
    ] = False,
) -> None:
    """Put a persona onto the Hugging Face hub: weights, model card, pictures; never posts."""
    from bot.usecases.exporting import Form

    form = Form.BOTH if adapter == merged else Form.ADAPTER if adapter else Form.MERGED
    print("Making the model, its card and its pictures, and sending what isn't there yet …", file=sys.stderr)
    address = run(_publish(settings_of(ctx), persona, repo, form, public))
    print(f"Published, {'for everybody' if public else 'in private'}: {address}")


def pull(
    ctx: typer.Context,
    repo: Annotated[str, typer.Argument(metavar="ORG/NAME", show_default=False)],
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="What to call the persona; without it: NAME.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="A branch, tag or commit; without it: the latest.")] = None,
) -> None:
    """Get a persona from the hub: one that Mynah has published, or a model of huggingtweets' kind."""
    from bot.control.models import PULL, Pull
    from bot.domain import parse_persona

    wanted = Pull(repo=repo, name=parse_persona(name) if name else None, revision=revision)
    print(f"Getting {repo} …", file=sys.stderr)
    pulled = run(perform(settings_of(ctx), PULL, wanted, _show))
    print(f"@{pulled} is here. Try it: mynah say @{pulled} 'My dream is'")


async def _show(event: Event) -> None:
    from bot.control.operation import Note

    if isinstance(event, Note):
        print(f"  {event.text}", file=sys.stderr)


async def _export(settings: Settings, name: str, to: Path, form: Form) -> Form:
    from bot.usecases.exporting import check_empty, export

    async with services_of(settings) as services:
        check_empty(to)  # before anything takes time
        persona = await find(services, name)
        print("Writing the model, its card and its pictures …", file=sys.stderr)
        return await export(services, persona, to, form)


async def _publish(settings: Settings, name: str, repo: str, form: Form, public: bool) -> str:
    from bot.usecases.exporting import publish

    async with services_of(settings) as services:
        persona = await find(services, name)
        try:
            return await publish(services, persona, repo, form, public)
        except OperatorError as error:
            if await services.store.persona(persona.name) is not None:
                raise
            raise OperatorError(
                f"@{persona.name} was renamed or removed meanwhile, so it is not recorded where it was published. It "
                f"may be at {repo}: delete it there, or publish it again by its new name."
            ) from error


async def find(services: Services, name: str) -> Persona:
    """Raises BadInput, NotFound or NotAllowed."""
    from bot.domain import parse_persona
    from bot.platforms.console.console import SHELL
    from bot.usecases.say import find_persona

    return await find_persona(services, SHELL, parse_persona(name))
