"""One request, and one training, in the logs of the real processes; and what must not be in them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.telegram import FakeTelegram
from tests.e2e.conftest import WAIT_SECONDS, Mynah
from tests.e2e.test_telegram import telegram

PROMPT = "The unheard of prompt"
POST = "the lighthouse"  # in many of the sample account's posts


def read(folder: Path, part: str) -> list[dict[str, Any]]:
    lines = (folder / "logs" / f"{part}.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def one(lines: list[dict[str, Any]], event: str) -> dict[str, Any]:
    return next(line for line in lines if line["event"] == event)


@pytest.mark.parametrize("content", [False, True])
async def test_what_is_done_can_be_followed_through_the_processes(trained: Mynah, content: bool) -> None:
    """The training was another process's, in the same files."""
    folder = trained.data_dir
    mynah = replace(trained, extra={"MYNAH_LOGS__LOG_CONTENT": str(content), "MYNAH_LOGS__LEVEL": "debug"})
    async with FakeTelegram() as fake:
        ann = fake.add_user("ann")
        chat = fake.private(ann)
        with mynah.serve(telegram(fake)) as process:
            await fake.until(lambda: process.poll() is not None or fake.updates.polling, WAIT_SECONDS)
            await fake.write(ann, chat, f"/say @pip_the_lighthouse --n 5 {PROMPT}")
            await chat.until(lambda chat: chat.sent and " ▌" not in chat.sent[-1].plain, WAIT_SECONDS)
            said = chat.sent[-1].plain
            process.terminate()
            assert process.wait(60) == 0
        token = fake.token
    assert PROMPT in said
    bot, serve, train = (read(folder, part) for part in ("bot", "serve", "train"))
    generated = one(serve, "generated")
    heard = one(bot, "said")
    assert (heard["platform"], heard["request_id"]) == ("telegram", generated["request_id"])
    assert one(bot, "job started")["job_id"] == one(train, "training ended")["job_id"] == 1
    texts = [path.read_text() for path in [*(folder / "logs").iterdir(), mynah.log]]
    assert not any(token in text or POST in text for text in texts)
    assert any(PROMPT in text for text in texts) is content
    spoken = max(re.findall(r"[\w .,]+", "\n".join(re.findall(r"^\d\. (.+)", said, re.M))), key=len)
    assert len(spoken) > 8
    assert any(spoken in text for text in texts) is content
    if content:
        assert heard["texts"] == generated["samples"]
