"""Personas for others and theirs: the whole program, its convert worker, and a hub on this machine."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import pipeline

from tests.doubles.hub import FakeHub, repo
from tests.e2e.conftest import Mynah
from tests.trainer.published import save_huggingtweets

PICTURES = {"share.png", "loss.png", "pipeline.png", "avatar-pip_the_lighthouse.png"}


async def run(mynah: Mynah, *arguments: str, code: int = 0) -> str:
    """What it prints; the hub goes on meanwhile."""
    done = await asyncio.to_thread(mynah.run, *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def at(mynah: Mynah, hub: FakeHub, token: str = "pips-token") -> Mynah:
    settings = {"MYNAH_HUB__ENDPOINT": hub.url, "MYNAH_HUB__TOKEN": token, "HF_HUB_OFFLINE": "0"}
    return replace(mynah, extra={**mynah.extra, **settings})


def test_an_exported_persona_is_loaded_by_transformers_alone(trained: Mynah, tmp_path: Path) -> None:
    to = tmp_path / "pip"
    done = trained.run("models", "export", "@pip_the_lighthouse", "--to", str(to), "--merged")
    assert done.returncode == 0, done.stderr
    generator: Any = pipeline("text-generation", model=str(to))
    samples = generator("My dream is", num_return_sequences=5)
    assert len({sample["generated_text"] for sample in samples}) == 5
    assert all(sample["generated_text"].startswith("My dream is") for sample in samples)
    assert {path.name for path in (to / "pictures").iterdir()} == PICTURES
    assert "widget:" in (to / "README.md").read_text("utf-8")
    again = trained.run("models", "export", "@pip_the_lighthouse", "--to", str(to))
    assert again.returncode == 1
    assert "nothing is overwritten" in again.stderr


async def test_a_persona_goes_to_a_hub_and_to_another_machine(trained: Mynah, tmp_path: Path) -> None:
    async with FakeHub() as hub:
        mine = at(trained, hub)
        told = await run(mine, "models", "publish", "@pip_the_lighthouse", "--repo", "pip/lighthouse")
        assert f"{hub.url}/pip/lighthouse" in told
        published = hub.repos["pip/lighthouse"]
        assert published.private
        assert {"README.md", "model.safetensors", "adapter/adapter_model.safetensors"} <= published.head.files.keys()
        everything = b"".join(
            blob.data for name, blob in published.head.files.items() if name.endswith((".md", ".json"))
        )
        for secret in (str(mine.data_dir), "console:console", "pips-token", "sample:"):
            assert secret.encode() not in everything

        other = at(replace(trained, data_dir=tmp_path / "other"), hub)
        assert "@lighthouse is here" in await run(other, "models", "pull", "pip/lighthouse")
        assert "My dream is" in await run(other, "say", "@lighthouse", "My dream is")
        told = await run(other, "models", "show", "@lighthouse", "--lineage")
        assert "pulled from pip/lighthouse at " in told
        lines = [line.split() for line in told.splitlines() if line.startswith("  corpus")]
        here = await run(mine, "models", "show", "@pip_the_lighthouse", "--lineage")
        assert [line.split() for line in here.splitlines() if line.startswith("  corpus")] == lines
        told = await run(at(mine, hub, "wrong"), "models", "publish", "@pip_the_lighthouse", "--repo", "pip/x", code=1)
        assert "MYNAH_HUB__TOKEN" in told
        assert hub.refusals == []


async def test_a_model_of_huggingtweets_speaks_here(mynah: Mynah, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in save_huggingtweets(tmp_path / "old").iterdir()}
    async with FakeHub(repo("huggingtweets/somebody", files)) as hub:
        other = at(mynah, hub)
        assert "@somebody is here" in await run(other, "models", "pull", "huggingtweets/somebody")
        assert "@somebody · written by a machine" in await run(other, "say", "@somebody", "My dream is")
        version = other.data_dir / "personas" / "somebody" / "v1"
        assert {path.suffix for path in version.iterdir()} == {".json", ".safetensors"}
        manifest = json.loads((version / "manifest.json").read_text())
        assert (manifest["run"], manifest["origin"]["repo"]) == (None, "huggingtweets/somebody")
        assert "elsewhere; how was not recorded" in await run(other, "models", "show", "@somebody")
        await run(other, "optout", "add", "somebody")
        assert "doesn't want to be imitated" in await run(other, "models", "pull", "huggingtweets/somebody", code=1)
