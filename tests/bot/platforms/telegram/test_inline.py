from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.telegram.inline import parse_query
from tests.bot.platforms.telegram.town import Town, whole
from tests.doubles.generator import generated


def answers(place: Town, *texts: str) -> None:
    place.service.generator.answers += [[generated(text)] for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alice: my dream is", ("alice", "my dream is")),
        ("@Alice: my dream is", ("alice", "my dream is")),
        ("@alice my dream is", ("alice", "my dream is")),
        ("alice:", ("alice", "")),
        ("@al", ("al", "")),
        ("note: my dream is", (None, "note: my dream is")),
        ("alice-bob: hi", ("alice-bob", "hi")),
        ("  my dream is ", (None, "my dream is")),
        ("", (None, "")),
    ],
)
def test_queries(text: str, expected: tuple[str | None, str]) -> None:
    assert parse_query(text, ["alice", "alice-bob"]) == expected


@given(st.text(max_size=40))
def test_any_query_is_read(text: str) -> None:
    parse_query(text, ["alice"])


async def test_up_to_five_different_results_labelled_as_machine_written(place: Town) -> None:
    await place.persona()
    answers(place, *(f"My dream is {what}" for what in ("soup.", "tea.", "soup.", "a boat.", "rain.")))
    query = await (await place.fake.inline(place.ben, "pip: My dream is")).until()
    assert sorted(query.titles) == ["a boat.", "rain.", "soup.", "tea."]
    assert query.next_offset == ""
    message = await place.fake.choose(query, query.titles.index("tea."), place.group)
    assert message.html == "<b>My dream is</b> tea.\n<i>@\u2060pip · written by a machine</i>"
    assert [button.switch_here for button in message.buttons] == ["@pip: My dream is"]
    before = len(place.group.sent)
    await place.ask("/say Hi")
    assert len(place.group.sent) == before + 1  # what was chosen isn't taken for a command


async def test_results_come_as_they_come(place: Town) -> None:
    await place.persona()
    gate = asyncio.Event()
    answers(place, "Tea is hot.", "Tea is green.")
    place.service.generator.answers += [[gate, generated(f"Tea is {n}.")] for n in range(3)]
    query = await (await place.fake.inline(place.ben, "pip: Tea is")).until()
    assert sorted(query.titles) == ["green.", "hot."]
    assert query.next_offset == "2"
    rest = await place.fake.inline(place.ben, "pip: Tea is", query.next_offset)
    await asyncio.sleep(0.1)
    assert not rest.answered
    gate.set()
    await rest.until()
    assert sorted(rest.titles) == ["0.", "1.", "2."]
    assert len(place.service.generator.requests) == 5
    assert (await (await place.fake.inline(place.ben, "pip: Tea is")).until()).cached


async def test_who_types_on_is_answered_once(place: Town) -> None:
    await place.persona()
    queries = [await place.fake.inline(place.ben, "pip: My dream"[:n]) for n in range(6, 14)]
    await queries[-1].until()
    assert [query.answered for query in queries] == [False] * 7 + [True]
    assert {request.prompt for request in place.service.generator.requests} == {"My dream"}


async def test_an_empty_query_lists_who_can_speak(place: Town) -> None:
    await place.persona("pip")
    await place.persona("ladle", f"telegram:dm:{place.ben.id}")
    query = await (await place.fake.inline(place.ben, "")).until()
    assert query.titles == ["ladle", "pip"]
    assert (await (await place.fake.inline(place.ben, "@la")).until()).titles == ["ladle"]
    assert (await (await place.fake.inline(place.ann, "")).until()).titles == ["pip"]
    message = await place.fake.choose(query, 1, place.group)
    assert message.spans("italic") == ["@\u2060pip · written by a machine"]
    assert [button.switch_here for button in message.buttons] == ["@pip: "]


async def test_problems_are_one_line_that_leads_to_the_chat(place: Town) -> None:
    query = await (await place.fake.inline(place.ben, "")).until()
    assert query.button == {"text": "No persona here yet: train one", "start_parameter": "inline"}
    for name in ("pip", "ladle"):
        await place.persona(name)
    query = await (await place.fake.inline(place.ben, "My dream is")).until()
    assert query.titles == ["ladle", "pip"]
    query = await (await place.fake.inline(place.ben, "@nobody My dream is")).until()
    assert query.button is not None
    assert query.button["text"].startswith("There is no persona @\u2060nobody.")
    place.service.generator.answers += [[RuntimeError("broken")] for _ in range(5)]
    query = await (await place.fake.inline(place.ben, "pip: My dream is")).until()
    assert query.button is not None
    assert query.button["text"].startswith("Something went wrong inside (RuntimeError)")
    assert (await (await place.fake.inline(place.ben, "pip: My dream is")).until()).titles == ["soup."]


async def test_a_groups_public_persona_speaks_elsewhere_to_who_names_it_and_a_private_one_does_not(place: Town) -> None:
    await place.persona("pip", place.space)
    await place.persona("ladle", place.space)
    sql = "UPDATE versions SET manifest = replace(manifest, '\"file:', '\"x:') WHERE persona = 'pip'"
    await place.service.store.database.fetch(sql)
    query = await (await place.fake.inline(place.ben, "")).until()
    assert query.titles == []
    query = await (await place.fake.inline(place.ben, "@pip: My dream is")).until()
    assert query.titles == ["soup."]
    assert (await (await place.fake.inline(place.ben, "@pip: ")).until()).titles == ["pip"]
    query = await (await place.fake.inline(place.ben, "@ladle My dream is")).until()
    assert query.titles == []
    place.fake.deep_link(place.ann, "persona_pip")
    assert (await whole(place.alone, 0)).bold()[0] == "@\u2060pip"
    place.fake.deep_link(place.ann, "persona_ladle")
    assert (await whole(place.alone, 1)).text.startswith("There is no persona @\u2060ladle.")
    place.fake.deep_link(place.ann, "persona_pip")
    await whole(place.alone, 2)
    other = place.fake.add_group("Other", members=[place.ann, place.ben], admins=[place.ann])
    await whole(other, 0)
    await place.fake.write(place.ben, other, f"/start@{place.fake.username} persona_pip")
    assert (await whole(other, 1)).text.startswith("Only admins may train here.")
    await place.fake.write(place.ann, other, f"/start@{place.fake.username} persona_pip")
    assert (await whole(other, 2)).bold()[0] == "@\u2060pip"
