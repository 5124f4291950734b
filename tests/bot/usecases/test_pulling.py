from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.errors import BadInput, Busy, DiskFull, NotAllowed
from bot.usecases.pulling import accounts_of, persona_of, pull
from tests.doubles.service import FakeService
from trainer.manifest import verify
from trainer.protocol import AdoptRequest

REPO = "nest/Elon-Alice"


@pytest.fixture(autouse=True)
def on_the_hub(service: FakeService) -> None:
    service.hub.files[REPO] = {"pytorch_model.bin": b"weights", "README.md": b"no table here"}


async def test_a_model_becomes_a_persona(service: FakeService) -> None:
    persona = await pull(service.services, REPO)
    assert (persona.name, persona.version) == ("alice-elon", 1)
    folder = service.folders.root / persona.folder
    assert folder == service.folders.version("alice-elon", 1)
    assert verify(folder).origin == persona.manifest.origin
    assert persona.manifest.origin is not None
    assert (persona.manifest.origin.repo, persona.manifest.origin.revision) == (REPO, "c0ffee")
    assert [(one.handle, one.source) for one in persona.manifest.corpus.accounts] == [
        ("alice", f"hub:{REPO}"),
        ("elon", f"hub:{REPO}"),
    ]
    assert (await service.store.persona("alice-elon")) == persona
    assert list(service.folders.downloads.iterdir()) == []


async def test_once_more_is_the_next_version(service: FakeService) -> None:
    await pull(service.services, REPO)
    assert (await pull(service.services, REPO, revision="v2")).version == 2
    assert (await pull(service.services, REPO)).version == 3
    versions = [service.folders.version("alice-elon", number).exists() for number in (1, 2, 3)]
    assert versions == [False, True, True]


async def test_another_name(service: FakeService) -> None:
    assert (await pull(service.services, REPO, "muse")).name == "muse"


async def test_a_persona_of_ones_own_is_not_replaced(service: FakeService) -> None:
    mine = await service.add_persona("alice-elon")
    with pytest.raises(BadInput, match=f"mynah models pull {REPO} --as NAME"):
        await pull(service.services, REPO)
    assert await service.store.persona("alice-elon") == mine


async def test_not_beside_a_training_of_the_same_name(service: FakeService) -> None:
    await service.add_job("pip")
    with pytest.raises(BadInput, match="still training"):
        await pull(service.services, "nest/pip")


async def test_who_has_opted_out_is_not_imitated(service: FakeService) -> None:
    await service.services.chats.opt_out("elon")
    with pytest.raises(NotAllowed, match="@elon doesn't want"):
        await pull(service.services, REPO)
    with pytest.raises(NotAllowed, match="@elon doesn't want"):
        await pull(service.services, REPO, "somebody")  # under another name, it is known once it is here
    assert await service.store.personas() == []
    assert service.converter.requests == []
    assert list(service.folders.downloads.iterdir()) == []


async def test_a_cut_download_waits_for_the_next_try(service: FakeService) -> None:
    service.hub.error = Busy("the connection was cut")
    with pytest.raises(Busy):
        await pull(service.services, REPO)
    assert (service.folders.downloads / "nest--Elon-Alice" / "pytorch_model.bin").is_file()
    service.hub.error = None
    service.converter.error = DiskFull("the disk is full")
    with pytest.raises(DiskFull):
        await pull(service.services, REPO)
    assert (service.folders.downloads / "nest--Elon-Alice" / "pytorch_model.bin").is_file()
    service.converter.error = BadInput("it is none")
    with pytest.raises(BadInput):
        await pull(service.services, REPO)
    assert list(service.folders.downloads.iterdir()) == []  # what can't be used isn't kept
    service.converter.error = None
    assert (await pull(service.services, REPO)).version == 1


def test_a_repository_s_name_is_the_persona_s() -> None:
    assert persona_of("huggingtweets/voluntas-goando") == "goando-voluntas"
    assert persona_of("pip") == "pip"
    with pytest.raises(BadInput, match="--as NAME"):
        persona_of("nest/a--b")


def test_what_a_card_says_of_its_accounts(tmp_path: Path) -> None:
    assert [one.handle for one in accounts_of(tmp_path, REPO, "muse")] == ["alice", "elon"]
    assert [one.handle for one in accounts_of(tmp_path, "nest/a--b", "muse")] == ["muse"]
    table = "| Data | Quantity |\n| --- | --- |\n| Tweets downloaded | 30 |\n| Retweets | 4 |\n| Short tweets | 6 |\n"
    (tmp_path / "README.md").write_text(f"<div>@pip bot</div>\n\n{table}| Tweets kept | 20 |\n", encoding="utf-8")
    (one,) = accounts_of(tmp_path, "nest/pip", "muse")
    assert (one.handle, one.downloaded, one.retweets, one.short, one.kept) == ("pip", 30, 4, 6, 20)
    (tmp_path / "README.md").write_bytes(b"\xff\xfe| Data" * 300_000)
    assert [one.handle for one in accounts_of(tmp_path, "nest/pip", "muse")] == ["pip"]


async def test_a_name_that_is_taken_while_it_downloads(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    adopt = service.converter.adopt

    async def rename_meanwhile(request: AdoptRequest) -> int:
        await service.add_persona("muse")
        return await adopt(request)

    monkeypatch.setattr(service.converter, "adopt", rename_meanwhile)
    with pytest.raises(BadInput, match="a persona @muse already"):
        await pull(service.services, REPO, "muse")
    persona = await service.store.persona("muse")
    assert persona is not None
    assert (persona.version, persona.manifest.origin) == (1, None)


async def test_nothing_is_published_while_a_persona_gets_another_name(service: FakeService) -> None:
    async with service.services.arranging:
        pulling = asyncio.create_task(pull(service.services, REPO))
        assert not (await asyncio.wait([pulling], timeout=0.1))[0]
        assert await service.store.personas() == []
    assert (await pulling).version == 1
