"""All checks of `mynah doctor`: at once where they wait, each on its own, in the order in which to mend."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bot.errors import SettingsError
from bot.folders import Folders
from bot.settings import Settings, find_config, load_settings
from bot.setup import tokens
from bot.setup.check import Check, State, advice, doubtful, fine, worst, wrong
from bot.setup.clock import clock
from bot.setup.database import database
from bot.setup.files import others_may_read
from bot.setup.folder import rights, room
from bot.setup.machine import machine, python
from bot.setup.origins import MASK, given, listed
from bot.setup.running import bot, ports, runs
from bot.setup.tokens import Asked

T = TypeVar("T")


@dataclass(frozen=True)
class Report:
    checks: list[Check]
    next: str

    @property
    def ok(self) -> bool:
        return worst(self.checks) is not State.ERROR


async def examine(config: Path | None, data_dir: Path | None) -> Report:
    """Never raises for what it looks at. Where the settings can't be read, what hangs on them is left out."""
    try:
        settings = load_settings(config, data_dir)
    except SettingsError as error:
        usual = Settings.model_construct()
        checks = [wrong("Settings", str(error), ""), python(), *await guarded("torch", machine(usual), _alone)]
        return Report(checks, advice(checks, False, ()))
    return await _examine(settings, find_config(config))


async def _examine(settings: Settings, config: Path | None) -> Report:
    folders = Folders(settings.data_dir)
    answers = await runs(folders)
    file, here, computing, serving, asked = await asyncio.gather(
        guarded("Settings", asyncio.to_thread(settings_file, settings, config), _itself),
        guarded("Data folder", asyncio.to_thread(_here, folders, settings), _alone),
        guarded("torch", machine(settings), _alone),
        guarded("Bot", asyncio.to_thread(_serving, folders, settings, answers), _alone),
        _tokens(settings),
    )
    late = clock([one.difference for one in asked], datetime.now(UTC))
    checks = [file, python(), *here, *computing, *(one.check for one in asked), late, *serving]
    return Report(checks, advice(checks, answers, messengers(settings)))


async def _tokens(settings: Settings) -> Sequence[Asked]:
    return await asyncio.gather(
        guarded("Discord", tokens.discord_token(settings.discord), Asked),
        guarded("Telegram", tokens.telegram_token(settings.telegram), Asked),
        guarded("X", tokens.x_token(settings.sources.x), Asked),
        guarded("Hub", tokens.hub_token(settings.hub), Asked),
    )


def _here(folders: Folders, settings: Settings) -> list[Check]:
    return [rights(folders), room(folders, settings.disk), database(folders.database)]


def _serving(folders: Folders, settings: Settings, answers: bool) -> list[Check]:
    return [*ports(settings, answers), bot(folders, answers)]


def settings_file(settings: Settings, config: Path | None) -> Check:
    """Whether others can read the secrets in it."""
    if config is None:
        return fine("Settings", "no file: defaults and the environment. `mynah init` writes one")
    path = config.absolute()
    values = listed(settings, given(config, None))
    secret = [one.key for one in values if one.value == MASK and one.origin == "file"]
    if secret and others_may_read(path):
        return doubtful("Settings", f"others can read {path}, which has {' and '.join(secret)}", f"chmod 600 {path}")
    return fine("Settings", f"{path}; {sum(one.changed for one in values)} changed (`mynah config show --changed`)")


def messengers(settings: Settings) -> list[str]:
    """Those with a token."""
    tokens = {"Discord": settings.discord.token, "Telegram": settings.telegram.token}
    return [name for name, token in tokens.items() if token is not None]


async def guarded(name: str, work: Awaitable[T], otherwise: Callable[[Check], T]) -> T:
    """A check that fails in a way that nobody thought of is an error by itself; the others go on."""
    try:
        return await work
    except Exception as error:
        text = f"couldn't be checked ({type(error).__name__}: {error})"
        return otherwise(wrong(name, text, "Mend that; if there is nothing to mend, please report it."))


def _itself(check: Check) -> Check:
    return check


def _alone(check: Check) -> list[Check]:
    return [check]
