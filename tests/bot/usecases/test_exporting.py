from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.lineage import lineage
from bot.domain import Caller, Persona
from bot.errors import BadInput, NotAllowed, OperatorError
from bot.usecases.exporting import Form, export, possible, publish
from bot.usecases.lineage import trace
from bot.usecases.optouts import opt_out
from bot.usecases.personas import plan_forgetting
from tests.builders import manifest
from tests.doubles.service import CALLER, FakeService
from trainer.manifest import FileRecord

ALL = {"share.png", "pipeline.png", "loss.png"}


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
async def persona(service: FakeService) -> Persona:
    return await service.add_persona("alice-bob", version=3)


async def test_a_folder_has_weights_card_and_pictures(service: FakeService, persona: Persona, tmp_path: Path) -> None:
    to = tmp_path / "alice"
    to.mkdir()  # an empty one is as good as none
    assert await export(service.services, persona, to, Form.ADAPTER) is Form.ADAPTER
    pictures = {f"pictures/{name}" for name in ALL}
    assert below(to) - pictures == {
        "adapter_model.safetensors",
        "manifest.json",
        "README.md",
        "pictures/alice.png",
        "pictures/bob.png",
    }
    card = (to / "README.md").read_text("utf-8")
    assert "@alice-bob" in card
    for name in pictures:
        assert name in card
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


async def test_both_forms_lie_beside_each_other(service: FakeService, persona: Persona, tmp_path: Path) -> None:
    await export(service.services, persona, tmp_path / "out", Form.BOTH)
    assert below(tmp_path / "out") >= {"model.safetensors", "adapter/adapter_model.safetensors"}


@pytest.mark.parametrize("form", list(Form))
async def test_no_posts_and_no_names_of_files_leave(
    service: FakeService, persona: Persona, tmp_path: Path, form: Form
) -> None:
    await export(service.services, persona, tmp_path / "out", form)
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "/posts/" not in card  # builders.manifest's files
    assert str(service.folders.root) not in card


async def test_what_is_there_is_not_overwritten(service: FakeService, persona: Persona, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear alice")
    for to in (tmp_path / "mine", tmp_path / "mine" / "letter.txt"):
        with pytest.raises(BadInput, match="nothing is overwritten"):
            await export(service.services, persona, to, Form.MERGED)
    with pytest.raises(BadInput, match="no folder"):
        await export(service.services, persona, tmp_path / "nowhere" / "alice", Form.MERGED)
    assert below(tmp_path / "mine") == {"letter.txt"}


async def test_a_failure_leaves_nothing(service: FakeService, persona: Persona, tmp_path: Path) -> None:
    service.converter.error = OperatorError("the worker is gone")
    with pytest.raises(OperatorError):
        await export(service.services, persona, tmp_path / "out", Form.BOTH)
    with pytest.raises(OperatorError):
        await publish(service.services, persona, "nest/alice", Form.BOTH, public=False)
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.glob(".out*")) == []
    assert list(service.folders.outgoing.iterdir()) == []
    assert service.hub.files == {}


async def test_publishing_is_private_unless_somebody_says_otherwise(service: FakeService, persona: Persona) -> None:
    address = await publish(service.services, persona, "nest/alice", Form.BOTH, public=False)
    assert address == "https://hub.example/nest/alice"
    assert service.hub.public == set()
    await publish(service.services, persona, "nest/open", Form.MERGED, public=True)
    assert service.hub.public == {"nest/open"}
    assert "nest/alice" in service.hub.files["nest/alice"]["README.md"].decode()
    assert service.hub.files["nest/open"].keys() & {"adapter/adapter_model.safetensors"} == set()
    assert list(service.folders.outgoing.iterdir()) == []
    found = await service.store.publications(persona.name)
    assert [(one.address, one.version, one.public) for one in found] == [
        ("https://hub.example/nest/alice", 3, False),
        ("https://hub.example/nest/open", 3, True),
    ]
    assert "published for everybody, version 3, " in lineage(await trace(service.services, persona))


async def test_who_forgets_or_opts_out_is_told_what_is_still_published(
    service: FakeService, persona: Persona, caplog: pytest.LogCaptureFixture
) -> None:
    address = await publish(service.services, persona, "nest/alice", Form.MERGED, public=True)
    assert (await plan_forgetting(service.services, CALLER, persona.name)).published == (address,)
    ann = Caller("discord", "ann", "7", "discord:1", admin=True)
    await service.store.show(persona.name, "discord:1")
    await service.store.hide(persona.name, "")
    assert (await plan_forgetting(service.services, ann, persona.name)).published == ()  # not for her to delete
    await opt_out(service.services, CALLER, "bob")
    assert f"published at {address}: delete it there" in caplog.text


async def test_a_whole_model_has_no_adapter(persona: Persona) -> None:
    files = {"model.safetensors": FileRecord(sha256="0" * 64, n_bytes=1)}
    whole = replace(persona, manifest=manifest("alice", files=files))
    assert [possible(whole, form) for form in Form] == [Form.MERGED] * 3
    assert [possible(persona, form) for form in Form] == list(Form)


async def test_who_has_opted_out_is_not_given_away(service: FakeService, persona: Persona, tmp_path: Path) -> None:
    await service.services.chats.opt_out("bob")
    for work in (
        export(service.services, persona, tmp_path / "out", Form.ADAPTER),
        publish(service.services, persona, "nest/alice", Form.ADAPTER, public=False),
    ):
        with pytest.raises(NotAllowed, match="@bob doesn't want"):
            await work


@pytest.mark.parametrize("repo", ["alice", "me/", "/alice", "me/alice/x", "me/a b", ""])
async def test_a_repository_is_named_with_its_owner(service: FakeService, persona: Persona, repo: str) -> None:
    with pytest.raises(BadInput, match="like me/alice"):
        await publish(service.services, persona, repo, Form.ADAPTER, public=False)
