"""Where the bot's log goes: JSON lines into <data_dir>/logs/bot.log, and to stderr as the operator likes it."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, SecretStr

from bot.errors import OperatorError
from bot.folders import Folders
from bot.settings import Settings
from trainer.logfile import LogFile
from trainer.logs import MEGABYTE, Event, Step, json_lines, text_lines, use_level

FILE = "bot.log"
SECRET = "[secret]"
SHORTEST = 4  # characters: what is shorter than that hides nothing, and is in every other word
# Addresses that are secrets by themselves, in what libraries have to say: of webhooks, and of Discord's interactions.
ADDRESS = r"(?P<before>/(?:webhooks|interactions)/\d+/)[\w.-]{16,}"
LONG = 16  # characters of a path that is nobody's name for something else
OURS = {"mynah file", "mynah stderr"}  # handlers
QUIET = {"httpx": logging.WARNING, "tweepy": logging.WARNING, "telegram": logging.CRITICAL}


def set_up(settings: Settings, stderr: bool) -> None:
    """Into the file, and with `stderr` there as well. Raises OperatorError when the file can't be written."""
    mask = Mask.of([*secrets_of(settings), *webhook_secrets(settings.telegram.webhook_url)])
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if handler.name in OURS]:
        root.removeHandler(old)
        old.close()
    root.addHandler(_file(settings, mask))
    if stderr:
        root.addHandler(_stderr(settings, mask))
    use_level(settings.logs.level)
    quiet_libraries()


def quiet_libraries() -> None:
    """What they log names accounts, and some of their addresses and headers hold tokens."""
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)  # what Telegram's library reports is told by us, without tracebacks


def _file(settings: Settings, mask: Step) -> logging.Handler:
    folders = Folders(settings.data_dir)
    folders.make()
    path = folders.logs / FILE
    try:
        handler = LogFile(path, settings.logs.file_megabytes * MEGABYTE)
    except OSError as error:
        raise OperatorError(f"{path} can't be written ({error.strerror}). Choose another --data-dir.") from error
    handler.set_name("mynah file")
    handler.setFormatter(json_lines(None, mask))
    return handler


def _stderr(settings: Settings, mask: Step) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name("mynah stderr")
    as_json = settings.logs.format == "json"
    handler.setFormatter(json_lines(None, mask) if as_json else text_lines(sys.stderr.isatty(), None, mask))
    return handler


@dataclass(frozen=True)
class Mask:
    """A step of a line's making: secrets in its values, tracebacks among them, become "[secret]"."""

    found: re.Pattern[str]

    @classmethod
    def of(cls, secrets: Iterable[str]) -> Mask:
        """Also as addresses and `repr` spell them."""
        spelt = {form for one in secrets for form in (one, quote(one, safe=""), repr(one)[1:-1])}
        longest_first = sorted((one for one in spelt if len(one) >= SHORTEST), key=len, reverse=True)
        return cls(re.compile("|".join([ADDRESS, *map(re.escape, longest_first)])))

    def __call__(self, logger: Any, method: str, event: Event) -> Event:
        return {name: self._masked(value) for name, value in event.items()}

    def _masked(self, value: Any) -> Any:
        match value:
            case bool() | int() | float() | None:
                return value
            case dict():
                return {str(name): self._masked(one) for name, one in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._masked(one) for one in value]
            case _:
                return self.found.sub(lambda found: (found["before"] or "") + SECRET, str(value))


def webhook_secrets(url: str | None) -> Iterator[str]:
    """The path of a webhook may be one: with its host, and alone where it is long."""
    address = (url or "").partition("://")[2]
    path = address.partition("/")[2]
    if path:
        yield address
    if len(path) >= LONG:
        yield path


def secrets_of(value: object) -> Iterator[str]:
    """All SecretStr in settings, wherever they are."""
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            for _, one in value:
                yield from secrets_of(one)
        case dict():
            yield from secrets_of(list(value.values()))
        case list() | tuple() | set() | frozenset():
            for one in value:
                yield from secrets_of(one)
