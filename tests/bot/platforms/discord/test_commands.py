"""The other commands, and the settings."""

from __future__ import annotations

import pytest

from bot.policy import Rules
from tests.bot.platforms.discord.harbour import Harbour, answered
from tests.doubles.discord import Asked, Message, User


async def run(place: Harbour, user: User, command: str, **options: str) -> tuple[Asked, Message]:
    asked = await place.fake.slash(user, place.general, command, **options)
    return asked, await answered(asked)


async def test_personas(place: Harbour) -> None:
    asked, message = await run(place, place.ben, "personas")
    assert asked.ephemeral
    assert message.content.startswith("No persona yet. Train one: </train:")
    await place.persona()
    _, message = await run(place, place.ben, "personas")
    assert "- **@pip** · 88 posts, version 1" in message.text


async def test_a_card(place: Harbour) -> None:
    await place.persona()
    asked, message = await run(place, place.ben, "card", persona="@Pip")
    assert not asked.ephemeral
    assert "Posts downloaded" in message.text
    assert [button.label for button in message.buttons] == ["Say something", "Retrain"]


async def test_jobs_of_this_server_only(place: Harbour) -> None:
    _, message = await run(place, place.ben, "jobs")
    assert message.content.startswith("No trainings yet.")
    await place.service.add_job("ladle")
    await place.fake.slash(place.ann, place.general, "train", handle="pip")
    await place.general.until(lambda messages: bool(messages) and "**@pip** is ready." in messages[-1].text)
    _, message = await run(place, place.ben, "jobs")
    assert "**@pip** done" in message.text
    assert "ladle" not in message.text


async def test_forgetting_asks_first(place: Harbour) -> None:
    await place.persona("pip", place.space)
    _, message = await run(place, place.ben, "forget", persona="pip")
    assert message.content.startswith("Only admins may make me forget a persona.")
    _, message = await run(place, place.ann, "forget", persona="pip")
    assert message.content.startswith(r"Forget @pip? This deletes")
    done = await answered(await place.fake.click(place.ann, message, "Forget"))
    assert done.content == "@pip is forgotten: posts, corpus and weights are gone."
    assert await place.service.store.persona("pip") is None


async def test_what_others_see_is_only_hidden_here(place: Harbour) -> None:
    await place.persona("pip", place.space)
    await place.service.store.database.fetch("INSERT INTO persona_spaces VALUES ('pip', 'discord:1')")
    _, message = await run(place, place.ann, "forget", persona="pip")
    done = await answered(await place.fake.click(place.ann, message, "Forget"))
    assert done.content == "@pip is gone from here."
    assert await place.service.store.spaces("pip") == {"discord:1"}
    await place.persona("ladle", "")
    _, message = await run(place, place.ann, "forget", persona="ladle")
    assert message.content == "@ladle is the operator's, who alone can make me forget it."


async def test_opting_out_silences_at_once(place: Harbour) -> None:
    await place.persona("bob-pip")
    await place.persona("pip")
    _, message = await run(place, place.ben, "optout", handle="@Pip")
    assert message.content.startswith("Nobody can train on @pip with me any more, anywhere")
    for name in ("pip", "bob-pip"):
        _, message = await run(place, place.ben, "say", prompt="Hi", persona=name)
        assert message.content == "@pip doesn't want to be imitated, and I respect that."
    _, message = await run(place, place.ann, "train", handle="pip")
    assert message.content == "@pip doesn't want to be imitated, and I respect that."
    assert await place.fake.autocomplete(place.ben, place.general, "say", "persona", "", prompt="x") == []


@pytest.mark.parametrize(("command", "text"), [("privacy", "I never learn from chat messages"), ("help", "</say:")])
async def test_words_about_itself(place: Harbour, command: str, text: str) -> None:
    asked, message = await run(place, place.ben, command)
    assert text in message.text
    assert asked.ephemeral


async def test_the_persons_language(place: Harbour) -> None:
    ute = place.guild.add_member("ute", locale="de")
    _, message = await run(place, ute, "say", prompt="Hallo")
    assert "Es gibt noch keine Persona" in message.content
    say = next(one for one in place.fake.commands if one["name"] == "say")
    assert set(say["name_localizations"]) >= {"de", "fr", "es-ES", "ja"}
    assert set(say["options"][0]["name_localizations"]) >= {"de", "fr", "es-ES", "ja"}


async def test_settings_are_the_admins(place: Harbour) -> None:
    asked = await place.fake.slash(place.ann, place.general, "settings")
    form = await answered(asked)
    assert asked.ephemeral
    role = place.guild.add_role("friends")
    await answered(await place.fake.select(place.ann, form, "mynah:rule:channels", [place.general]))
    await answered(await place.fake.select(place.ann, form, "mynah:rule:roles", [role]))
    await answered(await place.fake.select(place.ann, form, "mynah:rule:trainers", [role]))
    await answered(await place.fake.click(place.ann, form, "mynah:rule:everyone"))
    await answered(await place.fake.click(place.ann, form, "mynah:rule:name"))
    asked = await place.fake.click(place.ann, form, "mynah:quotas")
    await asked.acknowledged()
    await answered(await place.fake.submit(place.ann, asked, {"generations": "20", "trainings": ""}))
    assert await place.service.services.chats.rules(place.space) == Rules(
        channels=(str(place.general.id),),
        roles=(str(role.id),),
        trainers=(str(role.id),),
        everyone_trains=True,
        in_its_name=True,
        generations_a_day=20,
    )


async def test_the_default_persona_is_chosen_among_those_of_the_server(place: Harbour) -> None:
    await place.persona("pip")
    await place.persona("bob", "discord:1")
    form = await answered(await place.fake.slash(place.ann, place.general, "settings"))
    (select,) = [one for one in form.selects if one["custom_id"].endswith("persona")]
    assert [option["value"] for option in select["options"]] == ["-", "pip"]
    await answered(await place.fake.select(place.ann, form, "mynah:rule:persona", ["pip"]))
    assert (await place.service.services.chats.rules(place.space)).persona == "pip"
    await answered(await place.fake.select(place.ann, form, "mynah:rule:persona", ["-"]))
    assert (await place.service.services.chats.rules(place.space)).persona is None


async def test_a_wrong_quota_changes_nothing(place: Harbour) -> None:
    form = await answered(await place.fake.slash(place.ann, place.general, "settings"))
    asked = await place.fake.click(place.ann, form, "mynah:quotas")
    await asked.acknowledged()
    answer = await answered(await place.fake.submit(place.ann, asked, {"generations": "lots", "trainings": ""}))
    assert answer.content.startswith("'lots' is no number; write one like 20")
    assert await place.service.services.chats.rules(place.space) == Rules()


async def test_a_setting_that_takes_long_to_save_still_shows(place: Harbour) -> None:
    form = await answered(await place.fake.slash(place.ann, place.general, "settings"))
    async with place.service.store.database.transaction():  # a busy disk
        asked = await place.fake.click(place.ann, form, "mynah:rule:everyone")
        await asked.acknowledged()
        assert asked.ack_type == 6
    await place.fake.until(lambda: "✅" in str(form.components))
    assert not asked.thinking


async def test_a_switch_pressed_twice_is_not_switched_back(place: Harbour) -> None:
    form = await answered(await place.fake.slash(place.ann, place.general, "settings"))
    pressed = [await place.fake.click(place.ann, form, "mynah:rule:everyone") for _ in range(2)]
    for asked in pressed:
        await asked.acknowledged()
    await place.fake.until(lambda: "✅" in str(form.components))
    assert (await place.service.services.chats.rules(place.space)).everyone_trains


async def test_only_admins_change_settings(place: Harbour) -> None:
    form = await answered(await place.fake.slash(place.ann, place.general, "settings"))
    place.guild.set_roles(place.ann)
    asked = await place.fake.click(place.ann, form, "mynah:rule:everyone")
    told = await answered(asked)
    assert told.content.startswith("Only those who may manage this server")
    assert not (await place.service.services.chats.rules(place.space)).everyone_trains


async def test_help_without_command_ids(place: Harbour) -> None:
    place.client.desk.commands.clear()
    _, message = await run(place, place.ben, "help")
    assert "- /say — finish a sentence" in message.text


async def test_the_forget_button_goes_with_the_persona(place: Harbour) -> None:
    await place.persona("pip", place.space)
    _, message = await run(place, place.ann, "forget", persona="pip")
    await answered(await place.fake.click(place.ann, message, "Forget"))
    assert message.buttons == []
    assert message.content.startswith("@pip is forgotten")


async def test_cancel_is_offered_to_those_who_may(place: Harbour) -> None:
    place.service.trainer.gate.clear()
    await answered(await place.fake.slash(place.ann, place.general, "train", handle="pip"))
    for user, buttons in ((place.ben, []), (place.ann, ["Cancel @pip"])):
        _, message = await run(place, user, "jobs")
        assert [button.label for button in message.buttons] == buttons
