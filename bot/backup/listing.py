"""What belongs into a backup, by what a copy of the database records; and whether all of that is still so."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.backup.contents import ACCOUNTS, UPLOADS
from bot.folders import ACCOUNT_KINDS, Folders, account_of
from bot.store.database import read_only
from trainer.manifest import MANIFEST


@dataclass(frozen=True)
class Recorded:
    """In a database, at one moment: personas with their current version, versions with their folder and its files, jobs
    with their accounts (JSON) and whether they are still to be done.
    """

    personas: Mapping[str, int]
    versions: Mapping[tuple[str, int], tuple[str, frozenset[str]]]
    jobs: Mapping[int, tuple[str, bool]]

    def is_current(self, version: tuple[str, int]) -> bool:
        return self.personas.get(version[0]) == version[1]


def recorded(path: Path) -> Recorded:
    """Raises OperatorError."""
    with read_only(path) as connection:
        connection.execute("BEGIN")  # one moment
        return _recorded(connection)


def _recorded(connection: sqlite3.Connection) -> Recorded:
    versions = connection.execute("SELECT persona, number, folder, manifest FROM versions")
    jobs = connection.execute("SELECT id, accounts, state IN ('queued', 'running') AS active FROM jobs")
    return Recorded(
        personas={row["name"]: row["version"] for row in connection.execute("SELECT name, version FROM personas")},
        versions={
            (row["persona"], row["number"]): (
                row["folder"],
                frozenset({MANIFEST, *json.loads(row["manifest"]).get("files", ())}),
            )
            for row in versions
        },
        jobs={row["id"]: (row["accounts"], bool(row["active"])) for row in jobs},
    )


def still_so(copy: Recorded, live: Recorded) -> bool:
    """Is nothing in the copy forgotten, pruned, renamed or trained anew by now?"""
    same_jobs = all(
        live.jobs.get(number, ("", False))[0] == accounts for number, (accounts, _) in copy.jobs.items() if accounts
    )
    same_personas = all(live.personas.get(name) == version for name, version in copy.personas.items())
    return same_jobs and same_personas and copy.versions.keys() <= live.versions.keys()


def version_files(folders: Folders, copy: Recorded) -> tuple[list[Path], list[str]]:
    """Of all versions that are whole on the disk; and what is missing of current ones, such as `@pip: manifest.json`.

    An old version may be recorded whose files have gone: nothing of it is kept.
    """
    files: list[Path] = []
    missing: list[str] = []
    for version, (folder, names) in sorted(copy.versions.items()):
        place = folders.root / folder
        there = [path for path in sorted(place.rglob("*")) if path.is_file() and not path.name.endswith(".part")]
        lost = names - {path.relative_to(place).as_posix() for path in there}
        if copy.is_current(version):
            missing += [f"@{version[0]}: {name}" for name in sorted(lost)]
        if copy.is_current(version) or not lost:
            files += there
    return files, missing


def kept_files(folders: Folders, copy: Recorded, posts: bool) -> list[Path]:
    """What personas have kept of their accounts: pictures, and posts if they are wanted."""
    kinds = (".avatar", ".jsonl.zst") if posts else (".avatar",)
    found = (path for name in sorted(copy.personas) for path in sorted((folders.persona(name) / "posts").glob("*")))
    return [path for path in found if path.name.endswith(kinds) and not path.name.startswith(".")]


def account_files(folders: Folders) -> Iterator[Path]:
    """What was read on networks, in an order in which nothing is lost to a reading that is under way.

    An account's record comes first, then its pages, then the whole that they become a part of: what the record calls
    read is among them. So each is looked for when it is asked for.
    """
    for network in sorted(path for path in (folders.root / ACCOUNTS).glob("*") if path.is_dir()):
        names = {name for path in network.iterdir() if (name := account_of(path)) is not None}
        for name in sorted(names):
            for kind in ACCOUNT_KINDS:
                path = network / f"{name}{kind}"
                if path.is_file():
                    yield path


def upload_files(folders: Folders, copy: Recorded) -> list[Path]:
    """Files that people have sent for jobs that are still to be done."""
    waiting = [account for accounts, active in copy.jobs.values() if active for account in json.loads(accounts)]
    places = folders.uploads_of(account["reference"] for account in waiting)
    return sorted(path for place in places for path in place.rglob("*") if path.is_file() and UPLOADS in path.parts)
