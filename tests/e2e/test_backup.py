"""A backup, restored on another machine: the persona speaks there, and goes on learning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.cli.lineage import STATES
from tests.e2e.conftest import Mynah
from trainer.digest import sha256


def checksums(data_dir: Path) -> dict[str, str]:
    files = (path for path in (data_dir / "personas").rglob("*") if path.is_file())
    return {path.relative_to(data_dir).as_posix(): sha256(path) for path in files}


def test_restored_elsewhere_it_speaks_and_is_refreshed(trained: Mynah, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    made = trained.run("db", "backup", str(file))
    assert made.returncode == 0, made.stderr
    before = checksums(trained.data_dir)

    trained.data_dir.rename(tmp_path / "gone")  # the old machine isn't there any more
    there = replace(trained, data_dir=tmp_path / "another" / "machine")
    restored = there.run("db", "restore", str(file))
    assert restored.returncode == 0, restored.stderr
    assert before
    assert checksums(there.data_dir) == before

    spoken = there.run("say", "@pip_the_lighthouse", "My dream is")
    assert spoken.returncode == 0, spoken.stderr
    assert "My dream is" in spoken.stdout
    again = there.chat("/train @pip_the_lighthouse", "/train @pip_the_lighthouse --fresh")
    assert "no new posts since version 1" in again.stdout  # what it has learnt came along
    assert "@pip_the_lighthouse is ready (version 2" in again.stdout
    shown = there.run("models", "show", "@pip_the_lighthouse", "--lineage")
    assert STATES[False] not in shown.stdout
