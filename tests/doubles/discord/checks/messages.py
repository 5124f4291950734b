"""What a message may be made of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.doubles.discord.checks.components import check_components
from tests.doubles.discord.checks.problems import Path, Problems

Json = dict[str, Any]

COMPONENTS_V2 = 1 << 15
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SENDABLE = 1 << 2 | EPHEMERAL | 1 << 12 | COMPONENTS_V2  # suppressed embeds, ephemeral, silent, components


def check_message(payload: Json, uploads: Collection[str] = (), v2: bool | None = None) -> Problems:
    """`payload` is what the message would be; `uploads` the names of its files. `v2` unless the flags say."""
    problems = Problems()
    flags = payload.get("flags") or 0
    v2 = bool(flags & COMPONENTS_V2) if v2 is None else v2
    _content(problems, payload)
    _embeds(problems, problems.objects(("embeds",), payload.get("embeds")))
    _allowed_mentions(problems, payload.get("allowed_mentions") or {})
    if flags & ~SENDABLE:
        problems.add(("flags",), "MESSAGE_FLAGS_INVALID", f"Flags that can't be sent: {flags & ~SENDABLE}")
    if v2:
        _only_components(problems, payload)
    check_components(problems.objects(("components",), payload.get("components")), problems, v2=v2, uploads=uploads)
    return problems


def _content(problems: Problems, payload: Json) -> None:
    problems.text(("content",), payload.get("content"), 0, 2000)
    problems.text(("nonce",), payload.get("nonce"), 0, 25)
    attachments = problems.objects(("attachments",), payload.get("attachments"))
    problems.size(("attachments",), attachments, 0, 10)


def _only_components(problems: Problems, payload: Json) -> None:
    for name in ("content", "embeds", "sticker_ids", "poll"):
        if payload.get(name):
            text = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            problems.add((name,), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)


def _embeds(problems: Problems, embeds: list[Json]) -> None:
    problems.size(("embeds",), embeds, 0, 10)
    for index, embed in enumerate(embeds):
        _embed(problems, ("embeds", index), embed)
    if (total := sum(embed_size(embed) for embed in embeds)) > 6000:
        problems.add(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of 6000: {total}")


def _embed(problems: Problems, path: Path, embed: Json) -> None:
    problems.text((*path, "title"), embed.get("title"), 0, 256)
    problems.text((*path, "description"), embed.get("description"), 0, 4096)
    for name, key, high in (("footer", "text", 2048), ("author", "name", 256)):
        if embed.get(name):
            problems.text((*path, name, key), embed[name].get(key), 1, high)
    fields = problems.objects((*path, "fields"), embed.get("fields"))
    problems.size((*path, "fields"), fields, 0, 25)
    for index, each in enumerate(fields):
        problems.text((*path, "fields", index, "name"), each.get("name"), 1, 256)
        problems.text((*path, "fields", index, "value"), each.get("value"), 1, 1024)


def embed_texts(embed: Json) -> list[str]:
    """Every text in an embed that counts, in the order in which it is seen."""
    fields = [text for each in embed.get("fields") or [] for text in (each.get("name"), each.get("value"))]
    author, footer = (embed.get("author") or {}).get("name"), (embed.get("footer") or {}).get("text")
    return [text for text in (author, embed.get("title"), embed.get("description"), *fields, footer) if text]


def embed_size(embed: Json) -> int:
    return sum(len(str(text)) for text in embed_texts(embed))


def _allowed_mentions(problems: Problems, allowed: Json) -> None:
    parse = allowed.get("parse") or []
    if not set(parse) <= {"users", "roles", "everyone"}:
        problems.add(("allowed_mentions", "parse"), "BASE_TYPE_CHOICES", f"Unknown kinds of mentions: {parse}")
    for name in ("users", "roles"):
        problems.size(("allowed_mentions", name), allowed.get(name) or [], 0, 100)
        if name in parse and allowed.get(name):
            text = f"parse:[{name!r}] and {name}: [ids...] are mutually exclusive."
            problems.add(("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text)


def check_choices(choices: object) -> Problems:
    """What an autocompletion answers."""
    problems = Problems()
    listed = problems.objects(("data", "choices"), choices)
    problems.size(("data", "choices"), listed, 0, 25)
    for index, choice in enumerate(listed):
        problems.text(("data", "choices", index, "name"), choice.get("name"), 1, 100)
        if isinstance(choice.get("value"), str):
            problems.text(("data", "choices", index, "value"), choice["value"], 1, 100)
    return problems


def check_webhook_name(name: object, path: str = "name", low: int = 1) -> Problems:
    """The name of a webhook, or the one that it speaks under."""
    problems = Problems()
    problems.text((path,), name.strip() if isinstance(name, str) else name, low, 80)
    for word in ("discord", "clyde"):
        if isinstance(name, str) and word in name.lower():
            problems.add((path,), "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{word}"')
    return problems
