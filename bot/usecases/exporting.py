"""A persona for others: as a folder, or as a repository on a hub. Weights, card, pictures; never posts."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from bot.domain import Persona, Publication
from bot.errors import BadInput, OperatorError
from bot.folders import unfinished
from bot.pictures.painter import Picture
from bot.usecases.gate import utc_now
from bot.usecases.optouts import check_wanted
from bot.usecases.say import told_of
from bot.usecases.services import Services
from trainer.basenames import is_on_hub
from trainer.card import Published, model_card
from trainer.layout import ADAPTER_FOLDER, BASE_FOLDER, CARD, PICTURES_FOLDER
from trainer.manifest import read_manifest

REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)


class Form(StrEnum):
    """What of a persona is given away: an adapter for PEFT, one model merged from it and its base model, or both."""

    ADAPTER = "adapter"
    MERGED = "merged"
    BOTH = "both"


@dataclass(frozen=True)
class Target:
    """What code calls it, and where its files can be read by URL, if they can."""

    place: str
    address: str = ""


async def export(services: Services, persona: Persona, to: Path, form: Form) -> Form:
    """Into a new folder, whole or not at all; returns what it has become. Raises UserError or OperatorError."""
    check_empty(to)
    form = possible(persona, form)
    try:
        with unfinished(to.parent, f".{to.name}") as part:
            await _fill(services, persona, part, form, Target(to.name))
            await asyncio.to_thread(_move, part, to)
    except OSError as error:
        raise OperatorError(f"{to} can't be written ({error.strerror}). Choose another folder.") from error
    return form


async def publish(services: Services, persona: Persona, repo: str, form: Form, public: bool) -> str:
    """Onto the hub, by one commit; returns its address. Raises UserError or OperatorError.

    The files come out the same each time, so that what a cut try has sent is not sent again.
    """
    repo = repository(repo, services.settings.hub.endpoint)
    form = possible(persona, form)
    with unfinished(services.folders.outgoing, f"{persona.name}-v{persona.version}") as part:
        files = f"{services.settings.hub.endpoint.rstrip('/')}/{repo}/resolve/main"
        await _fill(services, persona, part, form, Target(repo, files))
        address = await services.hub.push(part, repo, public, f"@{persona.name}, version {persona.version}")
    await services.store.add_publication(Publication(persona.name, address, persona.version, public, utc_now()))
    return address


def possible(persona: Persona, form: Form) -> Form:
    """A persona that is a whole model of its own has no adapter."""
    return Form.MERGED if persona.manifest.is_whole else form


def repository(given: str, endpoint: str) -> str:
    """`me/alice`, also of its address on the hub. Raises BadInput."""
    repo = given.removeprefix(endpoint.rstrip("/")).strip("/")
    if not REPO.fullmatch(repo):
        raise BadInput(f"{given!r} is no repository's name: that is its owner and its name, like me/alice.")
    return repo


def check_empty(to: Path) -> None:
    """Raises BadInput."""
    if not to.parent.is_dir():
        raise BadInput(f"There is no folder {to.parent} to put {to.name} into. Make it first, or choose another one.")
    if not os.access(to.parent, os.W_OK):
        raise BadInput(f"You may not write in {to.parent}. Choose another folder.")
    if to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
        raise BadInput(
            f"{to} is there already, and is not an empty folder. Choose another one: nothing is overwritten."
        )


def _move(part: Path, to: Path) -> None:
    """By one rename; into a folder that is mounted there, the card last. Raises OSError."""
    try:
        part.rename(to)
    except OSError:
        if not to.is_dir():
            raise
        for path in sorted(part.iterdir(), key=lambda path: path.name == CARD):
            shutil.move(path, to / path.name)


async def _fill(services: Services, persona: Persona, out: Path, form: Form, target: Target) -> None:
    await check_wanted(services, persona.weights)
    published = _published(persona, form, target)
    version = services.folders.root / persona.folder
    with told_of(persona):
        if published.merged is not None:
            await services.converter.export(version, out / published.merged, merged=True)
        if published.adapter is not None:
            await services.converter.export(version, out / published.adapter, merged=False)
    pictures = await _draw(services, persona)
    await asyncio.to_thread(_write, out, published, pictures)


def _published(persona: Persona, form: Form, target: Target) -> Published:
    """What lies where. On a hub an adapter isn't above its base model: transformers would take that for the adapter."""
    base = persona.manifest.base.name
    own_base = not is_on_hub(base)
    beside = form is Form.BOTH or (target.address and own_base)
    folder = ADAPTER_FOLDER if beside else ""
    return Published(
        place=target.place,
        address=target.address,
        adapter=None if form is Form.MERGED else folder,
        merged=None if form is Form.ADAPTER else "",
        base=f"{folder}/{BASE_FOLDER}".lstrip("/") if own_base else base,
        own_base=own_base,
        pictures={},
    )


async def _draw(services: Services, persona: Persona) -> dict[str, Picture]:
    """By name: share, loss, pipeline, and `@handle` for an account's."""
    pictures = {picture.name.partition(".")[0]: picture for picture in await services.painter.all(persona)}
    for account in persona.manifest.corpus.accounts:
        pictures[f"@{account.handle}"] = await services.painter.avatar(persona, account.handle)
    return pictures


def _write(out: Path, published: Published, pictures: dict[str, Picture]) -> None:
    """Pictures and card. Raises OSError."""
    (out / PICTURES_FOLDER).mkdir()
    paths = {}
    for name, picture in pictures.items():
        paths[name] = f"{PICTURES_FOLDER}/{picture.name}"
        (out / paths[name]).write_bytes(picture.data)
    root = published.adapter if published.merged is None else published.merged
    record = read_manifest(out / (root or ""))  # as others may see it
    (out / CARD).write_text(model_card(record, replace(published, pictures=paths)), encoding="utf-8")
