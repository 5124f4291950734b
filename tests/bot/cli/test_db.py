"""`mynah db` and `mynah models prune`, as they are typed."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from bot.backup.writing import backup
from bot.cli.db import _migrate
from bot.control.client import connected
from bot.control.disk import PRUNE, Prune
from bot.control.server import listening
from bot.errors import BadInput
from bot.folders import Folders
from bot.store.migrate import newest, schema
from tests.bot.cli.test_cli import mynah
from tests.bot.store.test_upgrades import build
from tests.doubles.service import FakeService, fake_service
from trainer.manifest import write_manifest


async def two_versions(service: FakeService) -> None:
    for version in (1, 2):
        persona = await service.add_persona("pip", version)
        write_manifest(service.folders.root / persona.folder, persona.manifest)


def said(data_dir: Path, *arguments: str) -> str:
    """Of a command that has to work."""
    done = mynah(data_dir, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(data_dir: Path, *arguments: str) -> str:
    """Of a command that is refused: one sentence, no traceback."""
    done = mynah(data_dir, *arguments)
    assert (done.returncode, done.stdout) == (1, ""), done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


async def test_a_backup_and_back(tmp_path: Path) -> None:
    data, away, file = tmp_path / "data", tmp_path / "away", tmp_path / "b.tar"
    async with fake_service(data) as service:
        await two_versions(service)
        assert "1 persona, 2 versions" in said(data, "db", "backup", str(file))  # while it is open here
    assert "nothing is overwritten" in told(data, "db", "backup", str(file))
    assert "--replace" in told(data, "db", "restore", str(file))
    assert "has 1 persona again" in said(away, "db", "restore", str(file))
    assert "What was there before is in" in said(away, "db", "restore", str(file), "--replace")
    assert "is sound. Its schema is" in said(away, "db", "check")


async def test_a_backup_into_a_folder_has_a_name_with_the_time(tmp_path: Path) -> None:
    async with fake_service(tmp_path / "data"):
        pass
    into = tmp_path / "backups"
    into.mkdir()
    out = said(tmp_path / "data", "db", "backup", str(into), "--without-posts")
    (made,) = into.iterdir()  # and nothing half done
    assert made.match("mynah-backup-*-*.tar")
    assert str(made) in out
    assert "Posts are not in it" in out
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_where_there_is_no_database_none_is_made(tmp_path: Path) -> None:
    for command in ("backup", "check", "migrate"):
        assert "There is no database" in told(tmp_path / "data", "db", command)
    assert not (tmp_path / "data").exists()


def test_migrating_with_a_copy_before(tmp_path: Path) -> None:
    database = tmp_path / "mynah.sqlite3"
    build(tmp_path / "old" / "mynah.sqlite3", 2)
    (tmp_path / "old" / "mynah.sqlite3").rename(database)
    assert f"The schema is 2; it would become {newest()}" in said(tmp_path, "db", "migrate", "--dry-run")
    assert schema(database) == 2
    out = said(tmp_path, "db", "migrate")
    copy = tmp_path / f"mynah.sqlite3.before-{newest()}"
    assert f"The schema was 2 and is {newest()} now" in out
    assert str(copy) in out
    assert (schema(database), schema(copy)) == (newest(), 2)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "there is nothing to do" in said(tmp_path, "db", "migrate")


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    build(tmp_path / "old" / "mynah.sqlite3", newest())
    database = tmp_path / "mynah.sqlite3"
    data = (tmp_path / "old" / "mynah.sqlite3").read_bytes()
    database.write_bytes(data[:4096] + os.urandom(4096) + data[8192:])
    assert "damaged" in told(tmp_path, "db", "check")


def test_a_backup_of_a_damaged_database_names_it(tmp_path: Path) -> None:
    build(tmp_path / "old" / "mynah.sqlite3", newest())
    database = tmp_path / "mynah.sqlite3"
    data = (tmp_path / "old" / "mynah.sqlite3").read_bytes()
    database.write_bytes(data[:4096] + os.urandom(len(data) - 4096))
    sentence = told(tmp_path, "db", "backup", str(tmp_path / "b.tar"))
    assert f"The database {database} is damaged" in sentence
    assert "`mynah db restore FILE --replace`" in sentence


def test_a_backup_into_a_folder_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, into = tmp_path / "data", tmp_path / "backups"
    build(data / "mynah.sqlite3", newest())
    into.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path != into)  # the tests may be run by one who may all
    with pytest.raises(BadInput, match=rf"The folder {into} can't be written by this user"):
        backup(Folders(data), into / "b.tar", "base", True, lambda done, total: None)
    assert list(into.iterdir()) == []


def test_the_copy_of_a_try_before_stays_until_there_is_another(tmp_path: Path) -> None:
    build(tmp_path / "old" / "mynah.sqlite3", 2)
    data = (tmp_path / "old" / "mynah.sqlite3").read_bytes()
    (tmp_path / "mynah.sqlite3").write_bytes(data[:4096] + os.urandom(len(data) - 4096))  # it can't be copied
    copy = tmp_path / f"mynah.sqlite3.before-{newest()}"
    copy.write_text("of a try before")
    assert "damaged" in told(tmp_path, "db", "migrate")
    assert copy.read_text() == "of a try before"
    assert not copy.with_name(f"{copy.name}.part").exists()


def test_after_a_migration_sigterm_still_lets_things_be_undone(tmp_path: Path) -> None:
    def stop(number: int, frame: object) -> None:
        raise SystemExit

    before = signal.signal(signal.SIGTERM, stop)
    try:
        _migrate(tmp_path / "mynah.sqlite3")
        assert signal.getsignal(signal.SIGTERM) is stop
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_pruning_asks_first(tmp_path: Path) -> None:
    async with fake_service(tmp_path) as service:
        await two_versions(service)
    assert "Nothing has to go" in said(tmp_path, "models", "prune")
    assert "personas/pip/v1" in said(tmp_path, "models", "prune", "--all-old", "--dry-run")
    refused = mynah(tmp_path, "models", "prune", "--all-old")
    assert refused.returncode == 1
    assert "--yes" in refused.stderr
    assert (tmp_path / "personas" / "pip" / "v1").is_dir()
    found = json.loads(said(tmp_path, "models", "prune", "--all-old", "--yes", "--json"))
    assert [one["name"] for one in found["pruned"]] == ["personas/pip/v1"]
    assert found["usage"]["personas"] > 0
    assert sorted(path.name for path in (tmp_path / "personas" / "pip").iterdir()) == ["posts", "v2"]


async def test_a_bot_that_runs_prunes_what_was_agreed_to_and_no_more(service: FakeService) -> None:
    await two_versions(service)
    await service.add_persona("bob", 1)
    await service.add_persona("bob", 2)
    with service.folders.owned():
        async with (
            listening(service.services, service.folders.control),
            connected(service.folders.control) as remote,
            service.services.pool.lease("bob/v2", 4),
        ):
            assert remote is not None
            gone = await remote.perform(PRUNE, Prune(names=("personas/pip/v1", "personas/bob/v2", "../outside")))
    assert [(one.name, one.persona, one.number) for one in gone] == [("personas/pip/v1", "pip", 1)]
    assert service.folders.version("bob", 1).is_dir()
    assert service.folders.version("bob", 2).is_dir()


@pytest.mark.parametrize("arguments", [["db", "restore"], ["db", "back"], ["db", "backup", "a", "b"]])
def test_usage_errors(tmp_path: Path, arguments: list[str]) -> None:
    assert mynah(tmp_path, *arguments).returncode == 2
