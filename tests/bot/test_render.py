from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import render
from bot.domain import AccountSource, Caller, Job, JobState, Persona, Utterance
from bot.replies import Help, JobList, Notice, PersonaList, Submitted
from bot.usecases.train import DryRun
from tests.builders import account_counts, manifest, report_card, run_of
from trainer.protocol import Progress

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PERSONA = Persona("alice", 3, "personas/alice/v3", 3_600_000, manifest())


def job(state: JobState = JobState.RUNNING, error: str | None = None) -> Job:
    asked = NOW - timedelta(minutes=5)
    caller = Caller("console", "me", "console")
    return Job(7, "alice", (AccountSource("alice", "file:/x"),), state, caller, 1, asked, error)


@pytest.mark.parametrize(
    ("share", "cells"), [(0, "·" * 20), (1, "█" * 20), (0.5, "█" * 10 + "·" * 10), (-1, "·" * 20), (2, "█" * 20)]
)
def test_bar(share: float, cells: str) -> None:
    assert render.bar(share) == cells


@given(st.floats(0, 1))
def test_bars_are_equally_long_and_grow(share: float) -> None:
    assert len(render.bar(share)) == render.BAR_CELLS
    assert render.bar(share).count("█") <= render.bar(1).count("█")


def test_a_report_card() -> None:
    text = render.report_card("pip", report_card())
    assert text.splitlines() == [
        "Report card of @pip",
        "  Held-out posts         1.60 bits per byte  2.00 before training; 2.20 on others' posts",
        "  Taken for the author   96%                 100% of its real posts",
        "  Copies of eight words  1%                  2% of its real posts",
        "  Clean texts            100%                of 100 generated",
        "  Different word pairs   90%                 95% in its real posts",
        "  Length                 80 characters       86 in its real posts",
    ]
    bare = {"attribution": None, "attribution_ceiling": None, "bits_per_byte_others": None}
    text = render.report_card("pip", report_card().model_copy(update=bare))
    assert "2.00 before training\n" in text
    assert "Taken for" not in text


def test_a_card() -> None:
    text = render.card(PERSONA)
    assert "No report card" in text
    assert "rank 8 and 0 token rows, 2 of 2 epochs, rate 0.001, 1:00, 1,500 tokens/s, up to 600.0 MB of memory" in text
    reported = replace(PERSONA, manifest=PERSONA.manifest.model_copy(update={"report": report_card()}))
    assert "Report card of @alice" in render.card(reported)
    run = run_of(PERSONA.manifest).model_copy(update={"method": "full"})
    whole = replace(PERSONA, manifest=PERSONA.manifest.model_copy(update={"run": run}))
    assert "all weights" in render.card(whole)


def test_progress_line() -> None:
    line = render.progress_line(Progress(stage="train", done=45, total=100, loss=3.214, seconds_left=32))
    assert line == "train    █████████···········   45%  loss 3.21  0:32 left"
    assert render.progress_line(Progress(stage="clean")) == "clean  "
    whole = Progress(
        stage="train", done=1, total=2, loss=3.0, held_out_loss=3.4, tokens_per_second=2951.4, seconds_left=9
    )
    assert render.progress_line(whole).endswith("50%  loss 3.00  held out 3.40  0:09 left  2,951 tokens/s")


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (32.4, "0:32"), (725, "12:05"), (3723, "1:02:03")])
def test_clock(seconds: float, text: str) -> None:
    assert render.clock(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (21, "21st")]
)
def test_ordinal(number: int, text: str) -> None:
    assert render.ordinal(number) == text


@pytest.mark.parametrize(
    ("span", "text"), [(1, "just now"), (61, "1 min ago"), (7_200, "2 h ago"), (200_000, "2 d ago"), (-5, "just now")]
)
def test_ago(span: float, text: str) -> None:
    assert render.ago(timedelta(seconds=span)) == text


def test_tables_line_up() -> None:
    assert render.table([("name", "n"), ("a", "1,000"), ("long name", "2")]) == (
        "name           n\na          1,000\nlong name      2"
    )


def test_training_table_has_a_column_for_each_account() -> None:
    assert render.training_table([account_counts("alice"), account_counts("bob")]).splitlines() == [
        "  Data              @alice   @bob",
        "  Posts downloaded     100    100",
        "  Retweets               8      8",
        "  Short posts            4      4",
        "  Posts kept            88     88",
        "  Characters kept    8,000  8,000",
    ]


def test_utterances_name_the_persona_and_the_machine() -> None:
    one = render.plain(Utterance("alice", ("My dream is tea.",)), NOW)
    assert one == "@alice · written by a machine\n  My dream is tea."
    two = render.plain(Utterance("alice", ("a", "b"), cut=True), NOW)
    assert two.splitlines()[1:] == ["  1. a", "  2. b"]
    assert "too long" in two.splitlines()[0]


def test_submitted() -> None:
    assert render.plain(Submitted(job(), 0), NOW) == "Training @alice (job 7). /cancel 7 stops it."
    assert "2nd in the queue" in render.plain(Submitted(job(), 1), NOW)


def test_lists() -> None:
    assert "No persona yet" in render.plain(PersonaList((), None), NOW)
    listed = render.plain(PersonaList((PERSONA,), "alice"), NOW)
    assert "▸ @alice" in listed
    assert "v3" in listed
    assert "3.6 MB" in listed
    assert render.plain(JobList(()), NOW) == "No trainings yet."
    running = render.plain(JobList((job(),), (7, Progress(stage="train", done=1, total=2))), NOW)
    assert "5 min ago" in running
    assert "50%" in running
    assert "no luck" in render.plain(JobList((job(JobState.FAILED, "no luck"),)), NOW)


def test_help_and_notices() -> None:
    assert render.plain(Help((("/say", "talk"), ("/quit", "leave"))), NOW) == "  /say   talk\n  /quit  leave"
    assert render.plain(Notice("Hello."), NOW) == "Hello."


def test_trained_shows_table_quality_warning_and_a_sample() -> None:
    text = render.trained(PERSONA, warn_characters=40_000)
    assert "@alice is ready (version 3" in text
    assert "Posts downloaded     100" in text
    assert "bits per byte" in text
    assert "Only 8,000 characters of @alice" in text
    assert text.endswith("@alice · written by a machine\n  My dream is soup.")
    assert "Only" not in render.trained(PERSONA, warn_characters=8_000)


def test_dry_run() -> None:
    result = DryRun("alice", (account_counts("alice"),), ("one post", "another"), 8_000, 75.0)
    text = render.dry_run(result, 40_000)
    assert "    · one post\n    · another" in text
    assert "about 1:15" in text
    unknown = DryRun("alice", (account_counts("alice"),), (), 8_000, None)
    assert "unknown until a first training" in render.dry_run(unknown, 0)


def test_quotes_are_not_shown_but_told() -> None:
    none = render.plain(Utterance("pip", (), quotes=1), NOW)
    assert "Every try came out as a quote from a real post. Try another beginning." in none
    some = render.plain(Utterance("pip", ("the lamp.", "the tea."), quotes=2), NOW)
    assert "2. the tea." in some
    assert "Every try at 2 more came out as a quote from a real post." in some
