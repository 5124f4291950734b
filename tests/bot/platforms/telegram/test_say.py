from __future__ import annotations

from tests.bot.platforms.telegram.town import Town


async def test_say_in_a_group(place: Town) -> None:
    await place.persona()
    answer = await place.ask("/say My dream is")
    print(answer.html, [b.text for b in answer.buttons], place.fake.calls("sendMessage"))
    assert answer.bold() == ["My dream is"]


async def test_say_alone(place: Town) -> None:
    await place.persona()
    answer = await place.ask("My dream is", chat=place.alone)
    print(answer.html)
    assert answer.bold() == ["My dream is"]


async def test_train(place: Town) -> None:
    await place.fake.write(place.ann, place.group, "/train @pip")
    await place.group.until(lambda chat: "is ready. Try" in (chat.sent[-1].caption if chat.sent else ""))
    for m in place.group.sent:
        print(m.html, [b.text for b in m.buttons])
