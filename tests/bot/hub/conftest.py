from __future__ import annotations

import asyncio
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from pydantic import SecretStr

from bot.hub import HuggingFaceHub
from bot.settings import HubSettings
from tests.doubles.hub import FakeHub

TOKEN = "pips-token"
CARD = b"---\nlicense: apache-2.0\n---\n# Pip\n"

COMMAND = """
import asyncio, sys
from pathlib import Path
from bot.hub import HuggingFaceHub
from bot.settings import HubSettings
verb, endpoint, token, folder = sys.argv[1:]
hub = HuggingFaceHub(HubSettings(endpoint=endpoint, token=token))
if verb == "push":
    asyncio.run(hub.push(Path(folder), "pip/lighthouse", False, "Version 1"))
else:
    asyncio.run(hub.pull("pip/lighthouse", None, Path(folder)))
"""


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As it is where nobody has set or cached anything; the trainer's tests forbid it to ask any hub."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "home" / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    for variable, value in {"OFFLINE": "0", "DISABLE_TELEMETRY": "1"}.items():
        monkeypatch.setenv(f"HF_HUB_{variable}", value)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))


@pytest.fixture
async def hub() -> AsyncIterator[FakeHub]:
    async with FakeHub() as hub:
        yield hub
        assert not hub.refusals


@pytest.fixture
def client(hub: FakeHub) -> HuggingFaceHub:
    return client_of(hub)


def client_of(hub: FakeHub, token: str | None = TOKEN) -> HuggingFaceHub:
    return HuggingFaceHub(HubSettings(endpoint=hub.url, token=SecretStr(token) if token else None))


def noise(n_bytes: int, seed: int = 1) -> bytes:
    """What no storage can pack or has seen before."""
    return random.Random(seed).randbytes(n_bytes)


@pytest.fixture
def persona() -> dict[str, bytes]:
    """As it is published: merged, and an adapter."""
    return {
        "README.md": CARD,
        "config.json": b"{}",
        "model.safetensors": noise(3_000_000),
        "adapter/adapter_config.json": b'{"r": 8}',
        "adapter/adapter_model.safetensors": noise(1_500_000, 2),
        "pictures/share.png": b"\x89PNG\0" + noise(1_000, 3),
    }


@pytest.fixture
def folder(persona: dict[str, bytes], tmp_path: Path) -> Path:
    return fill(tmp_path / "outgoing", persona)


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


async def start(verb: str, hub: FakeHub, folder: Path) -> Process:
    """A process of its own that pushes or pulls."""
    command = (sys.executable, "-c", COMMAND, verb, hub.url, TOKEN, str(folder))
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
