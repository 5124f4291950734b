from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.policy import Rules
from bot.settings import LimitSettings
from tests.bot.platforms.telegram.town import Town, town, whole
from tests.doubles.generator import generated
from tests.doubles.telegram import Message
from trainer.protocol import Piece

SAID = "<b>My dream is</b> soup.\n<i>@\u2060pip · written by a machine</i>"


async def pressed(place: Town, message: Message, label: str) -> Message:
    before = len(message.chat.sent)
    await place.fake.press(place.ann, message, label)
    return await whole(message.chat, before)


async def test_a_sentence_is_finished_with_its_label_and_buttons(place: Town) -> None:
    await place.persona()
    for text in ("/say My dream is", f"/SAY@{place.fake.username.upper()}  My dream is", "/say\nMy dream is"):
        message = await place.ask(text, place.ben)
        assert message.html == SAID
        assert [button.text for button in message.buttons] == ["🔁 Again", "➡️ More", "📇 Card"]
        assert message.reply_to is not None
        assert message.reply_to.text == text
        assert message.link_preview_disabled


async def test_alone_plain_words_are_enough_and_nothing_is_quoted(place: Town) -> None:
    await place.persona()
    message = await place.ask("My dream is", chat=place.alone)
    assert message.html == SAID
    assert message.reply_to is None


async def test_buttons_work_after_a_restart(place: Town) -> None:
    await place.persona()
    first = await place.ask("/say My *dream* is @pip")
    async with place.restarted():
        assert (await pressed(place, first, "Again")).text.startswith("My *dream* is @\u2060pip soup.")
        assert (await pressed(place, first, "More")).bold() == ["My *dream* is @\u2060pip soup."]
        assert "Posts downloaded" in (await pressed(place, first, "Card")).caption
    prompts = [request.prompt for request in place.service.generator.requests]
    assert prompts == ["My *dream* is @pip", "My *dream* is @pip", "My *dream* is @pip soup."]


async def test_alone_a_slow_answer_grows_as_a_draft(place: Town) -> None:
    await place.persona()
    gate = asyncio.Event()
    place.service.generator.answers.append(
        [Piece(id=0, sample=0, text=" to sail"), gate, generated("My dream is to sail away")]
    )
    await place.fake.write(place.ann, place.alone, "My dream is")
    await place.alone.until(lambda chat: chat.draft == "")  # "Thinking…"
    await place.alone.until(lambda chat: chat.draft and "My dream is to sail\n" in chat.draft)
    assert place.alone.sent == []
    gate.set()
    await place.alone.until(lambda chat: chat.sent and "to sail away" in chat.sent[-1].text)
    assert place.alone.draft is None
    assert len({number for number, _ in place.alone.drafts}) == 1


async def test_in_a_group_a_slow_answer_grows_in_its_message(place: Town) -> None:
    await place.persona()
    gate = asyncio.Event()
    place.service.generator.answers.append(
        [Piece(id=0, sample=0, text=" to sail"), gate, generated("My dream is to sail away")]
    )
    await place.fake.write(place.ben, place.group, "/say My dream is")
    await place.group.until(lambda chat: chat.action == "typing")
    await place.group.until(lambda chat: chat.sent and "to sail ▌" in chat.sent[-1].text)
    growing = place.group.sent[-1]
    gate.set()
    await place.group.until(lambda chat: "to sail away\n" in growing.text)
    assert growing.buttons
    assert place.group.sent[-1] is growing


async def test_several_ways_to_go_on(place: Town) -> None:
    await place.persona()
    message = await place.ask("/say Tea --n 3")
    assert message.text.startswith("Tea …\n1. soup.\n2. soup.\n3. soup.\n\n")
    assert [button.text for button in message.buttons] == ["🔁 Again", "📇 Card"]
    assert "3. soup." in (await pressed(place, message, "Again")).text


async def test_what_is_generated_mentions_nobody_and_links_nowhere(place: Town) -> None:
    await place.persona()
    nasty = "Hi @ben <b>x</b> *y* /forget@mynah_test_bot https://evil.example/x t.me/abc __z__"
    place.service.generator.answers.append([generated(nasty)])
    message = await place.ask("/say Hi")
    assert message.text.replace("\u2060", "").startswith(nasty)
    assert {entity["type"] for entity in message.entities} == {"bold", "italic"}


async def test_astral_characters_keep_marks_in_their_place(place: Town) -> None:
    await place.persona()
    place.service.generator.answers.append([generated("🦜🏴‍☠️ I say 🦜")])
    message = await place.ask("/say 🦜🏴‍☠️ I")
    assert message.spans("bold")[0].startswith("🦜")
    assert message.spans("italic") == ["@\u2060pip · written by a machine"]


async def test_what_is_too_long_for_a_message_goes_on_in_the_next(place: Town) -> None:
    await place.persona()
    samples = [f"🦜 {n} " + "soup and 🦜 " * 300 for n in range(1, 4)]
    place.service.generator.answers.append([generated(*samples)])
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/say 🦜 --n 3")
    await place.group.until(lambda chat: len(chat.sent) == before + 3)
    messages = place.group.sent[before:]
    assert all(message.spans("italic") == ["@\u2060pip · written by a machine"] for message in messages)
    assert sum(message.text.count("soup") for message in messages) == 900
    assert [[button.text for button in message.buttons] for message in messages] == [["🔁 Again", "📇 Card"], [], []]


async def test_more_goes_on_from_the_last_part(place: Town) -> None:
    await place.persona()
    place.service.generator.answers.append([generated("My dream is " + "soup " * 1200 + "and tea")])
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/say My dream is")
    await place.group.until(lambda chat: len(chat.sent) == before + 2)
    first, last = place.group.sent[before:]
    assert [button.text for button in last.buttons] == ["➡️ More"]
    await pressed(place, last, "More")
    await pressed(place, first, "Again")
    prompts = [request.prompt for request in place.service.generator.requests]
    assert prompts[1].endswith("soup and tea")
    assert prompts[2] == "My dream is"


async def test_errors_are_told_in_the_persons_language(place: Town) -> None:
    await place.persona()
    eva = place.fake.add_user("eva", language="de")
    message = await place.ask("/say --n 3", eva, place.fake.private(eva))
    assert message.text.startswith("Gib mir den Anfang")
    assert (await place.ask("/nonsense", eva, place.fake.private(eva))).text.startswith("Es gibt keinen Befehl /")


async def test_what_is_for_others_is_left_alone(place: Town) -> None:
    await place.persona()
    place.fake.privacy = False
    before = len(place.group.sent)
    for text in ("/say@other_bot Hi", "/unknown", "hello everybody", "/status"):
        await place.fake.write(place.ben, place.group, text)
    assert (await place.ask("/say Hi")).bold() == ["Hi"]
    assert len(place.group.sent) == before + 1


async def test_a_mention_is_a_say_where_the_bot_hears_it(place: Town) -> None:
    await place.persona()
    place.fake.privacy = False
    assert (await place.ask(f"@{place.fake.username} My dream is", place.ben)).html == SAID


async def test_a_reply_to_what_was_said_is_answered_by_the_same_one(place: Town) -> None:
    await place.persona("pip")
    await place.persona("ladle")
    first = await place.ask("/say @pip My dream is")
    await place.ask("/say @ladle Hi")
    before = len(place.group.sent)
    await place.fake.write(place.ben, place.group, "And then", reply_to=first)
    reply = await whole(place.group, before)
    assert reply.bold() == ["And then"]
    assert reply.spans("italic") == ["@\u2060pip · written by a machine"]


async def test_say_in_reply_to_a_message_goes_on_from_it(place: Town) -> None:
    await place.persona()
    theirs = await place.fake.write(place.ben, place.group, "The sea was angry")
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/say", reply_to=theirs)
    mine = await whole(place.group, before)
    assert mine.bold() == ["The sea was angry"]
    assert mine.reply_to is theirs
    await place.fake.write(place.ann, place.group, "/say", reply_to=mine)
    assert (await whole(place.group, before + 1)).bold() == ["The sea was angry soup."]


async def test_say_something_opens_a_field_whose_reply_is_the_prompt(place: Town) -> None:
    await place.persona("pip")
    await place.persona("ladle")
    card = await place.ask("/card @ladle")
    question = await pressed(place, card, "Say something")
    assert question.force_reply
    assert question.placeholder == "My dream is"
    async with place.restarted():
        before = len(place.group.sent)
        await place.fake.write(place.ben, place.group, "My dream is", reply_to=question)
        assert (await whole(place.group, before)).spans("italic") == ["@\u2060ladle · written by a machine"]


async def test_who_speaks_is_remembered_for_each_chat_and_topic(place: Town) -> None:
    for name in ("pip", "ladle"):
        await place.persona(name)
    assert (await place.ask("/say Hi")).text.startswith("Which persona? There are: @\u2060ladle, @\u2060pip.")
    await place.ask("/say @ladle Hi")
    assert "@\u2060ladle ·" in (await place.ask("/say Hi", place.ben)).text
    assert (await place.ask("Hi", chat=place.alone)).text.startswith("Which persona?")
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(persona="pip"))
    forum = await place.forum()
    topics = [forum.add_topic("one"), forum.add_topic("two")]
    for topic, name in zip(topics, ("pip", "ladle"), strict=True):
        before = len(forum.sent)
        await place.fake.write(place.ann, forum, f"/say @{name} Hi", topic=topic)
        await whole(forum, before)
    await place.fake.write(place.ann, forum, "/say Again", topic=topics[0])
    await forum.until(lambda chat: chat.sent and "Again" in chat.sent[-1].text)
    assert "@\u2060pip ·" in forum.sent[-1].text
    assert forum.sent[-1].topic is topics[0]


async def test_personas_come_in_pages_and_are_chosen_there(place: Town) -> None:
    for n in range(11):
        await place.persona(f"p{n:02}")
    page = await place.ask("/personas", chat=place.alone)
    assert page.text.splitlines()[1].startswith("• @\u2060p00 · ")
    assert [button.text for button in page.rows[-1]] == ["1 / 2", "▶️"]
    await (await place.fake.press(place.ann, page, "▶️")).until()
    await place.alone.until(lambda chat: "p10" in page.text)
    await (await place.fake.press(place.ann, page, "@p10")).until()
    await place.alone.until(lambda chat: page.text.startswith("@\u2060p10 speaks here from now on."))
    await (await place.fake.press(place.ann, page, "Back")).until()
    await place.alone.until(lambda chat: "Who can speak here" in page.text)
    assert "@\u2060p10 ·" in (await place.ask("Hi", chat=place.alone)).text


async def test_a_deep_link_leads_to_a_persona(place: Town) -> None:
    await place.persona("pip")
    await place.persona("ladle")
    await place.fake.write(place.ann, place.alone, "/start")
    assert (await whole(place.alone, 0)).text.startswith("I finish your sentences")
    place.fake.deep_link(place.ann, "persona_ladle")
    assert (await whole(place.alone, 1)).bold()[0] == "@\u2060ladle"
    assert "@\u2060ladle ·" in (await place.ask("Hi", chat=place.alone)).text
    place.fake.deep_link(place.ann, "persona_nobody")
    assert (await whole(place.alone, 3)).text.startswith("There is no persona @\u2060nobody.")


async def test_a_channel_speaks_too(place: Town) -> None:
    await place.persona()
    channel = place.fake.add_channel("News")
    await place.fake.post(channel, "/say My dream is")
    assert (await whole(channel, 0)).html == SAID
    await place.fake.post(channel, "nothing for a bot")
    await place.fake.post(channel, "/say Hi")
    await whole(channel, 1)
    assert len(channel.sent) == 2


async def test_edited_messages_are_ignored(place: Town) -> None:
    await place.persona()
    theirs = await place.fake.write(place.ann, place.group, "/say Hi")
    await whole(place.group, 1)
    await place.fake.edit(place.ann, theirs, "/say Ho")
    await place.ask("/say Hey")
    assert [request.prompt for request in place.service.generator.requests] == ["Hi", "Hey"]


async def test_a_wrong_press_is_told_to_who_pressed(place: Town) -> None:
    await place.persona()
    message = await place.ask("/say My dream is")
    await place.service.services.chats.opt_out("pip")
    press = await (await place.fake.press(place.ben, message, "Again")).until()
    assert press.alert
    assert press.text is not None
    assert "doesn't want to be imitated" in press.text


async def test_limits_are_the_same_as_elsewhere_and_quiet_where_nobody_asked(tmp_path: Path) -> None:
    async with town(tmp_path / "data", LimitSettings(cooldown_seconds=60)) as place:
        await place.persona()
        place.fake.privacy = False
        await place.ask("/say Hi", place.ben)
        assert (await place.ask("/say Hi", place.ben)).text.startswith("One at a time, please")
        before = len(place.group.sent)
        await place.fake.write(place.ben, place.group, f"@{place.fake.username} Hi")
        await place.ask("/say Hi", place.ann)  # an admin
        assert len(place.group.sent) == before + 1


@pytest.mark.parametrize("kind", ["group", "supergroup"])
async def test_it_introduces_itself_where_it_is_put(place: Town, kind: str) -> None:
    chat = place.fake.add_group("New", members=[place.ann], kind=kind)
    assert "In the voice of an account, learnt from its posts." in (await whole(chat, 0)).text


async def test_blocked_and_kicked_it_is_silent(place: Town) -> None:
    await place.persona()
    gate = asyncio.Event()
    place.service.generator.answers += [[gate, generated("Hi there")], [gate, generated("Hi there")]]
    await place.fake.write(place.ann, place.alone, "/say Hi")
    await place.fake.write(place.ann, place.group, "/say Hi")
    await place.fake.until(lambda: place.alone.draft == "" and place.group.action == "typing")
    place.fake.block(place.ann)
    place.fake.kick(place.group)
    gate.set()
    carl = place.fake.add_user("carl")
    assert (await place.ask("Hi", carl, place.fake.private(carl))).bold() == ["Hi"]
    assert place.alone.sent == []


async def test_a_bare_say_opens_a_field(place: Town) -> None:
    await place.persona()
    question = await place.ask("/say", place.ben)
    assert question.force_reply
    assert question.text == "Ben: Reply to this with the beginning of a sentence, and @\u2060pip finishes it."
    assert question.spans("text_mention") == ["Ben"]
    before = len(place.group.sent)
    await place.fake.write(place.ben, place.group, "My dream is", reply_to=question)
    assert (await whole(place.group, before)).html == SAID


async def test_only_admins_press_buttons_in_channels(place: Town) -> None:
    await place.persona()
    channel = place.fake.add_channel("News", owner=place.ann)
    await place.fake.post(channel, "/say My dream is")
    message = await whole(channel, 0)
    refused = await (await place.fake.press(place.ben, message, "Again")).until()
    assert refused.text == "Only the admins of this channel may do that."
    assert (await pressed(place, message, "Again")).html == SAID


async def test_prompts_with_hashtags_and_copied_commands_come_back_whole(place: Town) -> None:
    await place.persona()
    first = await place.ask("/say @\u2060pip My #dream costs $USD and")
    assert (await pressed(place, first, "Again")).bold() == first.bold()
    prompts = [request.prompt for request in place.service.generator.requests]
    assert prompts == ["My #dream costs $USD and"] * 2


async def test_a_reply_to_what_is_no_speech_is_left_alone(place: Town) -> None:
    await place.persona()
    place.service.trainer.gate.clear()
    await place.fake.write(place.ann, place.group, "/train @ladle")
    await place.group.until(lambda chat: "· training" in chat.sent[-1].plain)
    await place.fake.write(place.ben, place.group, "How long?", reply_to=place.group.sent[-1])
    before = len(place.group.sent)
    assert (await place.ask("/say Hi")).bold() == ["Hi"]
    assert len(place.group.sent) == before + 1
    place.service.trainer.gate.set()
