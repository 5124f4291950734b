from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.policy import Rules
from bot.settings import LimitSettings
from tests.bot.platforms.discord.harbour import Harbour, answered, harbour
from tests.doubles.discord import Message, WebhookAuthor
from tests.doubles.generator import generated
from trainer.protocol import Piece

LABEL = "-# @pip · written by a machine"
SAID = f"**My dream is** soup.\n{LABEL}"


async def test_a_sentence_is_finished_at_once_where_that_is_possible(place: Harbour) -> None:
    await place.persona()
    asked = await place.fake.slash(place.ben, place.general, "say", prompt="My dream is")
    message = await answered(asked)
    assert (asked.ack_type, asked.ephemeral) == (4, False)
    assert message.content == SAID
    assert [button.label for button in message.buttons] == ["Again", "More"]


async def test_again_and_more_work_after_a_restart(place: Harbour) -> None:
    await place.persona()
    first = await answered(
        await place.fake.slash(place.ben, place.general, "say", prompt="My *dream* is", persona="pip")
    )
    async with place.restarted():
        again = await answered(await place.fake.click(place.ann, first, "Again"))
        assert again.content == r"**My \*dream\* is** soup." + f"\n{LABEL}"
        more = await answered(await place.fake.click(place.ann, first, "More"))
        assert more.text.startswith(r"**My \*dream\* is soup.** soup.")
    prompts = [request.prompt for request in place.service.generator.requests]
    assert prompts == ["My *dream* is", "My *dream* is", "My *dream* is soup."]


async def test_a_slow_answer_thinks_and_then_grows(place: Harbour) -> None:
    await place.persona()
    gate = asyncio.Event()
    pieces = [Piece(id=0, sample=0, text=" to sail")]
    place.service.generator.answers.append([*pieces, gate, generated("My dream is to sail away")])
    asked = await place.fake.slash(place.ben, place.general, "say", prompt="My dream is")
    await asked.acknowledged()
    assert asked.ack_type == 5
    await asked.until(lambda asked: asked.message is not None and "**My dream is** to sail ▌" in asked.message.content)
    gate.set()
    await asked.until(lambda asked: asked.message is not None and "to sail away\n" in asked.message.content)


async def test_several_ways_to_go_on(place: Harbour) -> None:
    await place.persona()
    message = await answered(await place.fake.slash(place.ben, place.general, "say", prompt="Tea", n=3))
    assert message.content == f"**Tea** …\n1. soup.\n2. soup.\n3. soup.\n{LABEL}"
    assert [button.label for button in message.buttons] == ["Again"]
    again = await answered(await place.fake.click(place.ben, message, "Again"))
    assert "3. soup." in again.content


async def test_what_is_generated_pings_nobody_and_links_nowhere(place: Harbour) -> None:
    await place.persona()
    nasty = f"Hi <@{place.ann.id}> @everyone [free](https://evil.example) discord.gg/abc **x** # y `z`"
    place.service.generator.answers.append([generated(nasty)])
    message = await answered(await place.fake.slash(place.ben, place.general, "say", prompt="Hi"))
    assert message.pings == []
    for live in (" <@", " @everyone", " [free", "https://", "discord.gg", " **x", " #", " `"):
        assert live not in message.content.split("\n-#")[0]
    assert message.allowed_mentions == {"parse": []}


async def test_a_wrong_prompt_is_told_to_the_person_alone(place: Harbour) -> None:
    await place.persona()
    asked = await place.fake.slash(place.ben, place.general, "say", prompt="​ ")
    message = await answered(asked)
    assert asked.ephemeral
    assert message.content.startswith("Give me the beginning of a sentence to finish")


async def test_the_persona_is_remembered_for_the_channel(place: Harbour) -> None:
    for name in ("pip", "ladle"):
        await place.persona(name)
    other = place.guild.add_channel("other")
    assert (
        "@ladle" in (await answered(await place.fake.slash(place.ben, place.general, "say", prompt="@ladle Hi"))).text
    )
    assert "@ladle" in (await answered(await place.fake.slash(place.ann, place.general, "say", prompt="Hi"))).text
    which = await answered(await place.fake.slash(place.ben, other, "say", prompt="Hi"))
    assert which.content.startswith("Which persona?")
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(persona="pip"))
    assert "@pip" in (await answered(await place.fake.slash(place.ben, other, "say", prompt="Hi"))).text


async def test_a_server_sees_its_own_personas_and_the_operators(place: Harbour) -> None:
    await place.persona("pip", "")
    await place.persona("ladle", place.space)
    await place.persona("bob", "discord:1")
    choices = await place.fake.autocomplete(place.ben, place.general, "say", "persona", "", prompt="Hi")
    assert [choice["value"] for choice in choices] == ["ladle", "pip"]
    choices = await place.fake.autocomplete(place.ben, place.general, "say", "persona", "@lad", prompt="Hi")
    assert choices[0] == {"name": "@ladle", "value": "ladle"}
    choices = await place.fake.autocomplete(place.ben, place.general, "say", "persona", "ladel", prompt="Hi")
    assert [choice["value"] for choice in choices] == ["ladle"]
    hidden = await answered(await place.fake.slash(place.ben, place.general, "say", prompt="Hi", persona="bob"))
    assert hidden.content.startswith(r"There is no persona @bob. There are: \@ladle, \@pip.")


async def test_a_mention_is_a_say(place: Harbour) -> None:
    await place.persona()
    message = await place.fake.post(place.ben, place.general, "<@BOT> My dream is")
    await place.general.until(lambda messages: len(messages) == 2)
    reply = place.general.messages[1]
    assert reply.content == SAID
    assert reply.reference is message
    assert reply.pings == []
    await place.fake.post(place.ben, place.general, "nobody is asked here")
    await place.fake.post(place.ben, place.general, "<@BOT>")
    await place.general.until(lambda messages: len(messages) == 5)
    assert place.general.messages[4].content.startswith("Give me the beginning")


async def test_private_chats_threads_and_forums(place: Harbour) -> None:
    await place.persona()
    forum = place.guild.add_channel("help", kind="forum")
    for channel in (place.general.add_thread("aside"), forum.add_thread("a post"), place.fake.dm(place.ben)):
        message = await answered(await place.fake.slash(place.ben, channel, "say", prompt="My dream is"))
        assert message.content == SAID
    dm = place.fake.dm(place.ben)
    await place.fake.post(place.ben, dm, "My dream is")
    await dm.until(lambda messages: messages[-1].content == SAID and messages[-1].reference is not None)


async def test_an_app_of_ones_own_in_somebody_elses_server(place: Harbour) -> None:
    await place.persona()
    foreign = place.fake.add_guild("Elsewhere", bot=False)
    channel = foreign.add_channel("talk")
    foreign.add_member(place.ben)
    asked = await place.fake.slash(place.ben, channel, "say", installed="user", prompt="My dream is")
    message = await answered(asked)
    assert message.content == SAID
    again = message
    for _ in range(7):
        again = await answered(await place.fake.click(place.ben, again, "Again", installed="user"))
    assert again.content == SAID


async def test_continue_this_takes_a_message_as_the_prompt(place: Harbour) -> None:
    await place.persona()
    message = await place.fake.post(place.ann, place.general, "The tide came in")
    said = await answered(await place.fake.context(place.ben, message, "Continue this"))
    assert said.content.startswith("**The tide came in** soup.")


async def test_say_something_opens_a_form_that_outlives_a_restart(place: Harbour) -> None:
    await place.persona()
    card = await answered(await place.fake.slash(place.ben, place.general, "card", persona="pip"))
    asked = await place.fake.click(place.ben, card, "Say something")
    await asked.acknowledged()
    assert asked.modal
    assert asked.modal["title"] == "Say something as @pip"
    async with place.restarted():
        said = await answered(await place.fake.submit(place.ben, asked, {"The beginning of a sentence": "My dream is"}))
    assert said.content == SAID


async def named(place: Harbour) -> Message:
    """An answer under the persona's name."""
    count = len(place.general.messages)
    asked = await place.fake.slash(place.ben, place.general, "say", prompt="My dream is")
    await place.general.until(lambda messages: len(messages) > count)
    await asked.until(lambda asked: asked.ack_type is not None and not asked.thinking)
    return place.general.messages[-1]


async def test_answers_in_the_personas_name(place: Harbour) -> None:
    await place.persona()
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(in_its_name=True))
    message = await named(place)
    assert isinstance(message.author, WebhookAuthor)
    assert message.author.name == "pip · AI"
    assert message.content == f"**My dream is** soup.\n-# written by a machine, asked for by {place.ben.mention}"
    assert message.pings == []
    (webhook,) = place.general.webhooks
    assert webhook.avatar
    again = await place.fake.click(place.ann, message, "Again")
    await place.general.until(lambda messages: len(messages) == 2)
    await again.until(lambda asked: asked.ack_type is not None and not asked.thinking)
    assert len(place.general.webhooks) == 1


async def test_in_ones_own_name_where_webhooks_are_not_allowed(place: Harbour) -> None:
    await place.persona()
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(in_its_name=True))
    place.guild.deny(place.general, "manage_webhooks")
    message = await answered(await place.fake.slash(place.ben, place.general, "say", prompt="My dream is"))
    assert message.content == SAID


async def test_a_webhook_that_somebody_deleted_is_made_anew(place: Harbour) -> None:
    await place.persona()
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(in_its_name=True))
    await named(place)
    place.general.webhooks.clear()
    asked = await place.fake.slash(place.ben, place.general, "say", prompt="My dream is")
    assert (await answered(asked)).content == SAID
    message = await named(place)
    assert isinstance(message.author, WebhookAuthor)


async def test_quotas_are_told_with_the_time_left(tmp_path: Path) -> None:
    limits = LimitSettings(cooldown_seconds=60, generations_a_day=3)
    async with harbour(tmp_path, limits) as place:
        await place.persona()
        await answered(await place.fake.slash(place.ben, place.general, "say", prompt="Hi"))
        soon = await answered(await place.fake.slash(place.ben, place.general, "say", prompt="Hi"))
        assert soon.content == "One at a time, please: try again in 60 s."
        assert soon.ephemeral
        for _ in range(3):  # admins are exempt
            await answered(await place.fake.slash(place.ann, place.general, "say", prompt="Hi"))
        eve = place.guild.add_member("eve")
        over = await answered(await place.fake.slash(eve, place.general, "say", prompt="Hi"))
        assert over.content.startswith("That was all for today here: 3 answers a day. It goes on in ")


@pytest.mark.parametrize(
    ("rules", "answer"),
    [
        (Rules(channels=("1",)), "I'm not meant to talk in this channel."),
        (Rules(roles=("1",)), "Only some roles may talk to me here."),
    ],
)
async def test_where_and_who(place: Harbour, rules: Rules, answer: str) -> None:
    await place.persona()
    await place.service.services.chats.change_rules(place.space, lambda _: rules)
    message = await answered(await place.fake.slash(place.ben, place.general, "say", prompt="Hi"))
    assert message.content.startswith(answer)
    assert message.ephemeral
    assert (await answered(await place.fake.slash(place.ann, place.general, "say", prompt="Hi"))).content.startswith(
        "**Hi"
    )


async def test_a_role_and_a_threads_channel_count(place: Harbour) -> None:
    await place.persona()
    role = place.guild.add_role("friends")
    place.guild.set_roles(place.ben, role)
    rules = Rules(channels=(str(place.general.id),), roles=(str(role.id),))
    await place.service.services.chats.change_rules(place.space, lambda _: rules)
    thread = place.general.add_thread("aside")
    message = await answered(await place.fake.slash(place.ben, thread, "say", prompt="Hi"))
    assert message.content.startswith("**Hi**")


async def test_a_name_that_discord_refuses_is_answered_in_the_usual_way(place: Harbour) -> None:
    await place.persona("discordian")
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(in_its_name=True))
    asked = await place.fake.slash(place.ben, place.general, "say", prompt="My dream is")
    assert (await answered(asked)).content.startswith("**My dream is** soup.")
    assert not asked.ephemeral


async def test_two_at_once_make_one_webhook(place: Harbour) -> None:
    await place.persona()
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(in_its_name=True))
    for _ in range(3):
        await place.fake.slash(place.ben, place.general, "say", prompt="My dream is")
    await place.general.until(lambda messages: len(messages) == 3)
    assert len(place.general.webhooks) == 1


async def test_a_webhook_message_that_may_have_been_sent_is_not_sent_again(place: Harbour) -> None:
    await place.persona()
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(in_its_name=True))
    await named(place)
    place.fake.faults.fail("POST", rf"/webhooks/{place.general.webhooks[0].id}/", 503, after=True)
    await named(place)
    assert len(place.general.messages) == 2


async def test_what_a_terminal_would_take_for_options_is_prompt(place: Harbour) -> None:
    await place.persona()
    for prompt in ("I was late -- again", "give me --n 3 reasons", "trailing \\"):
        message = await answered(await place.fake.slash(place.ben, place.general, "say", prompt=prompt))
        again = await answered(await place.fake.click(place.ben, message, "Again"))
        assert again.content == message.content
    prompts = [request.prompt for request in place.service.generator.requests]
    assert prompts[::2] == prompts[1::2] == ["I was late -- again", "give me --n 3 reasons", "trailing \\"]


async def test_continuing_what_a_persona_said(place: Harbour) -> None:
    await place.persona()
    said = await answered(await place.fake.slash(place.ben, place.general, "say", prompt="My *dream* is"))
    more = await answered(await place.fake.context(place.ann, said, "Continue this"))
    assert more.content.startswith(r"**My \*dream\* is soup.** soup.")


async def test_a_mention_where_the_bot_may_not_talk_is_left_alone(place: Harbour) -> None:
    await place.persona()
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(channels=("1",)))
    await place.fake.post(place.ben, place.general, "<@BOT> My dream is")
    await place.fake.post(place.ann, place.general, "<@BOT> My dream is")  # an admin may
    await place.general.until(lambda messages: messages[-1].content == SAID)
    assert len(place.general.messages) == 3


async def test_a_mention_is_answered_in_the_personas_name_too(place: Harbour) -> None:
    await place.persona()
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(in_its_name=True))
    await place.fake.post(place.ben, place.general, "<@BOT> My dream is")
    await place.general.until(lambda messages: isinstance(messages[-1].author, WebhookAuthor))
    assert len(place.general.messages) == 2


async def test_a_webhook_does_not_get_round_a_missing_permission(place: Harbour) -> None:
    await place.persona()
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(in_its_name=True))
    place.guild.deny(place.general, "send_messages")
    await answered(await place.fake.slash(place.ben, place.general, "say", prompt="My dream is"))
    assert place.general.webhooks == []


async def test_a_private_message_is_answered_in_the_language_of_ones_commands(place: Harbour) -> None:
    hans = place.guild.add_member("hans", locale="de")
    await answered(await place.fake.slash(hans, place.general, "help"))
    dm = place.fake.dm(hans)
    await place.fake.post(hans, dm, "Hallo")
    await dm.until(lambda messages: messages[-1].content.startswith("Es gibt noch keine Persona"))


async def test_a_webhook_that_cannot_be_had_loses_no_answer(place: Harbour) -> None:
    await place.persona()
    await place.service.services.chats.change_rules(place.space, lambda _: Rules(in_its_name=True))
    place.fake.faults.fail("POST", rf"/channels/{place.general.id}/webhooks", 503, times=5)
    asked = await place.fake.slash(place.ben, place.general, "say", prompt="My dream is")
    assert (await answered(asked)).content == SAID
