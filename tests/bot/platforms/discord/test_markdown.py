from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Utterance
from bot.platforms.discord.look import Look
from bot.platforms.discord.look_say import utterance
from bot.platforms.discord.markdown import (
    LIMIT,
    bold,
    first_bold,
    first_part,
    last_part,
    plain,
    unescape,
    with_commands,
    without_bold,
)
from bot.platforms.ids import PATTERN, custom_id, named, reference
from tests.doubles.discord.checks.messages import check_message

TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=300)
LIVE = re.compile(r"(?<!\\)(?:\\\\)*([*_~|`<>@\[\]#])")


@given(TEXTS)
def test_what_is_shown_is_what_was_meant(text: str) -> None:
    assert unescape(plain(text)) == text
    assert first_bold(f"{bold(text)} and so on **else**") == text
    assert without_bold(bold(text) + plain(text)) == text + text


@given(TEXTS)
def test_nothing_stays_alive(text: str) -> None:
    assert LIVE.search(plain(text)) is None


@pytest.mark.parametrize(
    "text", ["discord.gg/x", "DISCORD.com/invite/x", "https://x.y", "1. one", "a\n12. b", "- x", "a\n> b"]
)
def test_links_invites_and_lists(text: str) -> None:
    shown = plain(text)
    assert shown != text
    assert unescape(shown) == text
    assert not re.search(r"discord(app)?\.|(?<!\\)://|^\d+\. |^[->] ", shown, re.IGNORECASE | re.MULTILINE)


@given(TEXTS, st.integers(20, 400))
def test_parts_fit(text: str, limit: int) -> None:
    end = last_part(text, limit)
    assert len(plain(end)) <= limit
    assert text.endswith(end.removeprefix("…").lstrip()) or end == text
    assert len(first_part(plain(text), limit)) <= limit


@given(TEXTS, st.lists(TEXTS, max_size=5), st.sampled_from(["en", "de", "ja"]))
def test_every_utterance_is_a_message_that_discord_takes(prompt: str, rests: list[str], locale: str) -> None:
    prompt *= 4
    reply = Utterance("pip" * 60, tuple(prompt + 9 * rest for rest in rests), cut=True, quotes=5 - len(rests))
    parts = utterance(Look(locale), reply, prompt).parts()
    assert len(parts["content"]) <= LIMIT
    payload = {"content": parts["content"], "components": parts["view"].to_components()}
    assert check_message(payload).found == []


def test_commands_become_mentions() -> None:
    text = "Ask /say or /nothing, not and/say or https://x/say; </say:7> stays"
    assert with_commands(text, {"say": 7}) == ("Ask </say:7> or /nothing, not and/say or https://x/say; </say:7> stays")
    assert with_commands("→/say と", {"say": 7}) == "→</say:7> と"


def test_references_to_personas() -> None:
    assert reference("pip") == "pip"
    long = "-".join(["a" * 60, "b" * 60])
    short = reference(long)
    assert len(custom_id("again", short, 5)) <= 100
    assert named(short, ["pip", long]) == long
    assert named("gone", ["pip"]) == "gone"
    found = re.fullmatch(PATTERN, custom_id("again", "pip", 3))
    assert found
    assert (found["action"], found["about"]) == ("again", "pip:3")
