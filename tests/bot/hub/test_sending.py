from __future__ import annotations

import asyncio
import hashlib
import logging
import signal
from pathlib import Path

import pytest
from huggingface_hub import constants
from pydantic import SecretStr

from bot.errors import BadInput, Busy, Limited, NotAllowed
from bot.hub import HuggingFaceHub
from bot.settings import HubSettings
from tests.bot.hub.conftest import CARD, TOKEN, client_of, fill, noise, start
from tests.doubles.hub import SIGNATURE, FakeHub, Fault, repo
from tests.doubles.processes import PATIENCE

NAME = "pip/lighthouse"


async def push(client: HuggingFaceHub, folder: Path, public: bool = False, name: str = NAME) -> str:
    return await client.push(folder, name, public, "Version 1")


def oid(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def test_a_folder_becomes_a_private_repository_by_one_commit(
    hub: FakeHub, client: HuggingFaceHub, folder: Path, persona: dict[str, bytes]
) -> None:
    assert await push(client, folder) == f"{hub.url}/{NAME}"
    made = hub.repos[NAME]
    assert (made.files, made.private) == (persona, True)
    assert [commit.message for commit in made.commits] == ["initial commit", "Version 1"]


async def test_it_is_seen_by_everybody_only_if_somebody_says_so(
    hub: FakeHub, client: HuggingFaceHub, folder: Path
) -> None:
    await push(client, folder, public=True)
    assert not hub.repos[NAME].private


async def test_what_is_there_is_not_sent_again(
    hub: FakeHub, client: HuggingFaceHub, folder: Path, persona: dict[str, bytes]
) -> None:
    await push(client, folder)
    sent = dict(hub.storage.received)
    await push(client, folder)
    assert hub.storage.received == sent
    assert len(hub.repos[NAME].commits) == 2
    (folder / "model.safetensors").write_bytes(changed := noise(2_000_000, 9))
    await push(client, folder)
    assert hub.storage.received == sent | {oid(changed): len(changed)}
    assert hub.repos[NAME].files == persona | {"model.safetensors": changed}


async def test_a_killed_one_goes_on_where_it_was(
    hub: FakeHub, client: HuggingFaceHub, folder: Path, persona: dict[str, bytes]
) -> None:
    adapter, model = persona["adapter/adapter_model.safetensors"], persona["model.safetensors"]
    hub.fail(f"PUT /storage/{oid(model)}", Fault(after=1_000_000, stalls=True))
    process = await start("push", hub, folder)
    async with asyncio.timeout(PATIENCE):
        await hub.faults.struck.wait()
    process.kill()
    await process.wait()
    assert hub.repos[NAME].files == {}
    cut = hub.storage.received[oid(model)]
    assert 1_000_000 <= cut < len(model)
    await push(client, folder)
    assert hub.repos[NAME].files == persona
    assert hub.storage.received[oid(adapter)] == len(adapter)  # it was there before the kill
    assert hub.storage.received[oid(model)] == cut + len(model)


async def test_ctrl_c_does_not_wait_for_the_hub(hub: FakeHub, folder: Path) -> None:
    hub.fail("PUT /storage/", Fault(after=1_000, stalls=True), times=9)
    process = await start("push", hub, folder)
    async with asyncio.timeout(PATIENCE):
        await hub.faults.struck.wait()
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors  # which `mynah` shows as one word


@pytest.mark.parametrize("fault", [Fault(after=100_000), Fault(status=503)])
async def test_a_cut_upload_is_tried_again_at_once(
    hub: FakeHub, client: HuggingFaceHub, folder: Path, persona: dict[str, bytes], fault: Fault
) -> None:
    hub.fail("PUT /storage/", fault)
    await push(client, folder)
    assert hub.repos[NAME].files == persona


async def test_nothing_is_seen_of_a_failed_one_and_what_has_arrived_stays(
    hub: FakeHub, client: HuggingFaceHub, folder: Path, persona: dict[str, bytes]
) -> None:
    hub.fail(f"POST /api/models/{NAME}/commit", Fault(status=500))
    with pytest.raises(
        Busy, match=r"127\.0\.0\.1 doesn't work at the moment \(status 500\)\. Run the same command again"
    ):
        await push(client, folder)
    assert hub.repos[NAME].files == {}
    sent = dict(hub.storage.received)
    await push(client, folder)
    assert hub.storage.received == sent
    assert hub.repos[NAME].files == persona


async def test_where_nobody_answers_it_says_so(hub: FakeHub, client: HuggingFaceHub, folder: Path) -> None:
    nobody = HuggingFaceHub(HubSettings(endpoint="http://127.0.0.1:9", token=SecretStr(TOKEN)))
    with pytest.raises(Busy, match=r"127\.0\.0\.1 can't be reached .*refused"):
        await push(nobody, folder)
    hub.fail("POST /api/repos/create", Fault(status=429))
    with pytest.raises(Limited, match="had enough requests"):
        await push(client, folder)


@pytest.mark.parametrize("private", [True, False])
async def test_who_may_see_what_is_there_is_not_changed(
    hub: FakeHub, client: HuggingFaceHub, folder: Path, private: bool
) -> None:
    hub.repos[NAME] = repo(NAME, {}, private=private)
    with pytest.raises(BadInput, match="nothing was sent"):
        await push(client, folder, public=private)
    assert (hub.repos[NAME].files, hub.repos[NAME].private, hub.storage.received) == ({}, private, {})
    await push(client, folder, public=not private)
    assert hub.repos[NAME].files


@pytest.mark.parametrize(
    ("token", "name", "says"),
    [
        (None, NAME, "wants an access token, and none is set"),
        (None, "lighthouse", "wants an access token"),
        ("nobodys-token", NAME, "wants a valid access token"),
        ("reading-token", NAME, "to publish one that may write"),
        (TOKEN, "somebody/lighthouse", "You don't have the rights to create a model"),
    ],
)
async def test_who_may_not_write_is_told_how_to(
    hub: FakeHub, folder: Path, token: str | None, name: str, says: str
) -> None:
    with pytest.raises(NotAllowed, match=says) as raised:
        await push(client_of(hub, token), folder, name=name)
    assert f"{hub.url}/settings/tokens" in str(raised.value)
    assert "MYNAH_HUB__TOKEN" in str(raised.value)
    assert "-token" not in str(raised.value)
    assert (hub.repos, hub.storage.received) == ({}, {})


async def test_a_login_is_shown_to_the_hub_that_it_is_for_only(
    hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(NotAllowed):
        await push(client_of(hub, None), folder)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    await push(client_of(hub, None), folder)
    assert hub.repos[NAME].files


async def test_a_name_alone_is_of_the_tokens_account(hub: FakeHub, client: HuggingFaceHub, folder: Path) -> None:
    assert await push(client, folder, name="lighthouse") == f"{hub.url}/{NAME}"
    assert await push(client, folder, name="harbour/lighthouse") == f"{hub.url}/harbour/lighthouse"
    assert {*hub.repos} == {NAME, "harbour/lighthouse"}


@pytest.mark.parametrize(
    "name", ["", "a/b/c", "../pip", "pip/light--house", "pip/light house", "/x", "pip/" + 97 * "x"]
)
async def test_what_is_no_name_is_refused_before_anything_is_asked(
    hub: FakeHub, client: HuggingFaceHub, folder: Path, name: str
) -> None:
    with pytest.raises(BadInput, match=r"can't be a model's name on a hub\. It is like org/name"):
        await push(client, folder, name=name)
    assert not hub.requests


async def test_the_files_of_an_earlier_form_go_and_other_peoples_stay(
    hub: FakeHub, client: HuggingFaceHub, folder: Path, persona: dict[str, bytes]
) -> None:
    before = {"adapter_config.json": b"{}", "adapter/base/config.json": b"{}", "pytorch_model.bin": b"old"}
    theirs = {"LICENSE": b"free", "notes/why.md": b"because"}
    hub.repos[NAME] = repo(NAME, before | theirs, private=True)
    await push(client, folder)
    assert hub.repos[NAME].files == persona | theirs
    assert hub.repos[NAME].commits[0].files.keys() > before.keys()  # for who wants it back


async def test_hidden_files_are_not_sent(hub: FakeHub, client: HuggingFaceHub, tmp_path: Path) -> None:
    files = {"README.md": CARD, ".gitattributes": b"*.md lfs", ".cache/x.json": b"{}", "adapter/.lock": b""}
    await push(client, fill(tmp_path / "hidden", files))
    assert hub.repos[NAME].files == {"README.md": CARD}


async def test_what_the_hub_leaves_out_is_not_taken_for_published(
    hub: FakeHub, client: HuggingFaceHub, folder: Path
) -> None:
    hub.repos[NAME] = repo(NAME, {".gitignore": b"*.png"}, private=True)
    with pytest.raises(BadInput, match=r"\.gitignore that has kept pictures/share.png out"):
        await push(client, folder)


async def test_large_files_go_in_parts_where_the_hub_wants_that(folder: Path, persona: dict[str, bytes]) -> None:
    async with FakeHub(part_bytes=1_000_000) as hub:
        await push(client_of(hub), folder)
    assert hub.repos[NAME].files == persona
    assert hub.storage.received[oid(persona["model.safetensors"])] == 3_000_000
    assert sum("/storage/" in request and request.startswith("PUT") for request in hub.requests) == 3 + 2 + 1


async def test_they_go_to_a_xet_storage_where_there_is_one(
    folder: Path, persona: dict[str, bytes], tmp_path: Path
) -> None:
    async with FakeHub(xet=tmp_path / "xet") as hub:
        await push(client_of(hub), folder)
        head = hub.repos[NAME].head
        assert {name: head.files[name].sha256 for name in persona} == {n: oid(data) for n, data in persona.items()}
        assert not hub.storage.received
        assert stored(tmp_path / "xet") > 4_500_000
        before = stored(tmp_path / "xet")
        (folder / "model.safetensors").write_bytes(persona["model.safetensors"][:-4] + b"ends")
        await push(client_of(hub), folder)
        assert stored(tmp_path / "xet") < before + 500_000  # the chunk that has changed
    assert [commit.message for commit in hub.repos[NAME].commits] == ["initial commit", "Version 1", "Version 1"]


def stored(folder: Path) -> int:
    """Bytes of chunks."""
    return sum(path.stat().st_size for path in folder.rglob("xorbs/default.*") if path.suffix != ".tagset")


async def test_neither_tokens_nor_signed_addresses_are_logged_or_shown(
    hub: FakeHub,
    client: HuggingFaceHub,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    hub.fail("PUT /storage/", Fault(status=500))
    hub.fail("PUT /storage/", Fault(status=403))
    with pytest.raises(NotAllowed) as raised:
        await push(client, folder)
    await push(client, folder)
    await client.pull(NAME, None, folder.with_name("incoming"))
    shown = caplog.text + "".join(capfd.readouterr()) + str(raised.value) + repr(raised.value.__cause__)
    assert TOKEN not in shown
    assert SIGNATURE not in shown
