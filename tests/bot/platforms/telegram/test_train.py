from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.domain import JobState
from bot.errors import OperatorError
from bot.policy import Rules
from bot.settings import LimitSettings
from tests.bot.platforms.telegram.town import Town, town, whole
from tests.doubles.sources import make_posts
from tests.doubles.telegram import Chat, Fault, Message
from trainer.protocol import Progress

POSTS = "\n".join(f"pip says {post.text}" for post in make_posts()).encode()


async def shown(chat: Chat, text: str) -> Message:
    """The bot's message that has this text, once it is there."""
    await chat.until(lambda chat: any(text in message.plain for message in chat.sent))
    return next(message for message in reversed(chat.sent) if text in message.plain)


async def test_a_training_from_its_command_to_its_card(place: Town) -> None:
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/train @pip")
    call = await shown(place.group, "is ready. Try /say")
    board = await shown(place.group, "Taken for the author")
    assert board.reply_to is not None
    assert board.reply_to.text == "/train @pip"
    assert place.group.sent[before:] == [board, call]
    assert board.edits
    for text in ("Posts downloaded", "bits per byte", "96%", "written by a machine"):
        assert text in board.caption
    assert [button.text for button in board.buttons] == ["💬 Say something", "📇 Card", "🔍 How it was made"]
    assert call.reply_to is board
    assert f"tg://user?id={place.ann.id}" in call.html
    card = await place.ask("/card")
    assert "Different word pairs" in card.caption


async def test_alone_nobody_is_mentioned(place: Town) -> None:
    await place.fake.write(place.ann, place.alone, "/train @pip")
    call = await shown(place.alone, "is ready. Try /say")
    assert "tg://" not in call.html


async def test_progress_is_edited_in_place_with_a_bar(place: Town) -> None:
    trainer = place.service.trainer
    trainer.events = [Progress(stage="train", done=9, total=20, loss=3.21, held_out_loss=3.4, seconds_left=32)]
    trainer.gate.clear()
    await place.fake.write(place.ann, place.alone, "/train @pip")
    board = await shown(place.alone, "loss 3.21, on held-out posts 3.40")
    assert board.spans("code") == ["████▌·····"]
    assert "\n45% · training · 32 s left" in board.text
    assert [button.text for button in board.buttons] == ["✖️ Cancel"]
    trainer.gate.set()
    await shown(place.alone, "is ready. Try")


async def test_the_queue_shows_its_places_and_cancels(place: Town) -> None:
    place.service.trainer.gate.clear()
    for name in ("pip", "ladle", "bob"):
        await place.fake.write(place.ann, place.group, f"/train @{name}")
        await shown(place.group, f"Training @\u2060{name}")
    second, third = await shown(place.group, "Place 2 in the queue"), await shown(place.group, "Place 3 in the queue")
    press = await (await place.fake.press(place.ben, second, "Cancel")).until()
    assert press.alert
    assert press.text == "Only the person who asked for it, or an admin, may do that."
    await place.fake.press(place.ann, second, "Cancel")
    await place.group.until(lambda chat: "It was cancelled." in second.text and "Place 2 in" in third.text)
    assert (await place.ask("/train @pip")).text.startswith("@\u2060pip is already training (job 1).")
    jobs = await place.ask("/jobs")
    assert "🏃 @\u2060pip running · asked for" in jobs.text
    assert [button.text for button in jobs.buttons] == ["✖️ Cancel @bob", "✖️ Cancel @pip"]
    place.service.trainer.gate.set()
    await shown(place.group, "@\u2060bob is ready. Try")


async def test_only_admins_train_unless_they_let_others(place: Town) -> None:
    refused = await place.ask("/train @pip", place.ben)
    assert refused.text.startswith("Only admins may train here.")
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(everyone_trains=True))
    await place.fake.write(place.ben, place.group, "/train @pip")
    await shown(place.group, "is ready. Try")


@pytest.mark.parametrize("way", ["caption", "reply"])
async def test_a_file_with_its_command(place: Town, way: str) -> None:
    if way == "caption":
        await place.fake.upload(place.ann, place.alone, "posts.txt", POSTS, caption="/train @bob")
    else:
        file = await place.fake.upload(place.ann, place.alone, "posts.txt", POSTS)
        assert (await whole(place.alone, 0)).text.startswith("Whose posts are these?")
        await place.fake.write(place.ann, place.alone, "/train @bob", reply_to=file)
    await shown(place.alone, "@\u2060bob is ready. Try")
    assert not list(place.service.folders.uploads.glob("*/*"))
    assert await place.service.store.spaces("bob") == {f"telegram:dm:{place.ann.id}"}


async def test_whoever_gives_a_file_is_told_what_becomes_of_it(place: Town) -> None:
    place.service.trainer.gate.clear()
    place.service.trainer.events = []
    await place.fake.write(place.ann, place.alone, "/train @pip")
    await shown(place.alone, "Training @\u2060pip")
    await place.fake.upload(place.ann, place.group, "posts.txt", POSTS, caption="/train @bob")
    await shown(place.group, "I learn from the file that you gave me.")
    place.service.trainer.gate.set()


@pytest.mark.parametrize(
    ("name", "size", "text"),
    [
        ("tweets.js", 30_000_000, "tweets.js has 30 MB; I take 20 MB."),
        ("song.mp3", 1000, "song.mp3 can't be posts."),
        ("posts.txt", 0, "posts.txt is empty."),
    ],
)
async def test_files_that_cannot_be(place: Town, name: str, size: int, text: str) -> None:
    before = len(place.group.sent)
    await place.fake.upload(place.ann, place.group, name, b"", caption="/train @pip", size=size)
    assert (await whole(place.group, before)).text.replace("\u2060", "").startswith(text)


async def test_telegrams_own_limit_says_what_to_send_instead(tmp_path: Path) -> None:
    async with town(tmp_path / "data") as place:
        limits = place.service.services.settings.limits
        object.__setattr__(limits, "upload_megabytes", 2000)
        place.fake.files.download_limit = 1000
        place.fake.faults.next("getFile", Fault("refused", description="Bad Request: file is too big"))
        await place.fake.upload(place.ann, place.alone, "tweets.js", POSTS, caption="/train @pip")
        message = (await whole(place.alone, 0)).text.replace("\u2060", "")
        assert "Telegram lets me read 20 MB" in message
        assert "send data/tweets.js alone, or a zip without the media" in message


async def test_a_download_that_breaks_off_is_told_and_leaves_nothing(place: Town) -> None:
    place.fake.faults.next("download", Fault("cut"))
    await place.fake.upload(place.ann, place.alone, "posts.txt", POSTS, caption="/train @pip")
    assert (await whole(place.alone, 0)).text.replace("\u2060", "").startswith("posts.txt couldn't be downloaded from")
    assert not list(place.service.folders.uploads.glob("*"))


async def test_a_failure_says_why_and_calls(place: Town) -> None:
    place.service.trainer.error = OperatorError("no room")
    await place.fake.write(place.ann, place.group, "/train @pip")
    await shown(place.group, "Something is wrong on my side")
    call = await shown(place.group, "could not be trained; the message above says why.")
    assert f"tg://user?id={place.ann.id}" in call.html
    assert (await place.ask("/train @stranger")).text.startswith("I don't know an account @\u2060stranger.")


async def test_forgetting_asks_first(place: Town) -> None:
    await place.persona("pip", place.space)
    refused = await place.ask("/forget @pip", place.ben)
    assert refused.text.startswith("Only admins may make me forget a persona.")
    question = await place.ask("/forget @pip")
    assert question.text.startswith("Forget @\u2060pip? This deletes")
    await place.fake.press(place.ann, question, "Forget")
    await place.group.until(lambda chat: "is forgotten" in question.text)
    assert question.buttons == []
    assert await place.service.store.persona("pip") is None


async def test_the_end_of_a_job_is_told_after_a_restart(place: Town) -> None:
    place.service.trainer.gate.clear()
    await place.fake.write(place.ann, place.group, "/train @pip")
    board = await shown(place.group, "· training")
    async with place.fake.unreachable():
        place.service.trainer.gate.set()
        while (await place.service.job(1)).state is not JobState.DONE:
            await asyncio.sleep(0.01)
    async with place.restarted():
        await place.group.until(lambda chat: "is ready" in board.plain)
        await shown(place.group, "is ready. Try")
    assert sum("is ready. Try" in message.plain for message in place.group.sent) == 1


async def test_where_it_was_kicked_the_person_is_told_alone(place: Town) -> None:
    place.alone.started = True
    place.service.trainer.gate.clear()
    await place.fake.write(place.ann, place.group, "/train @pip")
    await shown(place.group, "· training")
    place.fake.kick(place.group)
    place.service.trainer.gate.set()
    await shown(place.alone, "@\u2060pip is ready")


async def test_a_group_that_becomes_a_supergroup_keeps_everything(place: Town) -> None:
    group = place.fake.add_group("Small", members=[place.ann], admins=[place.ann], kind="group")
    space = f"telegram:{group.id}"
    await place.service.services.chats.change_rules(space, lambda _: Rules(everyone_trains=True, persona="ladle"))
    await place.persona("ladle", space)
    place.service.trainer.gate.clear()
    await place.fake.write(place.ann, group, "/train @pip")
    await shown(group, "· training")
    new = await place.fake.migrate(group)
    await place.fake.write(place.ann, new, "/say Hi")
    assert "@\u2060ladle ·" in (await shown(new, "Hi soup.")).text
    place.service.trainer.gate.set()
    await shown(new, "@\u2060pip is ready. Try")
    assert (await place.service.services.chats.rules(f"telegram:{new.id}")).everyone_trains


async def test_only_what_was_trained_counts_for_the_day(tmp_path: Path) -> None:
    async with town(tmp_path / "data", LimitSettings(cooldown_seconds=0, private_trainings_a_day=2)) as place:
        place.service.trainer.gate.clear()
        await place.fake.write(place.ann, place.group, "/train @bob")
        await shown(place.group, "· training")
        alone = place.fake.private(place.ben)
        for n in range(4):
            await place.fake.write(place.ben, alone, "/train @pip")
            await alone.until(lambda chat: len(chat.sent) > n)  # noqa: B023
            board = alone.sent[-1]
            assert "Place 2 in the queue" in board.text
            press = await (await place.fake.press(place.ben, board, "Cancel")).until()
            assert press.text == f"Job {n + 2} (@\u2060pip) is cancelled."
            await alone.until(lambda chat: "It was cancelled." in board.text)  # noqa: B023
        place.service.trainer.gate.set()


async def test_somebody_has_to_say_yes_to_what_it_costs(place: Town) -> None:
    sources = place.service.sources
    sources.cost, sources.left = 16_000_000, 20_000_000
    await place.fake.write(place.ann, place.group, "/train @pip")
    question = await shown(place.group, "posts from X costs about")
    assert [button.text for button in question.buttons] == ["💵 Yes, read them"]
    press = await (await place.fake.press(place.ben, question, "Yes, read them")).until()
    assert press.alert
    assert "Only admins may train here" in (press.text or "")
    await place.fake.press(place.ann, question, "Yes, read them")
    await shown(place.group, "is ready. Try /say")


async def test_who_sent_posts_sees_what_is_learnt_of_them(place: Town) -> None:
    trainer = place.service.trainer
    trainer.gate.clear()
    trainer.events = [Progress(stage="train", done=1, total=20)]
    await place.fake.write(place.ann, place.alone, "/train @pip")
    board = await shown(place.alone, "40 of 40 posts")
    assert "pip says" in board.text
    await place.fake.write(place.ann, place.group, "/train @ladle")
    trainer.gate.set()
    await shown(place.alone, "is ready. Try")
    trainer.gate.clear()
    board = await shown(place.group, "40 of 40 posts")
    assert "ladle says" not in board.text
    trainer.gate.set()
    await shown(place.group, "is ready. Try")


async def test_a_network_that_has_to_be_waited_for(place: Town) -> None:
    trainer = place.service.trainer
    trainer.events = [Progress(stage="wait", done=1200, total=3200, seconds_left=600)]
    trainer.gate.clear()
    await place.fake.write(place.ann, place.alone, "/train @pip")
    board = await shown(place.alone, "waiting until the network lets me read on")
    assert "10 min left" in board.text
    trainer.gate.set()
    await shown(place.alone, "is ready. Try")
