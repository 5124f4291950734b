from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import BadInput, Busy, DiskFull, NotAllowed, NotFound
from bot.hub import HuggingFaceHub
from tests.bot.hub.conftest import CARD, TOKEN, client_of, noise, start
from tests.doubles.hub import FakeHub, Fault, repo
from tests.doubles.processes import PATIENCE

NAME = "pip/lighthouse"
TEXTS = {"README.md": CARD, "config.json": b"{}", "vocab.json": b"{}", "merges.txt": b"a b\n"}
MODEL = TEXTS | {"model.safetensors": noise(2_000_000)}
CHUNK = 10 * 1024 * 1024  # bytes that the library writes at a time
LARGE = TEXTS | {"model.safetensors": noise(2 * CHUNK + 5_000_000)}


def add(hub: FakeHub, files: dict[str, bytes], private: bool = False, gated: bool = False) -> None:
    made = hub.repos[NAME] = repo(NAME, files, private, gated)
    hub.storage.objects |= {blob.sha256: blob.data for blob in made.head.files.values() if blob.large}


def read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_what_was_published_comes_back_as_it_was(
    hub: FakeHub, client: HuggingFaceHub, folder: Path, persona: dict[str, bytes], tmp_path: Path
) -> None:
    await client.push(folder, NAME, False, "Version 1")
    revision = await client.pull(NAME, None, tmp_path / "in")
    assert revision == hub.repos[NAME].head.sha
    del persona["pictures/share.png"]
    assert read(tmp_path / "in") == persona


async def test_safetensors_come_rather_than_pickles_and_nothing_else_comes(
    hub: FakeHub, client: HuggingFaceHub, tmp_path: Path
) -> None:
    pickles = {"pytorch_model.bin": b"pickled", "training_args.bin": b"pickled", "optimizer.pt": b"pickled"}
    others = {"tf_model.h5": b"x", "onnx/model.onnx": b"x", "base/config.json": b"{}", "run.py": b"import os\n"}
    add(hub, MODEL | pickles | others)
    await client.pull(NAME, None, tmp_path / "in")
    assert read(tmp_path / "in") == MODEL
    assert hub.storage.sent.keys() == MODEL.keys()


async def test_a_model_that_is_only_pickled_comes(hub: FakeHub, client: HuggingFaceHub, tmp_path: Path) -> None:
    add(hub, TEXTS | {"pytorch_model.bin": b"pickled", "rng_state.bin": b"pickled"})
    await client.pull(NAME, None, tmp_path / "in")
    assert read(tmp_path / "in") == TEXTS | {"pytorch_model.bin": b"pickled"}


async def test_what_is_here_is_not_fetched_again(hub: FakeHub, client: HuggingFaceHub, tmp_path: Path) -> None:
    add(hub, MODEL)
    await client.pull(NAME, None, tmp_path / "in")
    sent = dict(hub.storage.sent)
    await client.pull(NAME, None, tmp_path / "in")
    assert hub.storage.sent == sent
    (tmp_path / "in" / "config.json").write_bytes(b"[]")  # as long as it was
    await client.pull(NAME, None, tmp_path / "in")
    assert read(tmp_path / "in") == MODEL


async def test_a_killed_download_goes_on_in_the_middle_of_a_file(
    hub: FakeHub, client: HuggingFaceHub, tmp_path: Path
) -> None:
    add(hub, LARGE)
    hub.fail("GET /storage/", Fault(after=2 * CHUNK + 1_000_000, stalls=True))
    process = await start("pull", hub, tmp_path / "in")
    (tmp_path / "in").mkdir()
    async with asyncio.timeout(PATIENCE):
        await hub.faults.struck.wait()
        while sum(map(len, read(tmp_path / "in").values())) < 2 * CHUNK:
            await asyncio.sleep(0.02)
    process.kill()
    await process.wait()
    hub.storage.sent.clear()
    await client.pull(NAME, None, tmp_path / "in")
    assert read(tmp_path / "in") == LARGE
    assert hub.storage.sent == {"model.safetensors": 5_000_000, "vocab.json": len(TEXTS["vocab.json"])}


async def test_a_cut_connection_is_made_up_for_at_once(hub: FakeHub, client: HuggingFaceHub, tmp_path: Path) -> None:
    add(hub, LARGE)
    hub.fail("GET /storage/", Fault(after=CHUNK + 1_000_000))
    await client.pull(NAME, None, tmp_path / "in")
    assert read(tmp_path / "in") == LARGE
    assert hub.storage.sent["model.safetensors"] == len(LARGE["model.safetensors"]) + 1_000_000


async def test_an_outage_is_told_and_costs_nothing(hub: FakeHub, client: HuggingFaceHub, tmp_path: Path) -> None:
    add(hub, MODEL)
    hub.fail("GET /storage/", Fault(status=500))
    with pytest.raises(Busy, match=r"127\.0\.0\.1 doesn't work at the moment"):
        await client.pull(NAME, None, tmp_path / "in")
    hub.storage.sent.clear()
    await client.pull(NAME, None, tmp_path / "in")
    assert read(tmp_path / "in") == MODEL
    assert {*hub.storage.sent} == {"model.safetensors", "vocab.json"}  # those before it were there


async def test_another_revision_replaces_what_was_fetched_of_the_last(
    hub: FakeHub, client: HuggingFaceHub, tmp_path: Path
) -> None:
    add(hub, MODEL | {"adapter/adapter_config.json": b"{}"})
    old = await client.pull(NAME, None, tmp_path / "in")
    (tmp_path / "in" / "model.safetensors.0123.part").write_bytes(b"of a cut one")
    (tmp_path / "in" / "somebody's.txt").write_bytes(b"else")
    files = dict(hub.repos[NAME].head.files)
    del files["adapter/adapter_config.json"]
    hub.repos[NAME].commit("Version 2", files | {"config.json": replace(files["config.json"], data=b'{"new": 1}')})
    new = await client.pull(NAME, "main", tmp_path / "in")
    assert new != old
    assert read(tmp_path / "in") == MODEL | {"config.json": b'{"new": 1}', "somebody's.txt": b"else"}
    assert await client.pull(NAME, old, tmp_path / "in") == old
    assert read(tmp_path / "in")["config.json"] == b"{}"


async def test_what_arrives_damaged_is_not_kept(hub: FakeHub, client: HuggingFaceHub, tmp_path: Path) -> None:
    add(hub, MODEL)
    oid = hashlib.sha256(MODEL["model.safetensors"]).hexdigest()
    hub.storage.objects[oid] = bytes(2_000_000)
    with pytest.raises(Busy, match=r"model\.safetensors has arrived damaged"):
        await client.pull(NAME, None, tmp_path / "in")
    assert "model.safetensors" not in "".join(read(tmp_path / "in"))
    hub.storage.objects[oid] = MODEL["model.safetensors"]
    await client.pull(NAME, None, tmp_path / "in")
    assert read(tmp_path / "in") == MODEL


async def test_what_does_not_fit_on_the_disk_is_not_begun(hub: FakeHub, client: HuggingFaceHub, tmp_path: Path) -> None:
    add(hub, MODEL)
    files = hub.repos[NAME].head.files
    files["model.safetensors"] = replace(files["model.safetensors"], claims=10**18)
    with pytest.raises(DiskFull, match=r"pip/lighthouse takes 1,000,000,000,000 MB more, and [\d,]+ MB are free"):
        await client.pull(NAME, None, tmp_path / "in")
    assert not hub.storage.sent


async def test_what_is_no_model_is_refused(hub: FakeHub, client: HuggingFaceHub, tmp_path: Path) -> None:
    add(hub, {"README.md": CARD, "config.json": b"{}", "data.csv": b"1"})
    with pytest.raises(BadInput, match="has no language model that Mynah knows"):
        await client.pull(NAME, None, tmp_path / "in")
    assert not (tmp_path / "in").exists()


async def test_no_name_leads_out_of_the_folder(hub: FakeHub, client: HuggingFaceHub, tmp_path: Path) -> None:
    names = ("../up.json", "adapter/../../up.json", "/tmp/mynah-up.json", "..\\up.json", "adapter/..", "x/y.json")
    add(hub, MODEL | dict.fromkeys(names, b"{}"))
    await client.pull(NAME, None, tmp_path / "a" / "in")
    assert read(tmp_path / "a") == {f"in/{name}": data for name, data in MODEL.items()}


@pytest.mark.parametrize(
    ("token", "private", "says"),
    [
        (TOKEN, True, None),
        ("strangers-token", True, "has no model .* or it is private"),
        (None, True, "wants a valid access token for .* if there is such a model at all"),
        (None, False, None),
    ],
)
async def test_a_private_model_is_for_those_who_may_see_it(
    hub: FakeHub, tmp_path: Path, token: str | None, private: bool, says: str | None
) -> None:
    hub.accounts["strangers-token"] = replace(hub.accounts[TOKEN], name="stranger", organisations=())
    add(hub, MODEL, private=private)
    if says is None:
        await client_of(hub, token).pull(NAME, None, tmp_path / "in")
        assert read(tmp_path / "in") == MODEL
        return
    with pytest.raises((NotFound, NotAllowed), match=says):
        await client_of(hub, token).pull(NAME, None, tmp_path / "in")


async def test_a_model_whose_authors_want_to_be_asked_says_where(hub: FakeHub, tmp_path: Path) -> None:
    add(hub, MODEL, gated=True)
    with pytest.raises(NotAllowed, match=f"want to be asked first. Ask at {hub.url}/{NAME}"):
        await client_of(hub, None).pull(NAME, None, tmp_path / "in")


async def test_what_is_not_there_is_told(hub: FakeHub, client: HuggingFaceHub, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="has no model pip/lighthouse"):
        await client.pull(NAME, None, tmp_path / "in")
    add(hub, MODEL)
    with pytest.raises(NotFound, match="pip/lighthouse has no revision winter"):
        await client.pull(NAME, "winter", tmp_path / "in")
    with pytest.raises(BadInput, match="can't be a model's name"):
        await client.pull("https://huggingface.co/pip/lighthouse", None, tmp_path / "in")
