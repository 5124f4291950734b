from __future__ import annotations

import os
import socket
import sqlite3
from pathlib import Path

import pytest
from filelock import FileLock

from bot.control.server import listening
from bot.folders import Folders
from bot.settings import DiskSettings, Settings
from bot.setup.check import Check, State, advice, doubtful, fine, worst, wrong
from bot.setup.database import database
from bot.setup.doctor import guarded
from bot.setup.folder import breakdown, rights, room
from bot.setup.machine import base_check, described, memory_check, needed_bytes, torch_check
from bot.setup.running import bind_problem, bot, is_held, ports, runs
from bot.store.migrate import migrations
from bot.store.sqlite import SqliteStore
from tests.doubles.service import FakeService
from trainer.findings import BaseFound, Compute, Findings

CPU = Compute(torch="2.13", device="cpu", name="A CPU", cores=2, bf16=False, vnni=True, precision="int8")
GPU = Compute(
    torch="2.13", device="cuda", name="A GPU", cores=2, n_bytes=80 * 10**9, bf16=True, vnni=False, precision="bf16"
)


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


async def made_database(folder: Path) -> Path:
    path = folder / "mynah.sqlite3"
    async with SqliteStore.open(path):
        pass
    return path


async def test_a_database_is_read_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = await made_database(tmp_path)
    assert database(path) == fine("Database", f"whole; schema {max(migrations())}")
    assert listing(tmp_path) == ["mynah.sqlite3"]


async def test_a_database_that_is_open_elsewhere(tmp_path: Path) -> None:
    async with SqliteStore.open(tmp_path / "mynah.sqlite3") as store:
        await store.set_current_persona("a", "b")
        assert database(tmp_path / "mynah.sqlite3").state is State.OK


async def test_an_older_schema_is_not_migrated_and_a_newer_one_is_an_error(tmp_path: Path) -> None:
    path = await made_database(tmp_path)
    for version, state in ((1, State.OK), (10_000, State.ERROR)):
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        found = database(path)
        assert (found.state, str(version) in found.text) == (state, True)
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (version,)
        connection.close()


async def test_a_damaged_database(tmp_path: Path) -> None:
    path = await made_database(tmp_path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    assert database(path).state is State.ERROR
    path.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    assert "damaged, or no database" in database(path).text


def test_no_database_is_made(tmp_path: Path) -> None:
    assert database(tmp_path / "mynah.sqlite3").state is State.OK
    assert listing(tmp_path) == []


def test_a_folder_is_not_made(tmp_path: Path) -> None:
    found = rights(Folders(tmp_path / "a" / "b"))
    assert (found.state, "will be made" in found.text) == (State.OK, True)
    assert listing(tmp_path) == []


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "data"):
        found = rights(Folders(place))
        assert (found.state, "data_dir" in found.fix) == (State.ERROR, True)


def test_what_another_user_has_left_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "logs" / "train.log"
    log.parent.mkdir()
    log.touch()
    assert rights(Folders(tmp_path)).state is State.OK
    monkeypatch.setattr(os, "access", lambda path, mode: path != log)  # the tests may be run by one who may all
    found = rights(Folders(tmp_path))
    assert (found.state, str(log) in found.text) == (State.ERROR, True)


@pytest.mark.parametrize("name", ["mynah.sqlite3", "mynah.sqlite3-wal", "mynah.sqlite3-shm", "personas/pip/v1/adapter"])
def test_a_database_and_personas_of_another_user_are_named(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (tmp_path / "mynah.sqlite3", tmp_path / "personas" / "bob" / "v1" / "adapter", tmp_path / name):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    assert rights(Folders(tmp_path)).state is State.OK
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path / name)
    found = rights(Folders(tmp_path))
    assert (found.state, str(tmp_path / name) in found.text) == (State.ERROR, True)
    assert f"chmod -R u+rwX {tmp_path}" in found.fix  # it is this user's own
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert f"chown -R $USER {tmp_path}" in rights(Folders(tmp_path)).fix


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_folder_that_others_can_read(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    found = rights(Folders(tmp_path))
    assert (found.state, found.fix) == (State.WARNING, f"chmod 700 {tmp_path}")


def test_sizes_count_a_shared_file_once(tmp_path: Path) -> None:
    read = tmp_path / "accounts" / "x" / "alice.jsonl.zst"
    kept = tmp_path / "personas" / "alice" / "posts" / "alice.jsonl.zst"
    for path in (read, kept):
        path.parent.mkdir(parents=True)
    read.write_bytes(os.urandom(1_000_000))
    os.link(read, kept)
    (tmp_path / "personas" / "alice" / "adapter").write_bytes(os.urandom(300_000))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "bot.log").write_bytes(os.urandom(60_000))
    sizes = {name: round(n_bytes, -5) for name, n_bytes in breakdown(Folders(tmp_path)).items()}
    assert sizes == {
        "personas": 300_000,
        "posts": 1_000_000,
        "database": 0,
        "tracking": 0,
        "logs": 100_000,
        "uploads": 0,
    }


def test_room_on_the_disk(tmp_path: Path) -> None:
    assert room(Folders(tmp_path / "none"), DiskSettings()).state is State.OK
    (tmp_path / "personas").mkdir()
    (tmp_path / "personas" / "adapter").write_bytes(os.urandom(90_000))
    tight = room(Folders(tmp_path), DiskSettings(personas_gigabytes=1e-4))
    assert (tight.state, "Personas" in tight.text, "prune" in tight.fix) == (State.WARNING, True, True)
    assert room(Folders(tmp_path), DiskSettings(personas_gigabytes=0)).state is State.OK
    assert room(Folders(tmp_path), DiskSettings(keep_free_megabytes=10**12)).state is State.ERROR


def test_who_holds_the_folder(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    assert (bot(folders, False).state, listing(tmp_path)) == (State.OK, [])
    with FileLock(folders.lock):
        assert is_held(folders.lock)
        assert bot(folders, False).state is State.WARNING
        assert bot(folders, True).state is State.OK
    assert not is_held(folders.lock)


async def test_a_bot_that_runs_answers(service: FakeService) -> None:
    folders = service.services.folders
    assert not await runs(folders)
    async with listening(service.services, folders.control):
        assert await runs(folders)
    folders.control.touch()
    assert not await runs(folders)


def test_a_port_that_somebody_has() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        webhook = {"token": "1:x", "webhook_url": "https://bot.example.org", "webhook_port": port}
        settings = Settings.model_validate({"metrics": {"port": port}, "telegram": webhook})
        taken, ours = ports(settings, answers=False), ports(settings, answers=True)
    assert [one.state for one in taken] == [State.WARNING, State.ERROR]  # a bot runs without metrics
    assert ["metrics.port" in taken[0].fix, "telegram.webhook_port" in taken[1].fix] == [True, True]
    assert [one.state for one in ours] == [State.OK, State.OK]
    assert bind_problem("127.0.0.1", port) is None
    assert bind_problem("192.0.2.1", port) is not None
    assert ports(Settings.model_validate({"metrics": {"port": 0}}), answers=False) == []


def test_what_a_base_model_needs() -> None:
    findings = Findings(compute=CPU, base=BaseFound(name="gpt2", folder="/x", parameters=10**9))
    light, full = Settings(), Settings.model_validate({"training": {"method": "full"}})
    assert needed_bytes(light, findings) - needed_bytes(light, Findings(compute=CPU, base=BaseFound(name="x"))) == 5e9
    assert needed_bytes(full, findings) - needed_bytes(light, findings) == 12e9
    assert memory_check(8 * 10**9, 2 * 10**9).state is State.OK
    assert memory_check(10**9, 2 * 10**9).state is State.WARNING


def test_what_torch_computes_with() -> None:
    assert described(CPU) == "A CPU, 2 cores; computes natively in int8 (VNNI); speaks in int8"
    assert described(GPU) == "A GPU, 80.0 GB, bf16"
    assert torch_check(GPU).state is State.OK
    idle = torch_check(CPU.model_copy(update={"idle_gpu": "There is an NVIDIA GPU, but this torch can't use it."}))
    assert (idle.state, "pytorch.org" in idle.fix) == (State.WARNING, True)
    assert base_check(BaseFound(name="gpt2")).state is State.WARNING
    assert base_check(BaseFound(name="/x", problem="It is gone.")).state is State.ERROR


def test_what_to_do_next() -> None:
    good, bad = fine("a", "b"), wrong("a", "b", "c")
    assert worst([good, bad, doubtful("a", "b", "c")]) is State.ERROR
    assert advice([bad, bad], True, ["Discord"]).startswith("2 errors")
    assert "nothing to start" in advice([good], True, ["Discord"])
    assert "mynah init" in advice([good], False, [])
    assert advice([good, doubtful("a", "b", "c")], True, []).startswith("1 warning, no error. ")
    assert "`mynah run` serves Discord and Telegram" in advice([good], False, ["Discord", "Telegram"])


async def test_a_check_that_breaks_is_a_line_of_its_own() -> None:
    async def broken() -> list[Check]:
        raise PermissionError("no")

    (check,) = await guarded("Disk", broken(), lambda one: [one])
    assert (check.name, check.state, "PermissionError: no" in check.text) == ("Disk", State.ERROR, True)
