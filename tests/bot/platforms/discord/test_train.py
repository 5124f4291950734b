from __future__ import annotations

import asyncio
from pathlib import Path

from bot.domain import JobState
from bot.errors import OperatorError
from bot.policy import Rules
from bot.settings import LimitSettings
from tests.bot.platforms.discord.harbour import Harbour, answered, harbour
from tests.doubles.discord import Asked, Message, User
from tests.doubles.sources import make_posts
from trainer.protocol import Progress

POSTS = "\n".join(f"pip says {post.text}" for post in make_posts()).encode()


async def train(place: Harbour, user: User, handle: str = "pip", **options: object) -> Asked:
    return await place.fake.slash(user, place.general, "train", handle=handle, **options)  # type: ignore[arg-type]


async def shown(place: Harbour, text: str, count: int = 1) -> Message:
    """The channel's message that has this text, once it is there."""

    def found(messages: list[Message]) -> list[Message]:
        return [message for message in messages if text in message.text]

    await place.general.until(lambda messages: len(found(messages)) >= count)
    return found(place.general.messages)[-1]


async def test_a_training_from_its_command_to_its_card(place: Harbour) -> None:
    asked = await train(place, place.ann)
    reply = await answered(asked)
    assert asked.ephemeral
    board = await shown(place, "is ready")
    assert (
        reply.content
        == f"Training @pip. Follow it here: https://discord.com/channels/{place.guild.id}/{place.general.id}/{board.id}"
    )
    await shown(place, "Taken for the author")
    assert board.edits
    for text in ("Posts downloaded", "bits per byte", "96%", "written by a machine"):
        assert text in board.text
    assert [button.label for button in board.buttons] == ["Say something", "Card", "Retrain"]
    call = await shown(place, f"{place.ann.mention}, **@pip** is ready.")
    assert call.pings == [place.ann]
    assert call.reference is board
    assert len(place.general.messages) == 2


async def test_progress_is_edited_in_place_with_a_bar_and_a_countdown(place: Harbour) -> None:
    trainer = place.service.trainer
    trainer.events = [Progress(stage="train", done=9, total=20, loss=3.21, held_out_loss=3.4, seconds_left=32)]
    trainer.gate.clear()
    await train(place, place.ann)
    board = await shown(place, "loss 3.21, on held-out posts 3.40")
    assert "`█████████···········` 45% · training · ready <t:" in board.text
    assert [button.label for button in board.buttons] == ["Cancel"]
    trainer.gate.set()
    await shown(place, "**@pip** is ready.")


async def test_the_queue_shows_its_places(place: Harbour) -> None:
    place.service.trainer.gate.clear()
    await train(place, place.ann, "pip")
    await shown(place, "training")
    await answered(await train(place, place.ann, "ladle"))
    await answered(await train(place, place.ann, "bob"))
    second, third = await shown(place, "Place 2 in the queue"), await shown(place, "Place 3 in the queue")
    await answered(await place.fake.click(place.ann, second, "Cancel"))
    await place.general.until(lambda messages: "It was cancelled." in second.text and "Place 2 in" in third.text)
    again = await answered(await train(place, place.ann, "pip"))
    assert again.content.startswith("@pip is already training (job 1).")
    place.service.trainer.gate.set()
    await shown(place, "**@bob** is ready.")


async def test_only_admins_and_who_asked_may_cancel(place: Harbour) -> None:
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(everyone_trains=True))
    place.service.trainer.gate.clear()
    await train(place, place.ben)
    board = await shown(place, "training")
    eve = place.guild.add_member("eve")
    refused = await answered(await place.fake.click(eve, board, "Cancel"))
    assert refused.content == "Only the person who asked for it, or an admin, may do that."
    done = await answered(await place.fake.click(place.ann, board, "Cancel"))
    assert done.content == "Job 1 (@pip) is cancelled."
    await place.general.until(lambda messages: "It was cancelled." in board.text)
    assert len(place.general.messages) == 1  # nobody is called for what they, or an admin, have stopped


async def test_members_need_leave_to_train(place: Harbour) -> None:
    refused = await answered(await train(place, place.ben))
    assert refused.content.startswith("Only admins may train here.")
    role = place.guild.add_role("trainers")
    place.guild.set_roles(place.ben, role)
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(trainers=(str(role.id),)))
    await train(place, place.ben)
    await shown(place, "**@pip** is ready.")
    assert place.service.trainer.requests


async def test_a_failure_is_told_where_the_training_was_shown(place: Harbour) -> None:
    place.service.sources.posts["tiny"] = make_posts(2)
    await train(place, place.ann, "tiny")
    board = await shown(place, "@tiny was not trained")
    assert "has too little text to learn a voice from" in board.text
    call = await shown(place, f"{place.ann.mention}, **@tiny** could not be trained")
    assert call.pings == [place.ann]


async def test_a_message_that_somebody_deleted_comes_back_at_the_end(place: Harbour) -> None:
    place.service.trainer.gate.clear()
    await train(place, place.ann)
    board = await shown(place, "training")
    await board.delete()
    place.service.trainer.gate.set()
    final = await shown(place, "Posts downloaded")
    assert final.id != board.id
    await shown(place, "**@pip** is ready.")


async def test_where_the_channel_is_gone_the_person_is_written_to(place: Harbour) -> None:
    place.service.trainer.gate.clear()
    await train(place, place.ann)
    await shown(place, "training")
    await place.general.delete()
    place.service.trainer.gate.set()
    private = place.fake.dm(place.ann)
    await private.until(lambda messages: any("**@pip** is ready." in message.text for message in messages))


async def test_a_kicked_bot_finishes_its_job(place: Harbour) -> None:
    place.service.trainer.gate.clear()
    await train(place, place.ann)
    await shown(place, "training")
    await place.guild.kick_bot()
    place.service.trainer.gate.set()
    await place.service.jobs.settled(1)
    await place.fake.until(lambda: "end pip" in place.service.trainer.log)
    while (await place.service.job(1)).state is not JobState.DONE:
        await asyncio.sleep(0.01)


async def test_a_missing_permission_is_named_and_the_person_written_to(place: Harbour) -> None:
    place.guild.deny(place.general, "send_messages")
    reply = await answered(await train(place, place.ann))
    assert "I lack the permission “Send Messages”" in reply.content
    private = place.fake.dm(place.ann)
    await private.until(lambda messages: any("**@pip** is ready." in message.text for message in messages))


async def test_a_file_is_streamed_and_goes_with_its_job(place: Harbour) -> None:
    place.service.sources.posts["newcomer"] = make_posts()
    place.service.trainer.gate.clear()
    await train(place, place.ann, "newcomer", file=place.fake.upload("my posts.txt", POSTS, "text/plain"))
    await shown(place, "training")
    (kept,) = place.service.folders.uploads.glob("*/*")
    assert kept.name == "my_posts.txt"
    assert kept.read_bytes() == POSTS
    place.service.trainer.gate.set()
    await shown(place, "**@newcomer** is ready.")
    assert list(place.service.folders.uploads.iterdir()) == []
    assert await place.service.store.spaces("newcomer") == {place.space}


async def test_a_file_too_large_is_not_downloaded(place: Harbour) -> None:
    file = place.fake.upload("tweets.js", size=30_000_000)
    reply = await answered(await train(place, place.ann, "newcomer", file=file))
    assert reply.content == "tweets.js has 30 MB; I take 20 MB. Of an X archive, data/tweets.js is enough."
    assert place.fake.cdn_reads == 0
    other = await answered(await train(place, place.ann, "newcomer", file=place.fake.upload("me.png", b"x")))
    assert other.content.startswith("me.png can't be posts. I can read an X archive")
    empty = await answered(await train(place, place.ann, "newcomer", file=place.fake.upload("me.txt", b"")))
    assert empty.content.startswith("me.txt is empty.")


async def test_a_job_goes_on_in_the_same_message_after_a_restart(place: Harbour) -> None:
    place.service.trainer.gate.clear()
    await train(place, place.ann)
    board = await shown(place, "training")
    async with place.restarted():
        place.service.trainer.gate.set()
        await shown(place, "**@pip** is ready.")
    assert "Taken for the author" in board.text or "Its report card comes in a moment" in board.text
    assert len(place.general.messages) == 2


async def test_what_ended_while_discord_was_away_is_told_later(place: Harbour) -> None:
    place.service.trainer.gate.clear()
    await train(place, place.ann)
    board = await shown(place, "training")
    await place.connection.aclose()
    place.service.jobs.notifier = place.service.notifier
    place.service.trainer.gate.set()
    await place.service.notifier.wait(1)
    async with place.restarted():
        await shown(place, "**@pip** is ready.")
        assert "Posts downloaded" in board.text
    async with place.restarted():
        await place.client.wait_until_ready()
    assert len(place.general.messages) == 2


async def test_retrain_takes_the_accounts_that_it_has(place: Harbour) -> None:
    await train(place, place.ann, "pip:2", handle2="ladle")
    await shown(place, "** is ready.")
    board = place.general.messages[0]
    await shown(place, "Taken for the author")
    place.service.sources.posts["pip"] += make_posts(beginning="later pip says ")
    await answered(await place.fake.click(place.ann, board, "Retrain"))
    while len(place.service.trainer.requests) < 2:
        await asyncio.sleep(0.01)
    weights = [{account.handle: account.weight for account in one.accounts} for one in place.service.trainer.requests]
    assert weights[0] == weights[1] == {"pip": 2.0, "ladle": 1.0}


async def test_in_ones_own_app_the_training_is_shown_in_private(place: Harbour) -> None:
    foreign = place.fake.add_guild("Elsewhere", bot=False)
    channel = foreign.add_channel("talk")
    foreign.add_member(place.ben)
    asked = await place.fake.slash(place.ben, channel, "train", installed="user", handle="pip")
    assert (await answered(asked)).content.startswith("Training @pip. I wrote you a private message")
    private = place.fake.dm(place.ben)
    await private.until(lambda messages: any("**@pip** is ready." in message.text for message in messages))
    assert await place.service.store.spaces("pip") == {f"discord:dm:{place.ben.id}"}


async def test_files_of_the_machine_cannot_be_named(place: Harbour) -> None:
    reply = await answered(await train(place, place.ann, "@pip --from /etc/passwd"))
    assert reply.content == "Attach the file to the command, as its option “file”."


async def test_what_one_server_gave_is_not_for_another(place: Harbour) -> None:
    place.service.sources.posts["newcomer"] = make_posts()
    await train(place, place.ann, "newcomer", file=place.fake.upload("posts.txt", POSTS))
    await shown(place, "**@newcomer** is ready.")
    other = place.fake.add_guild("Other")
    channel, eve = other.add_channel("talk"), other.add_member("eve", admin=True)
    said = await answered(await place.fake.slash(eve, channel, "say", prompt="Hi", persona="newcomer"))
    assert said.content.startswith("There is no persona yet.")
    file = place.fake.upload("posts.txt", POSTS)
    taken = await answered(await place.fake.slash(eve, channel, "train", handle="newcomer", file=file))
    assert taken.content.startswith("Somebody else has a persona @newcomer.")
    assert list(place.service.folders.uploads.iterdir()) == []


async def test_a_closed_message_is_replaced_at_the_end(place: Harbour) -> None:
    """As in an archived thread, or where a message is too old to be edited often."""
    place.service.trainer.gate.clear()
    await train(place, place.ann)
    await shown(place, "training")
    place.fake.faults.fail("PATCH", r"/messages/", 400, code=50083, message="Thread is archived", times=3)
    place.service.trainer.gate.set()
    await shown(place, "**@pip** is ready.")
    assert sum("Posts downloaded" in message.text for message in place.general.messages) == 1


async def test_one_that_cannot_be_told_does_not_stop_the_others(place: Harbour) -> None:
    place.service.trainer.gate.clear()
    await train(place, place.ann)
    await shown(place, "training")
    place.fake.faults.fail("*", r"/channels/\d+/messages", 503, times=200)
    place.service.trainer.gate.set()
    await place.service.jobs.settled(1)
    place.fake.faults.clear()
    await place.client.board.close()
    await place.client.board.catch_up()
    await shown(place, "**@pip** is ready.")


async def test_a_job_whose_message_could_not_be_posted_is_not_lost(place: Harbour) -> None:
    place.fake.faults.fail("POST", rf"/channels/{place.general.id}/messages", 503, times=4)
    asked = await train(place, place.ann)
    assert (await answered(asked)).content.startswith("Training @pip. I can't show it here")
    await shown(place, "**@pip** is ready.")


async def test_the_message_in_private_can_cancel(place: Harbour) -> None:
    place.guild.deny(place.general, "send_messages")
    place.service.trainer.gate.clear()
    await train(place, place.ann)
    private = place.fake.dm(place.ann)
    await private.until(lambda messages: any("training" in message.text for message in messages))
    done = await answered(await place.fake.click(place.ann, private.messages[0], "Cancel"))
    assert done.content == "Job 1 (@pip) is cancelled."


async def test_what_is_wrong_with_the_machine_is_not_told_in_public(place: Harbour) -> None:
    place.service.trainer.error = OperatorError("The folder /home/secret is broken.")
    await train(place, place.ann)
    board = await shown(place, "@pip was not trained")
    assert "Something is wrong on my side" in board.text
    assert "secret" not in board.text


async def test_uploads_that_no_job_waits_for_go_at_the_start(place: Harbour) -> None:
    orphan = place.service.folders.uploads / "x" / "posts.txt"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(POSTS)
    await place.service.jobs.recover()
    assert not orphan.parent.exists()


async def test_nothing_new_is_told_at_once_and_to_the_person_alone(place: Harbour) -> None:
    place.service.sources.posts["newcomer"] = make_posts()
    await train(place, place.ann, "newcomer", file=place.fake.upload("posts.txt", POSTS))
    await shown(place, "**@newcomer** is ready.")
    place.service.sources.before["newcomer"] = place.service.sources.posts.pop("newcomer")
    board = place.general.messages[0]
    asked = await place.fake.click(place.ann, board, "Retrain")
    assert (await answered(asked)).content.startswith("@newcomer has no new posts since version 1")
    assert asked.ephemeral
    assert len(place.general.messages) == 2


async def test_starting_over_and_naming_somebody_on_discord(place: Harbour) -> None:
    await train(place, place.ann, "pip")
    await shown(place, "**@pip** is ready.")
    await train(place, place.ann, "pip", fresh=True)
    await place.general.until(lambda messages: len(messages) == 4)
    assert [one.refresh is None for one in place.service.trainer.requests] == [True, True]
    told = await answered(await train(place, place.ann, place.ben.mention))
    assert told.content.startswith("That is somebody on Discord.")


async def test_private_trainings_have_a_limit_of_their_own(tmp_path: Path) -> None:
    async with harbour(tmp_path, LimitSettings(private_trainings_a_day=0)) as place:
        asked = await place.fake.slash(place.ben, place.fake.dm(place.ben), "train", handle="pip")
        assert (await answered(asked)).content.startswith("That was all for today here: 0 trainings a day.")


async def test_somebody_has_to_say_yes_to_what_it_costs(place: Harbour) -> None:
    sources = place.service.sources
    sources.cost, sources.left = 16_000_000, 20_000_000
    question = await answered(await train(place, place.ann))
    assert "about $16.00" in question.text
    assert [button.label for button in question.buttons] == ["Yes, read them"]
    await place.fake.click(place.ann, question, "Yes, read them")
    await shown(place, "is ready")


async def test_options_of_a_file(place: Harbour) -> None:
    await train(place, place.ann, sender="Ann O'Hara", language="English")
    await shown(place, "40 posts were left out, since they are not in English")
    job = await place.service.job(1)
    assert [(account.part, account.language) for account in job.accounts] == [(None, "en")]


async def test_a_network_that_has_to_be_waited_for(place: Harbour) -> None:
    trainer = place.service.trainer
    trainer.events = [Progress(stage="wait", done=1200, total=3200, seconds_left=600)]
    trainer.gate.clear()
    await train(place, place.ann)
    board = await shown(place, "waiting until the network lets me read on · goes on <t:")
    assert "40 of 40 posts" in board.text
    trainer.gate.set()
