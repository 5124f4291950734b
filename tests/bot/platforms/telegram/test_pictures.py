"""Pictures in messages: of a training that has ended, on cards, and albums of how a persona was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain import Persona
from bot.folders import Folders
from bot.platforms.telegram.look import Look
from bot.platforms.telegram.look_lists import card
from bot.platforms.telegram.rich import CAPTION_LIMIT, units
from tests.bot.platforms.telegram.test_say import pressed
from tests.bot.platforms.telegram.test_train import shown
from tests.bot.platforms.telegram.town import Town
from tests.builders import manifest, report_card
from tests.doubles.painter import FakePainter
from tests.doubles.telegram import Fault, Message

PNG = b"\x89PNG\r\n\x1a\n"
NO_PHOTOS = "Bad Request: not enough rights to send photos to the chat"
KEYS = ["💬 Say something", "📇 Card", "🔍 How it was made"]


def photo(message: Message) -> str:
    assert message.photo is not None
    assert message.photo.data.startswith(PNG)
    return message.photo.name


async def trained(place: Town) -> Message:
    """The message of a training, with its report card."""
    await place.fake.write(place.ann, place.group, "/train @pip")
    return await shown(place.group, "Taken for the author")


async def test_a_trainings_message_becomes_the_picture_to_share(place: Town) -> None:
    place.service.trainer.report_gate.clear()
    await place.fake.write(place.ann, place.group, "/train @pip")
    board = await shown(place.group, "Its report card comes in a moment")
    await shown(place.group, "is ready. Try /say")
    assert photo(board) == "share.png"
    assert [button.text for button in board.buttons] == KEYS
    before = board.photo
    place.service.trainer.report_gate.set()
    await shown(place.group, "Taken for the author")
    assert board.photo is before
    assert "My dream is soup." in board.caption
    assert place.service.painter.drawn == ["share.png", "pipeline.png", "loss.png"]
    assert len(place.fake.calls("editMessageMedia")) == 1


async def test_how_it_was_made_is_an_album(place: Town) -> None:
    board = await trained(place)
    last = await pressed(place, board, "How it was made")
    first = place.group.sent[-2]
    assert [photo(first), photo(last)] == ["pipeline.png", "loss.png"]
    assert first.media_group_id == last.media_group_id is not None
    assert first.caption == ("How @\u2060pip was made\n\nWhere @\u2060pip comes from\n\nHow @\u2060pip was trained")


async def test_an_album_of_one_is_a_photo(place: Town) -> None:
    board = await trained(place)
    place.service.painter.failing.add("loss.png")
    assert photo(await pressed(place, board, "How it was made")) == "pipeline.png"
    place.service.painter.failing.add("pipeline.png")
    press = await (await place.fake.press(place.ben, board, "How it was made")).until()
    assert press.text is not None
    assert press.text.startswith("Something is wrong on my side")


@pytest.mark.parametrize("kind", ["server_error", "lost", "flood"])
async def test_an_album_comes_once_whatever_happens_to_it(place: Town, kind: str) -> None:
    board = await trained(place)
    place.fake.faults.next("sendMediaGroup", Fault(kind))  # type: ignore[arg-type]
    before = len(place.group.sent)
    await place.fake.press(place.ann, board, "How it was made")
    await place.group.until(lambda chat: len(chat.sent) >= before + 2)
    await place.ask("/jobs")
    assert len(place.group.sent) == before + 3


async def test_cards_have_the_picture_to_share(place: Town) -> None:
    board = await trained(place)
    for message in (await place.ask("/card"), await pressed(place, board, "Card")):
        assert photo(message) == "share.png"
        assert "Posts downloaded" in message.caption
        assert "How it was made" in message.buttons[2].text
    link = await place.ask("/start persona_pip", chat=place.alone)
    assert photo(link) == "share.png"


async def test_what_cannot_be_drawn_is_left_out(place: Town, caplog: pytest.LogCaptureFixture) -> None:
    place.service.painter.failing.add("share.png")
    board = await trained(place)
    assert photo(board) == "pipeline.png"
    assert "There is no ink for share.png." in caplog.text
    assert "Posts downloaded" in (await place.ask("/card")).text


async def test_without_any_picture_it_stays_text(place: Town) -> None:
    place.service.painter.failing.update(["share.png", "pipeline.png", "loss.png"])
    board = await trained(place)
    assert board.photo is None
    assert "written by a machine" in board.text


async def test_where_photos_are_not_allowed_the_words_are(place: Town) -> None:
    place.service.trainer.report_gate.clear()
    place.fake.faults.next("editMessageMedia", Fault("refused", description=NO_PHOTOS))
    await place.fake.write(place.ann, place.group, "/train @pip")
    board = await shown(place.group, "@\u2060pip is ready\n")
    await shown(place.group, "is ready. Try /say")
    assert "Posts downloaded" in board.text
    for method, asked in (("sendPhoto", "Card"), ("sendMediaGroup", "How it was made")):
        place.fake.faults.next(method, Fault("refused", description=NO_PHOTOS))
        assert "pip" in (await pressed(place, board, asked)).text


async def test_a_reply_to_a_picture_is_for_its_persona(place: Town) -> None:
    await place.persona("ladle")
    board = await trained(place)
    await place.fake.write(place.ann, place.group, "My lamp is", reply_to=board)
    assert "@\u2060pip ·" in (await shown(place.group, "My lamp is soup.")).text


LONG = "-".join(letter * 80 for letter in "abc")


@pytest.mark.parametrize(
    ("names", "sample", "shown"),
    [
        ("pip", "soup.", ["Posts downloaded", "Different word pairs", "soup."]),
        ("pip-bob-ladle", "soup " * 30, ["Posts downloaded", "Different word pairs"]),
        (LONG, "soup.", ["Different word pairs"]),
    ],
)
async def test_captions_say_what_there_is_room_for(tmp_path: Path, names: str, sample: str, shown: list[str]) -> None:
    """The pictures have the sample, and the numbers of everybody's posts."""
    persona = Persona(names, 1, "v1", 4, manifest(names, report=report_card(), sample=f"My dream is {sample}"))
    message = card(Look(), persona, True, (await FakePainter(Folders(tmp_path)).share(persona),))
    text = message.body.text
    assert units(text) <= CAPTION_LIMIT
    assert "…" not in text
    assert [part for part in ("Posts downloaded", "Different word pairs", sample) if part in text] == shown
    assert message.bare is not None
    assert message.bare.body.text.count("Posts downloaded") == names.count("-") + 1
