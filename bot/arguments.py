"""Command lines of text platforms → arguments. Pure; every problem is a BadInput that shows the right form."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from bot.domain import Voice, parse_handle, parse_persona, parse_voices
from bot.errors import BadInput
from bot.policy import check_samples
from bot.texts import Text

MAX_DIGITS = 18  # Python refuses to read numbers of thousands of them

_FILES = {".csv", ".js", ".json", ".jsonl", ".txt", ".zip"}
_SAMPLES = re.compile(r"(?:^|(?<=\s))--n(?:=|\s+)(\S+)(?=\s|$)")
_ESCAPE = re.compile(r"(?:^|\s)--\s")
_NAMED = re.compile(r"@([^\s:]+):?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True)
class TrainArguments:
    voices: tuple[Voice, ...]
    files: tuple[Path, ...] = ()
    fresh: bool = False


@dataclass(frozen=True)
class SayArguments:
    prompt: str
    persona: str | None = None
    n: int = 1


@dataclass(frozen=True)
class CancelArguments:
    job_id: int


@dataclass(frozen=True)
class ForgetArguments:
    persona: str
    sure: bool = False


@dataclass(frozen=True)
class OptoutArguments:
    handle: str


@dataclass(frozen=True)
class CardArguments:
    persona: str | None = None


@dataclass(frozen=True)
class NoArguments:
    pass


def parse_train(text: str) -> TrainArguments:
    """`@a[:WEIGHT] [@b [@c]] [--from FILE]… [--fresh]`"""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadInput(
            Text("A quotation mark is open in that line ({error}). Quote a path whole, or not at all.", error=error)
        ) from None
    names: list[str] = []
    files: list[Path] = []
    fresh = False
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name == "--from":
            if not equals and not words:
                raise BadInput(Text("--from needs a file, like /train @alice --from tweets.js"))
            files.append(Path(value if equals else words.pop(0)))
        elif word == "--fresh":
            fresh = True
        elif word.startswith("--"):
            raise BadInput(
                Text(
                    "/train has no option {option}. It is: /train @a[:WEIGHT] [@b [@c]] [--from FILE] [--fresh]",
                    option=name,
                )
            )
        elif Path(word).suffix in _FILES:
            raise BadInput(
                Text("{file} looks like a file: put --from before it, like /train @alice --from {file}", file=word)
            )
        else:
            names.append(word)
    return TrainArguments(parse_voices(names), tuple(files), fresh)


def parse_say(text: str) -> SayArguments:
    """`[@persona] PROMPT [--n 1..5]`; after `--` everything is prompt. Quotation marks are part of the prompt."""
    escape = _ESCAPE.search(text)
    options, rest = (text[: escape.start()], text[escape.end() :]) if escape else (text, "")
    n = 1
    if match := _SAMPLES.search(options):
        n = _number(match[1], Text("--n takes a number from 1 to 5, like --n 3"))
        options = f"{options[: match.start()].rstrip()} {options[match.end() :].lstrip()}"
    options = options.strip()
    persona = None
    if match := _NAMED.fullmatch(options):
        persona = parse_persona(match[1])
        options = match[2] or ""
    return SayArguments(f"{options.strip()} {rest}".strip(), persona, check_samples(n))


def parse_cancel(text: str) -> CancelArguments:
    return CancelArguments(
        _number(text.strip().removeprefix("#"), Text("Which job? /jobs shows their numbers: /cancel 3"))
    )


def parse_forget(text: str) -> ForgetArguments:
    words = text.split()
    sure = "--yes" in words
    names = [word for word in words if word != "--yes"]
    if len(names) != 1:
        raise BadInput(Text("Which persona? Name one, like /forget @alice"))
    return ForgetArguments(parse_persona(names[0]), sure)


def parse_optout(text: str) -> OptoutArguments:
    if not text.strip():
        raise BadInput(Text("Which account? Name one, like /optout @alice"))
    return OptoutArguments(parse_handle(text.strip()))


def parse_card(text: str) -> CardArguments:
    names = text.split()
    if len(names) > 1:
        raise BadInput(Text("One persona at a time, like /card @alice"))
    return CardArguments(parse_persona(names[0]) if names else None)


def parse_none(text: str) -> NoArguments:
    if text.strip():
        raise BadInput(Text("That command takes nothing after it; {words} was too much.", words=repr(text.strip())))
    return NoArguments()


def _number(text: str, hint: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS:
        raise BadInput(hint)
    return int(text)
