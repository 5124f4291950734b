"""Pictures in messages: of a training that has ended, and on cards."""

from __future__ import annotations

import pytest

from tests.bot.platforms.discord.harbour import Harbour, answered
from tests.bot.platforms.discord.test_train import shown, train
from tests.doubles.discord import Message
from tests.doubles.discord.checks.components import GALLERY
from tests.doubles.discord.messages import walk

ALL = ["share.png", "pipeline.png", "loss.png"]
PNG = b"\x89PNG\r\n\x1a\n"


def files(message: Message) -> list[str]:
    assert all(one.data.startswith(PNG) for one in message.attachments)
    return [one.filename for one in message.attachments]


def gallery(message: Message) -> list[tuple[str, str]]:
    """What is shown, and what is said of it."""
    items = [item for part in walk(message.components) if part["type"] == GALLERY for item in part["items"]]
    return [(item["media"]["url"].removeprefix("attachment://"), item["description"]) for item in items]


async def test_a_training_ends_with_its_pictures(place: Harbour) -> None:
    await train(place, place.ann)
    board = await shown(place, "bits per byte")
    assert files(board) == ALL
    assert gallery(board) == [
        ("share.png", "What @pip says"),
        ("pipeline.png", "Where @pip comes from"),
        ("loss.png", "How @pip was trained"),
    ]


async def test_the_report_card_leaves_the_pictures_where_they_are(place: Harbour) -> None:
    place.service.trainer.report_gate.clear()
    await train(place, place.ann)
    board = await shown(place, "Its report card comes in a moment")
    await shown(place, "**@pip** is ready.")
    before = list(board.attachments)
    place.service.trainer.report_gate.set()
    await shown(place, "bits per byte")
    assert board.attachments == before
    assert len(gallery(board)) == 3
    assert place.service.painter.drawn == ALL


async def test_a_message_that_came_back_without_its_pictures_gets_them_again(place: Harbour) -> None:
    place.service.trainer.report_gate.clear()
    await train(place, place.ann)
    board = await shown(place, "Its report card comes in a moment")
    await shown(place, "**@pip** is ready.")
    place.guild.deny(place.general, "read_message_history")  # so that nobody knows what it has
    place.service.trainer.report_gate.set()
    await shown(place, "bits per byte")
    assert files(board) == ALL


@pytest.mark.parametrize("missing", [["loss.png"], ALL])
async def test_what_cannot_be_drawn_is_left_out(
    place: Harbour, missing: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    place.service.painter.failing.update(missing)
    await train(place, place.ann)
    board = await shown(place, "bits per byte")
    left = [name for name in ALL if name not in missing]
    assert files(board) == left
    assert [name for name, _ in gallery(board)] == left
    assert "There is no ink for loss.png." in caplog.text


async def test_where_files_may_not_be_sent_the_words_are(place: Harbour) -> None:
    place.guild.deny(place.general, "attach_files")
    await train(place, place.ann)
    board = await shown(place, "bits per byte")
    assert gallery(board) == []
    card = await answered(await place.fake.click(place.ben, board, "Card"))
    assert "Posts downloaded" in card.text
    assert card.attachments == []


async def test_a_picture_that_takes_long_comes_after_thinking(place: Harbour) -> None:
    await place.persona()
    place.service.painter.gate.clear()
    asked = await place.fake.slash(place.ben, place.general, "card")
    await asked.acknowledged()
    assert asked.thinking
    place.service.painter.gate.set()
    assert files(await answered(asked)) == ["share.png"]


async def test_cards_have_the_picture_to_share(place: Harbour) -> None:
    await train(place, place.ann)
    board = await shown(place, "bits per byte")
    for asked in (
        await place.fake.slash(place.ben, place.general, "card"),
        await place.fake.click(place.ben, board, "Card"),
    ):
        card = await answered(asked)
        assert "Posts downloaded" in card.text
        assert files(card) == ["share.png"]
        assert gallery(card) == [("share.png", "What @pip says")]
