"""A persona from a hub: one that Mynah has published, or a model of another kind, such as huggingtweets'."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from bot.domain import Persona, parse_persona
from bot.errors import BadInput, OperatorError, UserError
from bot.texts import Text
from bot.usecases.exporting import repository
from bot.usecases.optouts import check_wanted
from bot.usecases.services import Services, whole
from trainer.foreign_card import read_card
from trainer.layout import CARD, MOST_CARD_BYTES
from trainer.manifest import read_manifest
from trainer.protocol import AccountCounts, AdoptRequest, Origin


async def pull(services: Services, repo: str, name: str | None = None, revision: str | None = None) -> Persona:
    """Download it and make a persona of it. A download that was cut goes on next time.

    Raises UserError or OperatorError.
    """
    repo = repository(repo, services.settings.hub.endpoint)
    persona = name or persona_of(repo)
    await check_wanted(services, persona.split("-"))
    await _check_free(services, persona, repo)
    folder = services.folders.downloads / repo.replace("/", "--")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return await _pull_into(services, persona, repo, revision, folder)
    except OSError as error:
        raise OperatorError(
            f"The data folder {services.folders.root} can't be written ({error.strerror}). Mend that, then run the "
            "same command again."
        ) from error


async def _pull_into(services: Services, persona: str, repo: str, revision: str | None, folder: Path) -> Persona:
    origin = Origin(repo=repo, revision=await services.hub.pull(repo, revision, folder))
    try:
        pulled = await _adopt(services, persona, origin, folder)
    except UserError:  # it can't be used; after other failures it is still there
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return pulled


async def _adopt(services: Services, persona: str, origin: Origin, folder: Path) -> Persona:
    accounts = await asyncio.to_thread(accounts_of, folder, origin.repo, persona)
    await check_wanted(services, (account.handle for account in accounts))
    out = folder.with_name(f"{folder.name}.version")
    shutil.rmtree(out, ignore_errors=True)
    request = AdoptRequest(
        id=0,
        persona=persona,
        folder=str(folder),
        out=str(out),
        origin=origin,
        accounts=accounts,
        blocklist=services.settings.blocklist,
    )
    try:
        n_bytes = await services.converter.adopt(request)
        async with services.arranging:
            await _check_free(services, persona, origin.repo)  # somebody may have been faster
            pulled = await whole(_publish(services, persona, out, n_bytes))
    finally:
        shutil.rmtree(out, ignore_errors=True)
    services.folders.drop_old_versions(pulled.name, pulled.version)
    return pulled


def persona_of(repo: str) -> str:
    """`org/alice` → alice. Raises BadInput."""
    name = repo.rpartition("/")[2]
    try:
        return parse_persona(name)
    except BadInput as error:
        raise BadInput(f"{name} can't be a persona's name. Choose one: mynah models pull {repo} --as NAME") from error


async def _check_free(services: Services, persona: str, repo: str) -> None:
    """A persona of somebody's own isn't replaced. Raises BadInput."""
    known = await services.store.persona(persona)
    if known is not None and (known.manifest.origin is None or known.manifest.origin.repo != repo):
        raise BadInput(
            f"There is a persona @{persona} already. Choose another name: mynah models pull {repo} --as NAME"
        )
    if await services.store.active_job(persona) is not None:
        raise BadInput(Text("@{persona} is still training. /jobs shows how far it is.", persona=persona))


def accounts_of(folder: Path, repo: str, persona: str) -> tuple[AccountCounts, ...]:
    """What the model's card says of its accounts, or at least the handles in its name, else in the persona's."""
    card = folder / CARD
    text = card.read_bytes()[:MOST_CARD_BYTES].decode("utf-8", "replace") if card.is_file() else ""
    return tuple(one.model_copy(update={"source": f"hub:{repo}"}) for one in read_card(text) or _unknown(repo, persona))


def _unknown(repo: str, persona: str) -> Sequence[AccountCounts]:
    try:
        name = persona_of(repo)
    except BadInput:
        name = persona
    return [
        AccountCounts(handle=handle, source="", downloaded=0, retweets=0, short=0, kept=0, characters=0)
        for handle in name.split("-")
    ]


async def _publish(services: Services, persona: str, out: Path, n_bytes: int) -> Persona:
    """As a training does it: files by one rename, then the store. Raises NotAllowed, OSError or OperatorError."""
    manifest = read_manifest(out)
    await check_wanted(services, (account.handle for account in manifest.corpus.accounts))
    number = await services.store.next_version(persona)
    place = await asyncio.to_thread(services.folders.publish, out, persona, number)
    return await services.store.publish(persona, number, services.folders.relative(place), n_bytes, manifest)
