from __future__ import annotations

from bot.policy import Rules
from tests.bot.platforms.telegram.town import Town, whole
from tests.doubles.telegram import Message


async def rules(place: Town) -> Rules:
    return await place.service.services.chats.rules(place.space)


async def press(place: Town, form: Message, label: str) -> None:
    edits = len(form.edits)
    await (await place.fake.press(place.ann, form, label)).until()
    await form.chat.until(lambda chat: len(form.edits) > edits)


async def test_every_change_is_saved_and_shown_at_once(place: Town) -> None:
    await place.persona("pip", place.space)
    form = await place.ask("/settings")
    assert [button.text for button in form.buttons] == [
        "⬜ Everyone may train",
        "🗣 Speaks by default: nobody",
        "🔢 2,000 answers a day",
        "🔢 10 trainings a day",
    ]
    await (await place.fake.press(place.ann, form, "Everyone")).until()
    await place.group.until(lambda chat: form.buttons[0].text == "✅ Everyone may train")
    await press(place, form, "Speaks by default")
    await press(place, form, "@pip")
    await press(place, form, "answers a day")
    await press(place, form, "50")
    await press(place, form, "trainings a day")
    await press(place, form, "none")
    assert await rules(place) == Rules(everyone_trains=True, persona="pip", generations_a_day=50, trainings_a_day=0)
    await press(place, form, "trainings a day")
    await press(place, form, "(the most)")
    await press(place, form, "Speaks by default: @")
    await press(place, form, "nobody")
    assert await rules(place) == Rules(everyone_trains=True, generations_a_day=50)


async def test_only_admins_change_settings_and_only_of_groups(place: Town) -> None:
    assert (await place.ask("/settings", place.ben)).text.startswith("Only the admins of this group")
    form = await place.ask("/settings")
    refused = await (await place.fake.press(place.ben, form, "Everyone")).until()
    assert refused.alert
    assert (await place.ask("/settings", chat=place.alone)).text.startswith("There is nothing to decide here")
    assert await rules(place) == Rules()


async def test_an_anonymous_admin_is_one(place: Town) -> None:
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/settings", anonymous=True)
    assert (await whole(place.group, before)).text.startswith("Settings of this group")
    channel = place.fake.add_channel("Elsewhere", bot_admin=False)
    await place.fake.write(place.ben, place.group, "/settings", as_channel=channel)
    assert (await whole(place.group, before + 1)).text.startswith("Only the admins")


async def test_topics_where_it_may_talk(place: Town) -> None:
    await place.persona()
    forum = await place.forum()
    play, work = forum.add_topic("play"), forum.add_topic("work")
    before = len(forum.sent)
    await place.fake.write(place.ann, forum, "/settings", topic=play)
    form = await whole(forum, before)
    await (await place.fake.press(place.ann, form, "Talk in this topic")).until()
    await forum.until(lambda chat: any("every topic" in button.text for button in form.buttons))
    for topic, text in ((play, "Hi soup."), (work, "I'm not meant to talk in this channel.")):
        before = len(forum.sent)
        await place.fake.write(place.ben, forum, "/say Hi", topic=topic)
        assert (await whole(forum, before)).text.startswith(text)
    await (await place.fake.press(place.ann, form, "every topic")).until()
    await forum.until(lambda chat: not any("every topic" in button.text for button in form.buttons))
    before = len(forum.sent)
    await place.fake.write(place.ben, forum, "/say Hi", topic=work)
    assert (await whole(forum, before)).text.startswith("Hi soup.")


async def test_commands_are_told_for_each_kind_of_chat_and_language_once(place: Town) -> None:
    await place.fake.until(lambda: len(place.fake.commands) == 15)
    groups = dict(place.fake.commands["all_group_chats", ""])
    admins = dict(place.fake.commands["all_chat_administrators", "de"])
    assert "settings" not in groups
    assert groups["say"] == "finish a sentence in a persona's voice"
    assert {"settings", "forget", "train"} <= set(admins)
    assert admins["say"] != groups["say"]
    async with place.restarted():
        await place.ask("/help")
    assert len(place.fake.calls("setMyCommands")) == 15


async def test_pages_about_privacy_and_opting_out(place: Town) -> None:
    await place.persona()
    page = await place.ask("/privacy")
    assert page.bold()[0] == "What I keep"
    assert (await place.ask("/optout @pip", place.ben)).text.startswith("Nobody can train on @\u2060pip with me")
    assert (await place.ask("/say @pip Hi")).text.startswith("@\u2060pip doesn't want to be imitated")
