from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.errors import DiskFull, OperatorError
from bot.folders import MIN_FREE_BYTES, Folders, unfinished
from trainer.split import Split


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path / "data")
    folders.make()
    folders.make()
    return folders


def finished(folders: Folders, text: str = "new") -> Path:
    folder = folders.work(1) / "version"
    folder.mkdir(parents=True)
    (folder / "adapter").write_text(text)
    return folder


def test_what_lies_where(folders: Folders) -> None:
    places = [
        folders.database,
        folders.lock,
        folders.posts("bob-pip", "pip"),
        folders.version("bob-pip", 3),
        folders.work(7),
        folders.logs,
    ]
    assert [folders.relative(place) for place in places] == [
        "mynah.sqlite3",
        "jobs.lock",
        "personas/bob-pip/posts/pip.jsonl.zst",
        "personas/bob-pip/v3",
        "work/job-7",
        "logs",
    ]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(OperatorError, match=f"The data folder {root} can't be made"):
            Folders(root).make()


def test_publishing_moves_a_version_into_its_place(folders: Folders) -> None:
    place = folders.publish(source := finished(folders), "pip", 1)
    assert place == folders.version("pip", 1)
    assert (place / "adapter").read_text() == "new"
    assert not source.exists()


def test_publishing_replaces_what_a_crash_left(folders: Folders) -> None:
    orphan = folders.version("pip", 1)
    orphan.mkdir(parents=True)
    (orphan / "more").write_text("old")
    folders.publish(finished(folders), "pip", 1)
    assert [path.name for path in orphan.iterdir()] == ["adapter"]


def test_publishing_that_fails_leaves_the_other_versions(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    old = folders.publish(finished(folders, "old"), "pip", 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        folders.publish(finished(folders), "pip", 2)
    assert (old / "adapter").read_text() == "old"
    assert not folders.version("pip", 2).exists()


def test_a_corpus_file_is_what_the_worker_reads(folders: Folders) -> None:
    path = folders.write_corpus(4, Split(train=("a 🍲", "b"), held_out=("c",), duplicates=(2,)))
    assert json.loads(path.read_text("utf-8")) == {"train": ["a 🍲", "b"], "held_out": ["c"], "duplicates": 2}
    assert path.parent == folders.work(4)


def test_work_goes(folders: Folders) -> None:
    for number in (1, 2):
        folders.write_corpus(number, Split((), ()))
    folders.drop_work(1)
    folders.drop_work(1)
    assert [path.name for path in (folders.root / "work").iterdir()] == ["job-2"]
    assert folders.jobs_with_work() == [2]


def test_jobs_with_work(folders: Folders) -> None:
    assert folders.jobs_with_work() == []
    for name in ("job-10", "job-9", "job-", "job-x", "notes"):
        (folders.root / "work" / name).mkdir(parents=True)
    assert folders.jobs_with_work() == [9, 10]


def test_forgetting_takes_everything_of_one_persona(folders: Folders) -> None:
    for name in ("pip", "bob-pip"):
        folders.publish(finished(folders), name, 1)
        folders.posts(name, "pip").parent.mkdir()
        folders.posts(name, "pip").write_text("{}")
    folders.forget("pip")
    folders.forget("pip")
    assert not folders.persona("pip").exists()
    assert folders.posts("bob-pip", "pip").exists()


@pytest.mark.parametrize(("free", "is_enough"), [(MIN_FREE_BYTES, True), (MIN_FREE_BYTES - 1, False), (0, False)])
def test_free_space(folders: Folders, monkeypatch: pytest.MonkeyPatch, free: int, is_enough: bool) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    if is_enough:
        folders.check_free_space()
    else:
        with pytest.raises(DiskFull, match=rf"{free // 2**20} MB are free in .*, a training needs 64 MB"):
            folders.check_free_space()


def test_what_killed_processes_have_left_goes(tmp_path: Path) -> None:
    gone, own = tmp_path / "pip.part-999999999", tmp_path / f"pip.part-{os.getpid()}"
    others = tmp_path / "pip.part-1"  # which runs, whosever it is
    for left in (gone, own, others, tmp_path / "pipa.part-999999999"):
        left.mkdir()
        (left / "half").write_text("a model")
    with unfinished(tmp_path, "pip") as folder:
        assert folder == own
        assert {path.name for path in tmp_path.iterdir()} == {"pip.part-1", "pipa.part-999999999"}
        folder.mkdir()
    assert not folder.exists()


def test_a_new_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    Folders(tmp_path / "a" / "data").make()
    assert (tmp_path / "a" / "data").stat().st_mode & 0o777 == 0o700
    open_to_others = tmp_path / "b"
    open_to_others.mkdir(mode=0o755)
    Folders(open_to_others).make()  # what is there is the operator's decision; doctor warns
    assert open_to_others.stat().st_mode & 0o777 == 0o755
