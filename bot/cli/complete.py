"""What the shell completes: personas, jobs, spaces. Asked at every tab key, so it is read without services."""

from __future__ import annotations

import os
import sqlite3
import tomllib
from collections.abc import MutableMapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import typer

from bot.store.reading import read_only_uri

PATIENCE = 0.1  # seconds: who writes just now doesn't hold up a tab key
_SPACES = """SELECT space FROM persona_spaces UNION SELECT space FROM space_rules UNION SELECT space FROM jobs
    ORDER BY space"""


def rejoin(environment: MutableMapping[str, str]) -> None:
    """Bash tells `@pip` as two words, and what comes after it as one further on."""
    words, at = environment.get("COMP_WORDS", "").split("\n"), environment.get("COMP_CWORD", "")
    if "@" not in words or not at.isdecimal():
        return
    current, joined = int(at), list[str]()
    for number, word in enumerate(words):
        if word and joined and joined[-1] == "@":
            joined[-1] += word
            current -= number <= int(at)
        else:
            joined.append(word)
    environment.update(COMP_WORDS="\n".join(joined), COMP_CWORD=str(current))


def personas(ctx: typer.Context, incomplete: str) -> list[str]:
    """With the `@` where one was typed."""
    at = "@" * incomplete.startswith("@")
    return _beginning([f"{at}{name}" for (name,) in _rows(ctx, "SELECT name FROM personas ORDER BY name")], incomplete)


def jobs(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Newest first, each with what it is."""
    rows = _rows(ctx, "SELECT id, persona, state FROM jobs ORDER BY id DESC LIMIT 50")
    return [(str(job), f"@{persona}, {state}") for job, persona, state in rows if str(job).startswith(incomplete)]


def unfinished_jobs(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Those that can be cancelled."""
    return [(job, about) for job, about in jobs(ctx, incomplete) if about.endswith((", queued", ", running"))]


def spaces(ctx: typer.Context, incomplete: str) -> list[str]:
    """Servers, groups and private chats, like `discord:123`."""
    return _beginning([space for (space,) in _rows(ctx, _SPACES) if space], incomplete)


def _beginning(words: Sequence[str], start: str) -> list[str]:
    return [word for word in words if word.startswith(start)]


def _rows(ctx: typer.Context, sql: str) -> list[Any]:
    """None where anything is in the way: whoever presses a tab key wants no error there."""
    try:
        with closing(
            sqlite3.connect(read_only_uri(_data_dir(ctx) / "mynah.sqlite3"), uri=True, timeout=PATIENCE)
        ) as connection:
            return connection.execute(sql).fetchall()
    except Exception:
        return []


def _data_dir(ctx: typer.Context) -> Path:
    """As bot.settings finds it, which takes longer."""
    given = ctx.find_root().params
    named = given.get("data_dir") or os.environ.get("MYNAH_DATA_DIR") or _configured(given.get("config"))
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_data_path("mynah")


def _configured(config: Any) -> str | None:
    """The settings file's data_dir. Raises OSError or ValueError."""
    path = Path(config or os.environ.get("MYNAH_CONFIG") or "config.toml")
    return tomllib.loads(path.read_text("utf-8")).get("data_dir") if path.is_file() else None
