"""The fake hub, asked by the library's own ways and in wrong ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import EntryNotFoundError

from tests.doubles.hub import SIGNATURE, FakeHub, repo

FILES = {"config.json": b"{}", "model.safetensors": bytes(range(256)) * 100, "adapter/x.json": b"[]"}


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeHub]:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    async with FakeHub(repo("pip/lighthouse", FILES)) as hub:
        yield hub


async def test_the_librarys_own_download_takes_it_for_a_hub(hub: FakeHub, tmp_path: Path) -> None:
    api = HfApi(hub.url, token="pips-token")
    await asyncio.to_thread(api.snapshot_download, "pip/lighthouse", local_dir=tmp_path, cache_dir=tmp_path / ".cache")
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == FILES
    with pytest.raises(EntryNotFoundError):
        await asyncio.to_thread(api.hf_hub_download, "pip/lighthouse", "no.json", cache_dir=tmp_path / "cache")
    assert not hub.refusals


async def test_a_large_file_is_committed_only_when_its_content_is_there(hub: FakeHub) -> None:
    file = {"path": "model.safetensors", "oid": "0" * 64, "size": 9}
    lines = [{"key": "header", "value": {"summary": "x"}}, {"key": "lfsFile", "value": file}]
    async with httpx.AsyncClient(headers={"Authorization": "Bearer pips-token"}) as client:
        url = f"{hub.url}/api/models/pip/lighthouse/commit/main"
        assert (await client.post(url, content="\n".join(map(json.dumps, lines)))).status_code == 400
    async with httpx.AsyncClient() as client:
        signed = f"{hub.storage_url}/{file['oid']}?X-Amz-Signature={SIGNATURE}"
        assert (await client.put(signed, content=b"\0another")).status_code == 400
    assert hub.refusals == [f"PUT {file['oid']}: the content is another one"]
    assert hub.repos["pip/lighthouse"].files == FILES


async def test_the_storage_wants_a_signature_and_no_token(hub: FakeHub) -> None:
    oid = next(iter(hub.storage.objects))
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{hub.storage_url}/{oid}?filename=x")).status_code == 403
        signed = f"{hub.storage_url}/{oid}?filename=x&X-Amz-Signature={SIGNATURE}"
        rest = await client.get(signed, headers={"Range": "bytes=25000-", "Authorization": "Bearer pips-token"})
    assert (rest.status_code, rest.content) == (206, FILES["model.safetensors"][25000:])
    assert hub.refusals == [f"GET /storage/{oid}: the token was shown to the storage"]
