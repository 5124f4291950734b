"""Command lines of text platforms → arguments. Pure; every problem is a BadInput that shows the right form."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from bot.domain import Voice, parse_persona, parse_voices, train_command
from bot.errors import BadInput
from bot.handles import parse_handle
from bot.languages import parse_language
from bot.money import MICRO, micro
from bot.policy import check_samples
from bot.texts import Text

MAX_DIGITS = 18  # Python refuses to read numbers of thousands of them

TRAIN_USAGE = (
    "/train @a[:WEIGHT] [@b [@c]] [--from FILE] [--column NAME] [--sender NAME] [--lang LANGUAGE] [--spend DOLLARS] "
    "[--fresh]"
)
_TAKE_VALUES = {
    "--from": "/train @alice --from tweets.js",
    "--column": "/train @alice --from posts.csv --column text",
    "--sender": "/train @alice --from result.json --sender Alice",
    "--lang": "/train @alice --lang en",
    "--spend": "/train x:alice --spend 16",
}
_FILES = {".csv", ".js", ".json", ".jsonl", ".txt", ".zip"}
_SAMPLES = re.compile(r"(?:^|(?<=\s))--n(?:=|\s+)(\S+)(?=\s|$)")
_ESCAPE = re.compile(r"(?:^|\s)--\s")
_NAMED = re.compile(r"@([^\s:]+):?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True)
class TrainArguments:
    """`files` belong to the voices in their order. `part`: a file's column, or the sender in an export of a chat.

    `language` keeps posts of one; `spend` is what reading may cost, in millionths of a dollar.
    """

    voices: tuple[Voice, ...]
    files: tuple[Path, ...] = ()
    fresh: bool = False
    part: str | None = None
    language: str | None = None
    spend: int = 0


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
    """`@a[:WEIGHT] [@b [@c]] [--from FILE]… [--column C | --sender S] [--lang L] [--spend DOLLARS] [--fresh]`"""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadInput(
            Text("A quotation mark is open in that line ({error}). Quote a path whole, or not at all.", error=error)
        ) from None
    names: list[str] = []
    options: dict[str, list[str]] = {}
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name in _TAKE_VALUES:
            if not equals and not words:
                example = _TAKE_VALUES[name]
                raise BadInput(Text("{option} needs something after it, like {example}", option=name, example=example))
            options.setdefault(name, []).append(value if equals else words.pop(0))
        elif word == "--fresh":
            options[word] = []
        elif word.startswith("--"):
            raise BadInput(Text("/train has no option {option}. It is: {usage}", option=name, usage=TRAIN_USAGE))
        elif Path(word).suffix in _FILES and not word.startswith("file:") and "://" not in word:
            raise BadInput(
                Text("{file} looks like a file: put --from before it, like /train @alice --from {file}", file=word)
            )
        else:
            names.append(word)
    return train_arguments(names, options)


def train_arguments(names: list[str], options: dict[str, list[str]]) -> TrainArguments:
    """Accounts as they were typed, and options with their values. Raises BadInput."""
    last = {name: values[-1] for name, values in options.items() if values}
    files = [*(name.removeprefix("file:") for name in names if name.startswith("file:")), *options.get("--from", [])]
    # Those that came with a file of their own first: files go to accounts in their order.
    ordered = sorted(names, key=lambda name: not name.startswith("file:"))
    return TrainArguments(
        parse_voices([_named_after(name) if name.startswith("file:") else name for name in ordered]),
        tuple(map(Path, files)),
        "--fresh" in options,
        last.get("--sender", last.get("--column")),
        parse_language(last["--lang"]) if "--lang" in last else None,
        parse_spend(last["--spend"]) if "--spend" in last else 0,
    )


def train_line(wanted: TrainArguments) -> str:
    """What to type after /train for this; dollars are whole ones, that are enough."""
    options = [
        *(f"--from {shlex.quote(str(file))}" for file in wanted.files),
        *([f"--column {shlex.quote(wanted.part)}"] if wanted.part else []),
        *(["--fresh"] if wanted.fresh else []),
        *([f"--lang {wanted.language}"] if wanted.language else []),
        *([f"--spend {-(-wanted.spend // MICRO)}"] if wanted.spend else []),
    ]
    accounts = [(voice.word, voice.weight) for voice in wanted.voices]
    return train_command(accounts, *options).removeprefix("/train ")


def _named_after(word: str) -> str:
    """`file:posts/alice.jsonl` → alice"""
    stem = re.sub(r"[^a-z0-9_.]+", "_", Path(word.removeprefix("file:")).stem.lower())
    return stem.strip("._") or "posts"


def parse_spend(text: str) -> int:
    """Dollars, as `16`, `16.50` or `$16` → millionths. Raises BadInput."""
    amount = text.removeprefix("$")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", amount):
        raise BadInput(Text("--spend takes dollars, like --spend 16"))
    return micro(Decimal(amount))


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
    if "did:" in text:
        raise BadInput(Text("Name the account by its handle, like /optout @alice.bsky.social"))
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
