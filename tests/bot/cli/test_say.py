from __future__ import annotations

import io
from pathlib import Path

import pytest

from bot.cli.console import say_once
from bot.control.jobs import Saying
from bot.control.server import listening
from bot.errors import NotFound
from bot.platforms.console.screen import LineScreen, PlainScreen
from tests.bot.cli.test_cli import mynah
from tests.doubles.generator import generated
from tests.doubles.service import FakeService
from trainer.protocol import Piece


async def test_the_bot_that_runs_says_it(service: FakeService) -> None:
    await service.add_persona()
    pieces = [Piece(id=0, sample=0, text="My dream"), Piece(id=0, sample=0, text=" is so")]
    service.generator.answers = [[*pieces, generated("My dream is soup.")]]
    out = io.StringIO()
    saying = Saying(prompt="My dream is", persona="pip", stream=True)
    async with listening(service.services, service.folders.control):
        said = await say_once(service.services.settings, saying, LineScreen(out))
    assert said.samples == ("My dream is soup.",)
    assert out.getvalue().endswith("  …My dream is so\r\x1b[K")
    assert len(service.generator.requests) == 1


async def test_nobody_to_say_it(service: FakeService) -> None:
    async with listening(service.services, service.folders.control):
        with pytest.raises(NotFound, match="There is no persona yet"):
            await say_once(service.services.settings, Saying(prompt="Hi", persona="pip"), PlainScreen())


@pytest.mark.parametrize("n", ["0", "6", "two"])
def test_one_to_five_samples(tmp_path: Path, n: str) -> None:
    done = mynah(tmp_path, "say", "@pip", "My dream is", "-n", n)
    assert (done.returncode, done.stdout) == (2, "")
    assert "-n" in done.stderr


def test_a_prompt_that_is_no_text_ends_in_a_sentence(tmp_path: Path) -> None:
    done = mynah(tmp_path, "say", "@pip", "My dream is \udcff")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "There is no persona yet" in done.stderr
