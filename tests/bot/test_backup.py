from __future__ import annotations

import io
import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.backup.contents import CONTENTS, DATABASE, Contents, belongs
from bot.backup.listing import account_files
from bot.backup.restoring import Restored, restore
from bot.backup.writing import PART, Backup, backup
from bot.domain import AccountSource, Caller
from bot.errors import BadInput, DataDirInUse, DiskFull, MynahError, OperatorError
from bot.folders import Folders
from bot.sources.networks.accounts import Account, AccountStore
from bot.store.migrate import newest, schema
from bot.store.sqlite import SqliteStore
from tests.bot.store.test_upgrades import build
from tests.doubles.service import FakeService
from tests.doubles.sources import make_posts
from trainer.manifest import write_manifest

NOW = datetime(2026, 11, 22, 7, 0, 0)
Change = Callable[[], None]


def unheard(done: int, total: int) -> None:
    pass


def leave(path: Path) -> None:
    """A database of today needs no migration."""


@dataclass
class Place:
    """A data folder, and where its backups are."""

    folders: Folders
    files: Path

    def backup(self, name: str = "b.tar", posts: bool = True, tell: Callable[[int, int], None] = unheard) -> Backup:
        return backup(self.folders, self.files / name, "bundled", posts, tell)

    def restore(self, file: Path, replace: bool = False) -> Restored:
        return restore(file, self.folders, leave, unheard, NOW, replace)

    def first_change(self, change: Change, times: int = 1) -> Callable[[int, int], None]:
        """A `tell` that lets something happen while files are being copied: in the first tries."""
        left = [times]

        def tell(done: int, total: int) -> None:
            database = self.files / f"{PART}.part-{os.getpid()}" / DATABASE
            if left[0] and done > database.stat().st_size:  # in the middle of the files, after the database
                left[0] -= 1
                change()

        return tell


@pytest.fixture
def here(service: FakeService, tmp_path: Path) -> Place:
    return Place(service.folders, tmp_path)


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """Another machine."""
    return Place(Folders(tmp_path / "far" / "away"), tmp_path)


def tree(folders: Folders, *names: str) -> dict[str, bytes]:
    """Paths and contents below these names."""
    paths = (path for name in names for path in (folders.root / name).rglob("*") if path.is_file())
    return {folders.relative(path): path.read_bytes() for path in paths}


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {member.name: read.read() for member in tar if (read := tar.extractfile(member))}


async def fill(service: FakeService) -> None:
    """Two personas, two versions of one, an account that was read, a job that waits for an upload."""
    for name, version in (("pip", 1), ("pip", 2), ("bob-ladle", 1)):
        persona = await service.add_persona(name, version)
        write_manifest(service.folders.root / persona.folder, persona.manifest)
    accounts = AccountStore(service.folders.root, "x")
    accounts.add("pip", make_posts(3), Account(id="1", name="Pip"))
    accounts.settle("pip")
    accounts.link("pip", service.folders.posts("pip", "pip"))
    (service.folders.root / "accounts" / "x" / ".pip.lock").touch()
    upload = service.folders.uploads / "abc" / "posts.jsonl"
    upload.parent.mkdir(parents=True)
    upload.write_text('{"text": "soup"}')
    await service.store.add_job([AccountSource("zoe", f"file:{upload}")], "zoe", Caller("discord", "1", "2"))
    stray = service.folders.uploads / "old" / "posts.jsonl"
    stray.parent.mkdir(parents=True)
    stray.write_text("nobody waits for it")


def sql(path: Path, statement: str) -> None:
    """As another process does it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(statement)
        connection.commit()


async def test_all_that_is_recorded_comes_back_on_another_machine(
    service: FakeService, here: Place, there: Place
) -> None:
    await fill(service)
    made = here.backup()
    assert (made.contents.personas, made.contents.versions, made.missing) == (2, 3, ())
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in here.files.iterdir()} == {"data", "b.tar"}

    restored = there.restore(made.path)
    assert restored.aside is None
    kept = ("personas", "accounts/x/pip.json", "accounts/x", "uploads/abc")
    expected = {name: data for name, data in tree(here.folders, *kept).items() if not name.endswith(".lock")}
    assert tree(there.folders, "personas", "accounts", "uploads") == expected
    assert not list(there.folders.root.glob("*part*"))
    assert not list(there.folders.root.glob("*-wal"))
    async with SqliteStore.open(there.folders.database) as store:
        assert await store.personas() == await service.store.personas()
        (waiting,) = await store.unfinished_jobs()
    assert waiting.accounts[0].reference == f"file:{there.folders.uploads / 'abc' / 'posts.jsonl'}"
    twins = (there.folders.posts("pip", "pip"), there.folders.root / "accounts" / "x" / "pip.jsonl.zst")
    assert len({path.stat().st_ino for path in twins}) == 1


async def test_without_posts(service: FakeService, here: Place, there: Place) -> None:
    await fill(service)
    service.folders.avatar("pip", "pip").write_bytes(b"a picture")
    there.restore(here.backup(posts=False).path)
    found = tree(there.folders, "personas", "accounts", "uploads")
    assert {Path(name).name for name in found} == {"adapter_model.safetensors", "manifest.json", "pip.avatar"}


async def test_what_messengers_have_handed_over_is_not_in_it(service: FakeService, here: Place) -> None:
    await service.services.inbox.keep(7, '{"text": "a secret question"}')
    file = here.backup().path
    assert b"a secret question" not in file.read_bytes()
    with closing(sqlite3.connect(service.folders.database)) as connection:  # where it was it still is
        assert connection.execute("SELECT content FROM inbox").fetchall() == [('{"text": "a secret question"}',)]


async def test_a_persona_that_is_forgotten_meanwhile_is_not_in_it(
    service: FakeService, here: Place, there: Place
) -> None:
    await fill(service)

    def forget() -> None:
        sql(here.folders.database, "DELETE FROM personas WHERE name = 'pip'")
        here.folders.forget("pip")

    made = here.backup(tell=here.first_change(forget))
    assert made.contents.personas == 1
    assert not [name for name in members(made.path) if "/pip/" in name]
    assert there.restore(made.path).contents.personas == 1


async def test_an_account_that_is_forgotten_meanwhile_is_not_in_it(service: FakeService, here: Place) -> None:
    await fill(service)
    forget = here.first_change(lambda: AccountStore(here.folders.root, "x").forget("pip"))
    assert not [name for name in members(here.backup(tell=forget).path) if name.startswith("accounts/")]


async def test_a_version_that_is_pruned_meanwhile(service: FakeService, here: Place) -> None:
    await fill(service)

    def prune() -> None:
        sql(here.folders.database, "DELETE FROM versions WHERE persona = 'pip' AND number = 1")

    assert here.backup(tell=here.first_change(prune)).contents.versions == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE personas SET version = 1 WHERE name = 'pip'",
        "UPDATE jobs SET accounts = '[]' WHERE persona = 'zoe'",
    ],
)
async def test_what_changes_meanwhile_is_as_it_is_at_the_end(
    service: FakeService, here: Place, there: Place, statement: str
) -> None:
    await fill(service)
    there.restore(here.backup(tell=here.first_change(lambda: sql(here.folders.database, statement))).path)
    for question in ("SELECT version FROM personas", "SELECT accounts FROM jobs"):
        with closing(sqlite3.connect(there.folders.database)) as connection:
            found = connection.execute(question).fetchall()
        with closing(sqlite3.connect(here.folders.database)) as connection:
            assert [row for row in connection.execute(question) if "file:" not in str(row)] == [
                row for row in found if "file:" not in str(row)
            ]


async def test_a_report_card_that_is_written_meanwhile(service: FakeService, here: Place) -> None:
    await fill(service)
    manifest = here.folders.version("pip", 2) / "manifest.json"

    def write() -> None:
        part = manifest.with_name("manifest.json.part")
        part.write_text('{"later": true}')
        part.replace(manifest)

    made = here.backup(tell=here.first_change(write))
    assert members(made.path)["personas/pip/v2/manifest.json"] == b'{"later": true}'


async def test_where_something_changes_each_time_there_is_no_backup(service: FakeService, here: Place) -> None:
    await fill(service)
    adapter = here.folders.version("pip", 2) / "adapter_model.safetensors"
    change = here.first_change(lambda: os.utime(adapter, ns=(0, adapter.stat().st_mtime_ns + 1)), times=999)
    with pytest.raises(OperatorError, match="trained or forgotten each time"):
        here.backup(tell=change)
    assert {path.name for path in here.files.iterdir()} == {"data"}


async def test_some_trainings_that_end_meanwhile_are_no_harm(service: FakeService, here: Place) -> None:
    await fill(service)
    tries, before = [0], [sys.maxsize]

    def tell(done: int, total: int) -> None:
        if done < before[0]:
            tries[0] += 1
            if tries[0] <= 6:
                sql(here.folders.database, f"UPDATE personas SET version = {2 - tries[0] % 2} WHERE name = 'pip'")
        before[0] = done

    assert here.backup(tell=tell).contents.personas == 2
    assert tries == [7]


async def test_what_was_lost_before_is_told(service: FakeService, here: Place) -> None:
    await fill(service)
    (here.folders.version("pip", 2) / "manifest.json").unlink()
    shutil.rmtree(here.folders.version("pip", 1))  # an old one: trainings remove those
    made = here.backup()
    assert made.missing == ("@pip: manifest.json",)
    assert (made.contents.personas, made.contents.versions) == (2, 1)


def test_pages_of_a_reading_under_way_are_never_lost(tmp_path: Path) -> None:
    folders, accounts = Folders(tmp_path), AccountStore(tmp_path, "x")
    accounts.add("pip", make_posts(3, "one "), Account(id="1", name="Pip"))
    accounts.settle("pip")
    accounts.add("pip", make_posts(4, "two "), Account(id="1", name="Pip", gaps=()))
    for settled_after in range(3):
        copy = tmp_path / f"copy-{settled_after}"
        accounts.add("pip", make_posts(1, f"page {settled_after} "), Account(id="1", name="Pip", gaps=()))
        wanted = {post.text for post in accounts.posts("pip")}
        for number, path in enumerate(account_files(folders)):
            (copy / path.relative_to(tmp_path)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy / path.relative_to(tmp_path))
            if number == settled_after:
                accounts.settle("pip")
        assert {post.text for post in AccountStore(copy, "x").posts("pip")} == wanted


@pytest.mark.parametrize("name", ["b.tar", "none/b.tar"])
async def test_places_where_no_backup_is_put(service: FakeService, here: Place, name: str) -> None:
    (here.files / "b.tar").write_text("something")
    with pytest.raises(BadInput):
        here.backup(name)
    assert (here.files / "b.tar").read_text() == "something"


def test_no_database_is_made_for_a_backup(there: Place) -> None:
    with pytest.raises(BadInput, match="There is no database"):
        there.backup()
    assert not there.folders.root.exists()


@contextmanager
def largest_file(n_bytes: int) -> Iterator[None]:
    """A disk that is full for this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_fills_up_leaves_no_half_backup(service: FakeService, here: Place) -> None:
    await fill(service)
    (here.folders.version("pip", 2) / "adapter_model.safetensors").write_bytes(bytes(2_000_000))
    with largest_file(1_000_000), pytest.raises(DiskFull, match="not enough room for the backup"):
        here.backup()
    assert {path.name for path in here.files.iterdir()} == {"data"}


async def test_a_disk_that_is_too_small_is_seen_before(
    service: FakeService, here: Place, there: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = here.backup("whole.tar").path
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(DiskFull, match=r"are needed, 1 kB are free.*--without-posts"):
        here.backup()
    with pytest.raises(DiskFull, match=r"not enough room in .* to restore"):
        there.restore(file)
    assert not there.folders.database.exists()


async def test_a_disk_that_fills_up_while_restoring(service: FakeService, here: Place, there: Place) -> None:
    await fill(service)
    (here.folders.version("pip", 2) / "adapter_model.safetensors").write_bytes(bytes(2_000_000))
    file = here.backup().path
    with largest_file(1_000_000), pytest.raises(DiskFull, match="Nothing was restored"):
        there.restore(file)
    assert {path.name for path in there.folders.root.iterdir()} <= {"logs", "jobs.lock"}


async def test_what_is_there_is_not_overwritten_but_moved_aside(service: FakeService, here: Place) -> None:
    await fill(service)
    file = here.backup().path
    await service.store.forget("pip")
    here.folders.forget("pip")
    (here.folders.root / "config.toml").write_text("[limits]")
    before = tree(here.folders, "personas")
    with pytest.raises(BadInput, match=r"There is something in .* already .*--replace"):
        here.restore(file)
    restored = here.restore(file, replace=True)
    assert restored.aside is not None
    assert tree(Folders(restored.aside), "personas") == before
    assert schema(restored.aside / DATABASE) == newest()
    assert (here.folders.root / "config.toml").exists()
    async with SqliteStore.open(here.folders.database) as store:
        assert [one.name for one in await store.personas()] == ["bob-ladle", "pip"]


async def test_nothing_is_restored_where_a_bot_runs(service: FakeService, here: Place) -> None:
    file = here.backup().path
    with here.folders.owned(), pytest.raises(DataDirInUse):
        here.restore(file, replace=True)


async def test_moves_that_fail_are_undone(service: FakeService, here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(service)
    file = here.backup().path
    before, rename = tree(here.folders, "personas", "accounts", "uploads"), Path.rename

    def stubborn(self: Path, target: Path) -> Path:
        if self.name == "accounts" and "part" in str(self):
            raise OSError(16, "Device or resource busy", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    with pytest.raises(OperatorError, match=r"The backup was not restored: .*busy"):
        here.restore(file, replace=True)
    assert tree(here.folders, "personas", "accounts", "uploads") == before
    assert here.folders.database.exists()


async def test_moves_that_are_broken_off_are_undone(
    service: FakeService, here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(service)
    file = here.backup().path
    before, rename = tree(here.folders, "personas", "accounts", "uploads"), Path.rename

    def broken_off(self: Path, target: Path) -> Path:
        if self.name == "accounts" and "part" in str(self):
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", broken_off)
    with pytest.raises(KeyboardInterrupt):
        here.restore(file, replace=True)
    assert tree(here.folders, "personas", "accounts", "uploads") == before
    assert here.folders.database.exists()


class Stopped(BaseException):
    pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_moves_are_too_short_to_be_stopped(
    service: FakeService, here: Place, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    await fill(service)
    file, rename = here.backup().path, Path.rename

    def stopped(self: Path, target: Path) -> Path:
        os.kill(os.getpid(), number)
        return rename(self, target)

    def stop(number: int, frame: object) -> None:
        raise Stopped

    monkeypatch.setattr(Path, "rename", stopped)
    before = signal.signal(number, stop)
    try:
        restored = here.restore(file, replace=True)
        assert signal.getsignal(number) is stop
    finally:
        signal.signal(number, before)
    assert restored.aside is not None
    assert here.folders.database.exists()


async def test_the_database_is_moved_aside_with_all_that_is_committed(
    service: FakeService, here: Place, tmp_path: Path
) -> None:
    """Its log is a file of its own, and whoever is killed may have moved only one of both."""
    await fill(service)
    file = here.backup().path
    await service.store.forget("pip")
    restored = here.restore(file, replace=True)
    assert restored.aside is not None
    alone = shutil.copy(restored.aside / DATABASE, tmp_path / "alone.sqlite3")
    with closing(sqlite3.connect(alone)) as connection:
        assert connection.execute("SELECT name FROM personas").fetchall() == [("bob-ladle",)]


async def test_a_damaged_database_is_moved_aside_as_it_is(service: FakeService, here: Place, there: Place) -> None:
    file = here.backup().path
    there.folders.make()
    there.folders.database.write_text("no database at all")
    restored = there.restore(file, replace=True)
    assert restored.aside is not None
    assert (restored.aside / DATABASE).read_text() == "no database at all"


async def refused(there: Place, file: Path, message: str) -> None:
    """And nothing is there, nor was anything written beside the data folder."""
    beside = set(there.folders.root.parent.parent.iterdir())
    with pytest.raises(MynahError, match=message):
        there.restore(file)
    left = {path.name for path in there.folders.root.rglob("*")} if there.folders.root.exists() else set()
    assert left <= {"logs", "jobs.lock"}
    assert set(there.folders.root.parent.parent.iterdir()) <= beside | {there.folders.root.parent}


async def test_any_byte_that_changed_is_found(service: FakeService, here: Place, there: Place) -> None:
    await fill(service)
    file = here.backup().path
    with tarfile.open(file) as tar:
        places = [(member.offset_data, member.size) for member in tar if member.name != CONTENTS]
    whole = file.read_bytes()
    for number, (offset, size) in enumerate(places):
        damaged = here.files / f"damaged-{number}.tar"
        at = offset + size // 2
        damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        await refused(there, damaged, "another checksum than it had")


async def test_a_backup_that_was_cut(service: FakeService, here: Place, there: Place) -> None:
    await fill(service)
    whole = here.backup().path.read_bytes()
    with tarfile.open(here.files / "b.tar") as tar:
        ends = [member.offset for member in tar][1:]
    for number, end in enumerate([0, 100, 600, len(whole) // 2, *ends]):
        cut = here.files / f"cut-{number}.tar"
        cut.write_bytes(whole[:end])
        await refused(there, cut, "no backup of Mynah|was cut")


def forged(here: Place, name: str, change: Callable[[tarfile.TarFile, Contents], None]) -> Path:
    """The backup with something more in it, and its list to match."""
    file = here.files / name
    with tarfile.open(here.backup(f"of-{name}").path) as old, tarfile.open(file, "w") as new:
        for member in old:
            data = old.extractfile(member)
            assert data is not None
            if member.name != CONTENTS:
                new.addfile(member, data)
            else:
                change(new, Contents.model_validate_json(data.read()))
    return file


def put(tar: tarfile.TarFile, name: str, data: bytes, kind: bytes = tarfile.REGTYPE, link: str = "") -> None:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, link
    tar.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../escaped", tarfile.REGTYPE),
        ("/tmp/mynah-escaped", tarfile.REGTYPE),
        ("personas/../../escaped", tarfile.REGTYPE),
        ("config.toml", tarfile.REGTYPE),
        ("jobs.lock", tarfile.REGTYPE),
        ("personas/link", tarfile.SYMTYPE),
        ("personas/link", tarfile.LNKTYPE),
        ("personas/pipe", tarfile.FIFOTYPE),
        ("personas/device", tarfile.CHRTYPE),
    ],
)
async def test_ways_out_of_the_data_folder(
    service: FakeService, here: Place, there: Place, name: str, kind: bytes
) -> None:
    def change(tar: tarfile.TarFile, contents: Contents) -> None:
        put(tar, name, b"", kind, "/etc/passwd")
        put(tar, CONTENTS, contents.model_dump_json().encode())

    await refused(there, forged(here, "forged.tar", change), "which no backup of Mynah has")


def test_names_that_belong() -> None:
    assert all(map(belongs, ("mynah.sqlite3", "personas/pip/v1/manifest.json", "accounts/x/pip.json", "uploads/a/b")))
    assert not any(map(belongs, ("personas", "personas/", "./personas/a", "personas//a", "work/a", "a/../personas/b")))


async def test_files_that_are_listed_otherwise(service: FakeService, here: Place, there: Place) -> None:
    def change(tar: tarfile.TarFile, contents: Contents) -> None:
        put(tar, "personas/pip/more", b"more")
        put(tar, CONTENTS, contents.model_dump_json().encode())

    await refused(there, forged(here, "forged.tar", change), "other files than it lists")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": newest() + 1}, "belongs to a newer Mynah"),
        ({"format": 2, "mynah": "9.9"}, r"Mynah 9\.9, format 2\. Update Mynah"),
        ({"mynah": None}, "another Mynah than this one understands"),
    ],
)
async def test_a_newer_backup(
    service: FakeService, here: Place, there: Place, changes: dict[str, object], message: str
) -> None:
    def change(tar: tarfile.TarFile, contents: Contents) -> None:
        put(tar, CONTENTS, json.dumps(contents.model_dump(mode="json") | changes).encode())

    await refused(there, forged(here, "newer.tar", change), message)


async def test_other_files(here: Place, there: Place, tmp_path: Path) -> None:
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as tar:
        put(tar, "holiday.jpg", b"a picture")
    await refused(there, other, "is no backup of Mynah")
    other.write_text("no tar at all")
    await refused(there, other, "is no backup of Mynah")
    await refused(there, tmp_path / "none.tar", "There is no file")
    await refused(there, tmp_path, "can't be read")


@pytest.mark.parametrize("number", [1, 3, newest()])
async def test_a_backup_of_an_older_schema_is_migrated(tmp_path: Path, there: Place, number: int) -> None:
    old = Place(Folders(tmp_path / "old"), tmp_path)
    build(old.folders.database, number)
    made = old.backup()
    assert made.contents.schema_version == number
    assert made.missing  # the rows name a version that isn't on this disk
    migrated: list[Path] = []
    restored = restore(made.path, there.folders, migrated.append, unheard, NOW, False)
    assert [path.name for path in migrated] == [DATABASE]  # before it is in its place
    assert restored.schema_version == number
    async with SqliteStore.open(there.folders.database) as store:
        assert [one.name for one in await store.personas()] == ["alice"]
    assert datetime.now(UTC) >= restored.contents.created_at


async def test_what_killed_ones_have_left_goes(service: FakeService, here: Place, there: Place) -> None:
    for left in (here.files / f"{PART}.part-999999999", there.folders.root / "restore.part-999999999"):
        left.mkdir(parents=True)
        (left / "half").write_text("posts of somebody")
    there.restore(here.backup().path)
    assert not list(here.files.rglob("*.part-*"))
