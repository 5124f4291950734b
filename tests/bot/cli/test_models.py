"""`mynah models`, its own process on a data folder."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from bot.cli import complete, publishing, verifying
from bot.cli.main import app
from bot.control.server import listening
from bot.domain import Publication
from bot.errors import OperatorError
from bot.settings import Settings
from bot.usecases.exporting import Form
from bot.usecases.gate import utc_now
from bot.usecases.services import Services
from bot.usecases.verifying import Verified
from tests.builders import manifest, report_card
from tests.doubles.service import FakeService, fake_service
from tests.doubles.trainer import ADAPTER

LONG = "x" * 60
LATER = "from bot.usecases import stock; stock.YOUNG = -1.0; from bot.cli.main import main; main()"  # an hour later


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[FakeService]:
    """@pip, trained, with its report card; and one with a long name, of which only the record is right."""
    async with fake_service(tmp_path / "data") as service:
        await service.train("pip")
        pip = await service.store.persona("pip")
        assert pip is not None
        await service.store.add_report(pip, report_card())
        await service.add_persona(LONG)
        yield service


async def mynah(
    service: FakeService, *arguments: str, code: int = 0, later: bool = False, **environment: str
) -> tuple[str, str]:
    """Its stdout and stderr."""

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable,
                *(["-c", LATER] if later else ["-m", "bot"]),
                "--data-dir",
                str(service.folders.root),
                *arguments,
            ],
            stdin=subprocess.DEVNULL,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    done = await asyncio.to_thread(run)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


async def found(service: FakeService, *arguments: str, code: int = 0, later: bool = False) -> Any:
    return json.loads((await mynah(service, *arguments, "--json", code=code, later=later))[0])


async def test_the_list_fits_and_says_who_is_silent(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    await service.services.chats.opt_out(LONG)
    await service.services.library.touch("pip")
    out, _ = await mynah(service, "models")
    head, _, pip, long, *_ = out.splitlines()
    assert all(len(line) <= 80 for line in out.splitlines())
    assert head.split() == ["persona", "v", "posts", "bits/byte", "author", "size", "spoke", "made"]
    assert pip.split()[:5] == ["@pip", "v1", "40", "1.60", "96%"]
    assert "just now" in pip
    assert long.startswith("@xxx")
    assert "…" in long
    assert "opted out" in long
    first, second = await found(service, "models", "list")
    assert (first["name"], first["silent"], first["attribution"]) == ("pip", False, 0.96)
    assert (second["name"], second["silent"], second["posts"]) == (LONG, True, 100)


async def test_show_is_the_card_its_lineage_or_json(service: FakeService) -> None:
    out, _ = await mynah(service, "models", "show", "@pip")
    assert out.startswith("@pip · version 1 · ")
    assert "Report card of @pip" in out
    assert "My dream is soup." in out
    assert "Pictures in" in out
    assert not (service.folders.logs / "serve.log").exists()  # nobody was started for it
    out, _ = await mynah(service, "models", "show", "pip", "--lineage")
    assert "asked for by test:me, job 1" in out
    shown = await found(service, "models", "show", "@pip")
    assert (shown["name"], shown["manifest"]["sample"]) == ("pip", "My dream is soup.")
    assert (await found(service, "models", "show", "@pip", "--lineage"))["files"] is True
    assert "pipeline.png" in (await mynah(service, "models", "show", "pip"))[0]
    await service.services.chats.opt_out("pip")
    assert (await found(service, "models", "show", "@pip"))["name"] == "pip"
    _, err = await mynah(service, "models", "export", "@pip", "--to", str(service.folders.root / "out"), code=1)
    assert err == "@pip doesn't want to be imitated, and I respect that.\n"
    assert "It stays silent" in (await mynah(service, "models", "rename", "pip", "lamp"))[0]
    _, err = await mynah(service, "models", "show", "@nobody", code=1)
    assert "There is no persona @nobody" in err


async def test_rm_asks_and_says_where_it_is_still_published(service: FakeService) -> None:
    await service.store.add_publication(Publication("pip", "https://hub.example/pip", 1, True, utc_now()))
    out, err = await mynah(service, "models", "rm", "@pip", code=1)
    assert out == ""
    assert "Forget @pip? This deletes" in err
    assert "--yes" in err
    assert await service.store.persona("pip") is not None
    out, err = await mynah(service, "models", "rm", "@pip", "--yes")
    assert out.splitlines() == [
        "@pip is forgotten: posts, corpus and weights are gone.",
        "It is still published. Delete it there, too: https://hub.example/pip",
    ]
    assert await service.store.persona("pip") is None
    assert not service.folders.persona("pip").exists()


async def test_a_bot_that_runs_does_it(service: FakeService) -> None:
    async with service.services.pool.lease("pip/v1", 4):
        pass
    service.hub.files["nest/muse"] = {"pytorch_model.bin": b"weights", "README.md": b""}
    async with listening(service.services, service.folders.control):
        out, _ = await mynah(service, "models", "rename", "@pip", "Fable")
        assert "@pip is @fable now" in out
        assert service.services.pool.resident == {}
        out, err = await mynah(service, "models", "pull", "nest/muse", "--as", "bob")
        assert "@bob is here" in out
        assert "Getting nest/muse" in err
        await mynah(service, "models", "rm", "bob", "-y")
    assert {one.name for one in await service.store.personas()} == {"fable", LONG}


async def test_not_beside_another_that_takes_no_operations(service: FakeService) -> None:
    with service.folders.owned():
        _, err = await mynah(service, "models", "rename", "@pip", "fable", code=75)
    assert "Another mynah is already running" in err


async def test_rename_here(service: FakeService) -> None:
    await mynah(service, "models", "rename", "@pip", "@fable")
    _, err = await mynah(service, "models", "rename", "@fable", "no/name", code=1)
    assert "is not a handle" in err
    shown = await found(service, "models", "show", "@fable")
    assert (shown["folder"], shown["manifest"]["corpus"]["accounts"][0]["handle"]) == ("personas/fable/v1", "pip")


async def test_verify_names_what_is_damaged_and_what_mends_it(service: FakeService) -> None:
    await service.store.forget(LONG)
    service.folders.forget(LONG)
    out, err = await mynah(service, "models", "verify")
    assert (out, err) == ("1 persona checked: every file is as it was made.\n", "")
    (service.folders.version("pip", 1) / ADAPTER).unlink()
    service.folders.version("gone", 1).mkdir(parents=True)
    out, _ = await mynah(service, "models", "verify", code=1, later=True)
    assert out.splitlines()[:3] == [
        "@pip",
        f"  version 1: {ADAPTER} is missing",
        "  To mend it: mynah train @pip --fresh; or to do without it: mynah models rm @pip",
    ]
    assert "Recorded nowhere: personas/gone" in out
    report = await found(service, "models", "verify", code=1, later=True)
    assert report["personas"] == [{"name": "pip", "version": 1, "damage": [f"version 1: {ADAPTER} is missing"]}]
    assert [one["folder"] for one in report["orphans"]] == ["personas/gone"]
    _, err = await mynah(service, "models", "verify", "@nobody", code=1)
    assert "no persona @nobody" in err


async def test_what_mends_a_renamed_one(service: FakeService) -> None:
    persona = await service.store.publish("muse", 1, "personas/muse/v1", 4, manifest("pip"))
    assert verifying._remedy(Verified(persona, ("version 1: its folder is missing",))) == (
        "To mend it: mynah db restore FILE; or to do without it: mynah models rm @muse; to train it anew: "
        "mynah train @pip --fresh"
    )


async def test_orphans_are_deleted_after_a_yes(service: FakeService) -> None:
    gone = service.folders.version("gone", 1)
    gone.mkdir(parents=True)
    await service.store.forget(LONG)
    service.folders.forget(LONG)
    _, err = await mynah(service, "models", "verify", "--delete-orphans", code=1, later=True)
    assert "--yes" in err
    assert gone.exists()
    out, _ = await mynah(service, "models", "verify", "--delete-orphans", "--yes", later=True)
    assert out.endswith("1 deleted.\n")
    assert not gone.parent.exists()


async def test_the_default_persona(service: FakeService) -> None:
    await service.store.publish("secret", 1, "personas/secret/v1", 4, manifest("secret"), "discord:9")
    assert (await mynah(service, "models", "default", "@pip"))[0] == "@pip answers where nobody was chosen.\n"
    await mynah(service, "models", "default", LONG, "--space", "discord:1")
    assert (await service.services.chats.rules("")).persona == "pip"
    assert (await service.services.chats.rules("discord:1")).persona == LONG
    out, _ = await mynah(service, "models", "default", "--space", "discord:1", "--clear")
    assert out.startswith("Nobody by default in discord:1")
    assert (await service.services.chats.rules("discord:1")).persona is None
    for wrong, message in {
        ("@secret", "--space", "discord:1"): "@secret isn't seen in discord:1",
        ("@pip", "--space", "discord"): "is no space",
    }.items():
        assert message in (await mynah(service, "models", "default", *wrong, code=1))[1]
    assert "--clear" in (await mynah(service, "models", "default", "@pip", "--clear", code=2))[1]
    assert await found(service, "models", "default") == {"space": "", "persona": "pip"}
    await service.store.forget("pip")
    assert "It can't" in (await mynah(service, "models", "default"))[0]


async def test_of_a_persona_that_is_gone_when_it_is_published_that_is_said(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Services]:
        yield service.services

    push = service.hub.push

    async def push_and_rename(*wanted: Any) -> str:
        await service.services.library.rename("pip", "muse")
        return await push(*wanted)

    monkeypatch.setattr(publishing, "services_of", opened)
    monkeypatch.setattr(service.hub, "push", push_and_rename)
    with pytest.raises(OperatorError, match=r"@pip was renamed or removed meanwhile.* at nest/pip: delete it there"):
        await publishing._publish(service.services.settings, "pip", "nest/pip", Form.ADAPTER, False)


COMPLETE = "import sys; sys.argv[0] = 'mynah'; from bot.cli.main import main; main()"


def completed(*typed: str, shell: str = "bash", **environment: str) -> list[str]:
    """What comes after `mynah`, as a shell asks; its last word is not complete."""
    asked = {"COMP_WORDS": "\n".join(("mynah", *typed)), "COMP_CWORD": str(len(typed))}
    done = subprocess.run(
        [sys.executable, "-c", COMPLETE],
        env=os.environ | asked | {"_MYNAH_COMPLETE": f"complete_{shell}"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (("models", ""), {"list", "show", "verify"}),
        (("models", "ver"), {"verify"}),
        (("users", "bl"), {"block"}),
    ],
)
def test_the_shell_completes_verbs_where_one_may_be_left_out(typed: tuple[str, ...], wanted: set[str]) -> None:
    assert wanted <= set(completed(*typed))


async def test_the_shell_completes_personas_jobs_and_spaces(service: FakeService, tmp_path: Path) -> None:
    job = await service.add_job("pip")
    await service.store.show("pip", "discord:1")
    folder = ("--data-dir", str(service.folders.root))
    assert completed(*folder, "models", "show", "@p") == ["@pip"]
    assert completed(*folder, "models", "rm", "") == ["pip", LONG]
    assert completed(*folder, "models", "verify", "pip", "x") == [LONG]
    assert completed(*folder, "models", "default", "--space", "dis") == ["discord:1"]
    assert completed("models", "show", "p", MYNAH_DATA_DIR=folder[1]) == ["pip"]
    config = tmp_path / "other.toml"
    config.write_text(f"data_dir = {json.dumps(folder[1])}\n")
    assert completed("--config", str(config), "models", "show", "p") == ["pip"]
    zsh = " ".join(("mynah", *folder, "models", "show", "@p"))
    assert '"@pip"' in " ".join(completed(shell="zsh", _TYPER_COMPLETE_ARGS=zsh))
    context = typer.Context(get_command(app), info_name="mynah")
    context.params = {"data_dir": folder[1]}
    assert complete.jobs(context, "") == [(str(job.id), "@pip, queued"), ("1", "@pip, done")]
    assert complete.unfinished_jobs(context, "") == [(str(job.id), "@pip, queued")]


def test_a_shell_that_completes_hears_of_no_trouble(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        assert completed("--data-dir", str(folder), "models", "show", "p") == []
        (tmp_path / "mynah.sqlite3").write_text("no database")
    (tmp_path / "bad.toml").write_text("no [toml")
    assert completed("models", "show", "p", MYNAH_CONFIG=str(tmp_path / "bad.toml")) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.toml", "mynah.sqlite3"]


@pytest.mark.parametrize(
    ("asked", "at", "meant", "then"),
    [
        ("mynah models show @ pi", 4, "mynah models show @pi", 3),
        ("mynah models rename @ pip fa", 5, "mynah models rename @pip fa", 4),
        ("mynah train @ a @ b", 5, "mynah train @a @b", 3),
        ("mynah models show @", 3, "mynah models show @", 3),
        ("mynah models show pi", 3, "mynah models show pi", 3),
    ],
)
def test_bash_splits_what_begins_with_an_at(asked: str, at: int, meant: str, then: int) -> None:
    environment = {"COMP_WORDS": asked.replace(" ", "\n"), "COMP_CWORD": str(at)}
    complete.rejoin(environment)
    assert environment == {"COMP_WORDS": meant.replace(" ", "\n"), "COMP_CWORD": str(then)}
