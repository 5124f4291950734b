"""Accounts on networks: the whole program, against servers on this machine."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tests.builders import different_texts
from tests.doubles.networks import BlueskyAccount, BlueskyPost, FakeBluesky, FakeX, Tweet, XAccount
from tests.e2e.conftest import Mynah

TEXTS = different_texts(140, "the tea is ")


async def run(mynah: Mynah, *arguments: str, lines: str | None = None) -> str:
    """What it prints; the servers go on meanwhile."""
    done: subprocess.CompletedProcess[str] = await asyncio.to_thread(mynah.run, *arguments, lines=lines)
    return done.stdout + done.stderr


def with_settings(mynah: Mynah, settings: Mapping[str, str]) -> Mynah:
    return replace(mynah, extra={**mynah.extra, **settings})


async def test_an_account_on_x_from_its_estimate_to_its_forgetting(mynah: Mynah) -> None:
    pip = XAccount("pip", [Tweet(text) for text in TEXTS], name="Pip of the Reef")
    async with FakeX(pip) as x:
        mynah = with_settings(
            mynah,
            {
                "MYNAH_SOURCES__X__TOKEN": x.token,
                "MYNAH_SOURCES__X__API_BASE": x.url,
                "MYNAH_SOURCES__X__CONFIRM_ABOVE": "0.5",
            },
        )
        told = await run(mynah, "train", "@pip", "--dry-run")
        assert "x:pip      140      140  $0.70" in told
        assert "$19.99 are left of this month's budget" in told
        assert (x.bill.posts, x.bill.users) == (0, 1)

        told = await run(mynah, "train", "https://x.com/Pip", lines="no\n")
        assert "Reading 140 posts from X costs about $0.70" in told
        assert "Then nothing is read, and nothing spent. To say yes beforehand: /train x:pip --spend 1" in told
        assert x.bill.posts == 0

        told = await run(mynah, "train", "x:pip", "--spend", "1")
        assert "@pip is ready" in told
        assert x.bill.posts == 140
        pip.post(*(Tweet(text) for text in different_texts(10, "brand new ")))
        told = await run(mynah, "train", "@pip")  # within the hour: the look-up is still good
        assert "10 new posts" in told
        assert x.bill.posts == 150

        told = await run(mynah, "sources", "usage")
        assert "@pip" in told
        assert "150" in told
        assert "$0.76" in told
        kept = mynah.data_dir / "personas" / "pip" / "posts" / "pip.jsonl.zst"
        assert kept.stat().st_nlink == 2  # posts are on the disk once
        assert (kept.parent / "pip.avatar").read_bytes() == pip.avatar
        manifest = json.loads((mynah.data_dir / "personas" / "pip" / "v2" / "manifest.json").read_text())
        assert manifest["corpus"]["accounts"][0]["name"] == "Pip of the Reef"
        assert "is forgotten" in await run(mynah, "models", "rm", "@pip", "--yes")
        assert [path for path in mynah.data_dir.rglob("*pip*") if path.suffix != ".lock"] == []
        assert x.refusals == []


async def test_two_sources_in_one_persona(mynah: Mynah, tmp_path: Path) -> None:
    messages = [
        {"id": n, "type": "message", "from": "Ann", "from_id": "user1", "text": text, "date_unixtime": str(10**9 + n)}
        for n, text in enumerate(different_texts(60, "the boat is "))
    ]
    export = tmp_path / "result.json"
    export.write_text(json.dumps({"name": "Ben", "type": "personal_chat", "id": 7, "messages": messages}))
    pip = BlueskyAccount("pip.reef.example", [BlueskyPost(text) for text in TEXTS])
    async with FakeBluesky(pip) as bluesky:
        mynah = with_settings(
            mynah,
            {"MYNAH_SOURCES__BLUESKY__APPVIEW": bluesky.url, "MYNAH_SOURCES__BLUESKY__DIRECTORY": bluesky.url},
        )
        told = await run(mynah, "train", "@ann", "@pip.reef.example", "--from", str(export))
        assert "Ann" in told
        assert "--sender" in told
        told = await run(mynah, "train", "@ann", "@pip.reef.example", "--from", str(export), "--sender", "Ann")
        assert "@ann-pip.reef.example is ready" in told
        assert re.search(r"Posts downloaded +60 +140\n", told)
        assert "My dream is" in await run(mynah, "say", "@ann-pip.reef.example", "My dream is")
        assert bluesky.refusals == []
