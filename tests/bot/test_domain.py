from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import (
    TRANSITIONS,
    AccountSource,
    Caller,
    Job,
    JobState,
    Persona,
    Voice,
    can_move,
    parse_persona,
    parse_voice,
    parse_voices,
)
from bot.errors import BadInput
from bot.handles import parse_handle
from tests.builders import manifest
from trainer.corpus import persona_name

ENDS = {JobState.DONE, JobState.FAILED, JobState.CANCELLED}
handles = st.from_regex(r"[A-Za-z0-9_.]{1,64}", fullmatch=True).filter(lambda text: not text.endswith("."))


@given(handles)
def test_a_handle_is_parsed_with_or_without_its_at(text: str) -> None:
    assert parse_handle(text) == parse_handle(f"@{text}") == text.lower()


@given(handles)
def test_a_parsed_handle_stays_as_it_is(text: str) -> None:
    assert parse_handle(parse_handle(text)) == parse_handle(text)


@given(st.text())
def test_any_text_is_a_safe_name_or_bad_input(text: str) -> None:
    try:
        handle = parse_handle(text)
    except BadInput:
        return
    assert re.fullmatch(r"[a-z0-9_.]{1,64}", handle)
    assert handle not in {".", ".."}


@pytest.mark.parametrize(
    "text",
    ["", "@", "@@alice", ".", "..", "...", "a" * 65, "alice bob", "a/b", "..\\a", "alice-bob", "álice", "İ"],
)
def test_what_is_no_handle(text: str) -> None:
    with pytest.raises(BadInput, match="is not a handle"):
        parse_handle(text)


def test_handles_keep_their_order() -> None:
    assert parse_voices(["@Bob", "alice:2", "Carol_9"]) == (Voice("bob"), Voice("alice", 2.0), Voice("carol_9"))


@pytest.mark.parametrize("text", ["@a:", "@a:x", "@a:0", "@a:11", "@a:-1", "@a:1e3", "@a:nan", "@a:\u0662"])
def test_what_is_no_weight(text: str) -> None:
    with pytest.raises(BadInput, match=r"from 0\.1 to 10, like /train @alice:2 @bob:1"):
        parse_voice(text)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "Name an account"),
        (["a", "b", "c", "d"], "up to 3 accounts; you named 4"),
        (["alice", "@Alice"], "named twice"),
        (["alice:1", "@Alice:2"], "named twice"),
        (["alice", "bob!"], "'bob!' is not a handle"),
    ],
)
def test_what_are_no_handles(texts: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_voices(texts)


@given(
    st.lists(handles, min_size=1, max_size=3).flatmap(lambda texts: st.tuples(st.just(texts), st.permutations(texts)))
)
def test_a_personas_name_does_not_depend_on_order_or_case(orders: tuple[list[str], list[str]]) -> None:
    name = persona_name(orders[0])
    assert parse_persona("@" + "-".join(orders[1]).upper()) == name
    assert parse_persona(name) == name


@pytest.mark.parametrize("text", ["", "@", "-", "alice-", "-bob", "alice--bob", "alice-b b"])
def test_what_is_no_persona(text: str) -> None:
    with pytest.raises(BadInput):
        parse_persona(text)


def test_every_state_has_its_transitions() -> None:
    assert TRANSITIONS.keys() == set(JobState)


@pytest.mark.parametrize("new", JobState)
@pytest.mark.parametrize("old", JobState)
def test_can_move_is_the_table(old: JobState, new: JobState) -> None:
    assert can_move(old, new) == (new in TRANSITIONS[old])


def test_what_has_ended_stays_so_and_all_else_can_end() -> None:
    for state in JobState:
        assert (not TRANSITIONS[state]) == (state in ENDS)
        assert state in ENDS or TRANSITIONS[state] & ENDS
        assert not can_move(state, state)


def test_only_a_running_job_is_done_or_fails() -> None:
    for end in (JobState.DONE, JobState.FAILED):
        assert [old for old in JobState if can_move(old, end)] == [JobState.RUNNING]


def test_a_personas_key_names_its_version() -> None:
    assert Persona("alice-bob", 3, "personas/alice-bob/v3", 1, manifest("alice-bob")).key == "alice-bob/v3"


def test_values_are_frozen() -> None:
    caller = Caller("console", "me", "terminal")
    job = Job(1, "alice", (AccountSource("alice", "file:/a"),), JobState.QUEUED, caller, 0, datetime.now(UTC))
    with pytest.raises(AttributeError):
        job.state = JobState.DONE  # type: ignore[misc]
