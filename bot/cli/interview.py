"""What `mynah init` asks on a terminal or a pipe. Imported when it is needed: it imports the settings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.checking import ask_trainer
from bot.cli.shared import run
from bot.errors import OperatorError
from bot.folders import Folders
from bot.settings import Settings
from bot.setup.check import Check, State
from bot.setup.folder import rights
from bot.setup.machine import base_check, described
from bot.setup.origins import Given, Key
from bot.setup.tokens import Asked, discord_token, telegram_token, x_token

NONE = "-"  # typed in the place of a token that is to go
TokenCheck = Callable[[Settings, SecretStr], Coroutine[None, None, Asked]]


@dataclass(frozen=True)
class TokenQuestion:
    """`where`: to get one. `check` asks those whom it is for."""

    name: str
    key: Key
    where: str
    check: TokenCheck

    @property
    def variable(self) -> str:
        return f"MYNAH_{'__'.join(self.key).upper()}"


TOKENS = (
    TokenQuestion(
        "Discord bot token",
        ("discord", "token"),
        "https://discord.com/developers/applications → your application → Bot → Reset Token",
        lambda settings, token: discord_token(settings.discord.model_copy(update={"token": token})),
    ),
    TokenQuestion(
        "Telegram bot token",
        ("telegram", "token"),
        "@BotFather in Telegram: /newbot",
        lambda settings, token: telegram_token(settings.telegram.model_copy(update={"token": token})),
    ),
    TokenQuestion(
        "X bearer token",
        ("sources", "x", "token"),
        "https://console.x.com; reading from X costs money, so you are asked before it is spent",
        lambda settings, token: x_token(settings.sources.x.model_copy(update={"token": token})),
    ),
)


def interview(settings: Settings, given: Given) -> dict[Key, Any]:
    """What is to be written; None: what is to go. Raises EOFError where nobody answers any longer."""
    values: dict[Key, Any] = {}
    if given.origin(("data_dir",)) in ("default", "file"):
        values |= _data_dir(settings)
    else:
        print(f"Data folder: {settings.data_dir}")
    for question in TOKENS:
        print(f"\n{question.name}: {question.where}")
        values |= _token(question, settings, given)
    return values | _base_model(settings, given)


def _data_dir(settings: Settings) -> dict[Key, Any]:
    while True:
        typed = input(f"Data folder [{settings.data_dir}]: ").strip()
        if not typed:
            return {}
        try:
            folder = Path(typed).expanduser().absolute()
        except RuntimeError:
            print(f"There is no home folder for {typed}. Give the whole path.")
            continue
        found = rights(Folders(folder))
        _tell(found)
        if found.state is not State.ERROR:
            return {("data_dir",): str(folder)}


def _token(question: TokenQuestion, settings: Settings, given: Given) -> dict[Key, Any]:
    origin = given.origin(question.key)
    if origin == "environment":
        return _from_environment(question, settings)
    usual = "keep the one that is there; -: none" if origin == "file" else "none"
    while typed := _secret(f"{question.name} (Enter: {usual}): ").strip():
        if typed == NONE:
            return {question.key: None}
        if _holds(question, settings, SecretStr(typed)):
            return {question.key: typed}
    return {}


def _from_environment(question: TokenQuestion, settings: Settings) -> dict[Key, Any]:
    token = token_of(settings, question.key)
    if token is None or not _holds(question, settings, token):
        print(f"Mend {question.variable}: it wins over the file.")
        return {}
    if yes(f"{question.variable} is set, and wins over the file. Write the token into the file, too?"):
        return {question.key: token.get_secret_value()}
    return {}


def token_of(settings: Settings, key: Key) -> SecretStr | None:
    found: Any = settings
    for name in key:
        found = getattr(found, name)
    return found if isinstance(found, SecretStr) else None


def _holds(question: TokenQuestion, settings: Settings, token: SecretStr) -> bool:
    """One that can't be checked at the moment does, too."""
    found = run(question.check(settings, token)).check
    _tell(found)
    return found.state is not State.ERROR


def _base_model(settings: Settings, given: Given) -> dict[Key, Any]:
    """Asked until there is one that can be used, or torch itself can't be."""
    print('\nBase model: "bundled" comes with Mynah; or a folder, or a name on a hub.')
    fixed = given.origin(("base_model",)) in ("environment", "option")
    typed = "" if fixed else input(f"Base model [{settings.base_model}]: ").strip()
    while True:
        try:
            found = run(ask_trainer(typed or settings.base_model))
        except OperatorError as error:
            print(f"{error} `mynah doctor` says more.")
            break
        check = base_check(found.base)
        _tell(check)
        if check.state is not State.ERROR or fixed:
            print(f"This machine: {described(found.compute)}")
            break
        typed = input("Base model [bundled]: ").strip() or "bundled"
    return {("base_model",): typed} if typed else {}


def yes(question: str) -> bool:
    """Enter is a no."""
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _secret(question: str) -> str:
    """Without showing it, on a terminal."""
    return getpass(question) if sys.stdin.isatty() else input(question)


def _tell(check: Check) -> None:
    print(f"{check.state}: {check.name}: {check.text}" + (f"\n  → {check.fix}" if check.fix else ""))
