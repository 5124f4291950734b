"""`mynah init`, from its options to the written file. Imported when it is needed: it imports the settings."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from bot.cli.interview import TOKENS, interview, token_of, yes
from bot.errors import OperatorError, SettingsError
from bot.settings import CONFIG_VARIABLE, DEFAULT_CONFIG, Settings, load_settings, named_config
from bot.setup.example import example, filled, flat
from bot.setup.files import replace_private
from bot.setup.origins import Given, Key, given
from trainer.basenames import BUNDLED


@dataclass(frozen=True)
class Wishes:
    """Of the command line."""

    config: Path | None
    data_dir: Path | None
    base_model: str | None
    write_tokens: bool
    yes: bool


@dataclass(frozen=True)
class Found:
    """What is there before. `given`: where it comes from; of the file, nothing where it can't be used."""

    settings: Settings
    given: Given


def initialize(wishes: Wishes) -> None:
    """Nothing is written before the end. Raises MynahError, EOFError, KeyboardInterrupt."""
    target = named_config(wishes.config) or DEFAULT_CONFIG
    found = _found(target, wishes)
    if found is None:
        print("Nothing was written.")
        return
    values: dict[Key, Any] = dict(flat(found.given.file)) | _wished(wishes)
    if wishes.yes:
        values |= _of_environment(found.settings) if wishes.write_tokens else {}
    else:
        values |= interview(found.settings, found.given)
    chosen = {key: _whole(value, key) for key, value in values.items() if value is not None}
    kept = replace_private(target, filled(example(), chosen))
    _tell(target, kept, _messengers(found.settings, values))


def _found(target: Path, wishes: Wishes) -> Found | None:
    """None: they don't want it to be replaced. Raises SettingsError, also for the environment's."""
    option: dict[str, Any] = {"data_dir": wishes.data_dir, "base_model": wishes.base_model}
    option = {name: value for name, value in option.items() if value is not None}
    try:
        settings = load_settings(target, wishes.data_dir) if target.exists() else _defaults(wishes.data_dir)
        there = given(target if target.exists() else None, None)
    except SettingsError as error:
        settings, there = _defaults(wishes.data_dir), given(None, None)
        if not _may_replace(target, wishes, f"{error}"):
            return None
    else:
        question = "Its settings stay, but for those that you change; your own comments do not."
        if target.exists() and not wishes.yes and not _may_replace(target, wishes, question):
            return None
    if wishes.base_model is not None:
        settings = settings.model_copy(update={"base_model": wishes.base_model})
    return Found(settings, Given(there.file, there.environment, option))


def _may_replace(target: Path, wishes: Wishes, what: str) -> bool:
    """Raises OperatorError where nobody is to be asked."""
    if wishes.yes:
        raise OperatorError(f"{what}\nMend {target}, move it away, or name another file with --config.")
    print(f"{target} is there already. {what} It is kept beside the new one.")
    return yes("Go on?")


def _defaults(data_dir: Path | None) -> Settings:
    """And the environment's. Raises SettingsError."""
    with as_file(files("bot").joinpath("config.example.toml")) as path:
        return load_settings(path, data_dir)


def _wished(wishes: Wishes) -> dict[Key, Any]:
    values: dict[Key, Any] = {}
    if wishes.data_dir is not None:
        values[("data_dir",)] = str(wishes.data_dir.expanduser().absolute())
    if wishes.base_model is not None:
        values[("base_model",)] = wishes.base_model
    return values


def _whole(value: Any, key: Key) -> Any:
    """The path of a base model's folder, which may be read from elsewhere."""
    if key == ("base_model",) and value != BUNDLED and (folder := Path(value).expanduser()).is_dir():
        return str(folder.absolute())
    return value


def _of_environment(settings: Settings) -> dict[Key, Any]:
    tokens = {question.key: token_of(settings, question.key) for question in TOKENS}
    return {key: token.get_secret_value() for key, token in tokens.items() if token is not None}


def _messengers(settings: Settings, values: dict[Key, Any]) -> list[str]:
    """Those that have a token now, in the file or in the environment."""
    known = {"Discord": ("discord", "token"), "Telegram": ("telegram", "token")}
    return [name for name, key in known.items() if values.get(key, token_of(settings, key)) is not None]


def _tell(target: Path, kept: Path | None, messengers: list[str]) -> None:
    """Where it is, and which command to type next."""
    print(
        f"\nWritten: {target.absolute()}, for you alone to read." + (f" The one before is {kept.name}." if kept else "")
    )
    named = os.environ.get(CONFIG_VARIABLE)
    read = target.absolute() == (Path(named) if named else DEFAULT_CONFIG).absolute()
    command = "mynah" if read else f"mynah --config {shlex.quote(str(target.absolute()))}"
    print("\nNext:")
    steps = {"doctor": "checks everything"}
    if "Discord" in messengers:
        steps["discord invite"] = "prints the link that adds the bot to a server"
    steps |= {"run": f"serves {' and '.join(messengers)}"} if messengers else {"console": "chats in this terminal"}
    width = max(map(len, steps))
    for step, what in steps.items():
        print(f"  {command} {step:{width}}  {what}")
