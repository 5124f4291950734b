from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import BadInput
from bot.sources.formats import x_notes
from bot.sources.formats.x_notes import MAX_AT_ONCE, Notes
from tests.bot.sources.formats.archives import make_zip, notes_script, read_any, script
from trainer.corpus import Post

WHEN = datetime(2018, 10, 10, 20, 19, 24, tzinfo=UTC)
DATE = "2018-10-10T20:19:24.000Z"
CUT = "The harbour was quiet, and then the bell… https://t.co/abc123"
FULL = "The harbour was quiet, and then the bell began to ring, and would not stop until the boats were in."


def texts(path: Path, notes: dict[str, str], *tweets: str) -> list[str]:
    members = {"data/tweets.js": script(*tweets), **{f"data/{name}": note for name, note in notes.items()}}
    return [post.text for post in read_any(make_zip(path / "x.zip", members))]


@pytest.mark.parametrize("cut", [CUT, CUT.removesuffix(" https://t.co/abc123"), f"{CUT} https://t.co/x \n"])
@pytest.mark.parametrize("name", ["note-tweet.js", "note-tweet-part1.js"])
def test_a_long_post_has_all_of_its_text(tmp_path: Path, name: str, cut: str) -> None:
    assert texts(tmp_path, {name: notes_script((DATE, FULL))}, cut, "short") == [FULL, "short"]


def test_parts_are_read_together(tmp_path: Path) -> None:
    notes = {
        "note-tweet.js": notes_script((DATE, "Another one of that second")),
        "note-tweet-part1.js": notes_script((DATE, FULL)),
    }
    assert texts(tmp_path, notes, CUT) == [FULL]


@pytest.mark.parametrize(
    "tweet",
    ["It is whole", f"RT @pip: {CUT}", "… is what it begins with", "A link https://t.co/abc123", f"{CUT} and goes on"],
)
def test_what_is_not_cut_stays(tmp_path: Path, tweet: str) -> None:
    assert texts(tmp_path, {"note-tweet.js": notes_script((DATE, FULL))}, tweet) == [tweet]


def test_a_note_of_another_second(tmp_path: Path) -> None:
    notes = notes_script(("2018-10-10T20:19:25.000Z", FULL), ("2018-10-10T20:19:23.999Z", FULL))
    assert texts(tmp_path, {"note-tweet.js": notes}, CUT) == [CUT]


def test_of_several_the_most_alike() -> None:
    notes = Notes([(WHEN, "The harbour was loud"), (WHEN, FULL), (WHEN, "Nothing of it")])
    dated = Post(CUT, created_at=WHEN.replace(microsecond=5), id="1", language="en")
    assert notes.whole(dated) == replace(dated, text=FULL)
    for other in (Post("Quite different…", created_at=WHEN), Post(CUT)):
        assert notes.whole(other) == other


@pytest.mark.parametrize(
    "item",
    [7, None, {}, {"noteTweet": []}, {"noteTweet": {"core": 3, "createdAt": DATE}}, {"noteTweet": {"core": {}}}]
    + [{"noteTweet": {"core": {"text": text}, "createdAt": date}} for text, date in [(3, DATE), ("a", 3), ("a", "x")]],
)
def test_what_is_no_note_is_left_out(tmp_path: Path, item: object) -> None:
    other = {"noteTweet": {"createdAt": DATE, "core": {"text": FULL}}}
    script = f"window.YTD.note_tweet.part0 = {json.dumps([item, other])}"
    assert texts(tmp_path, {"note-tweet.js": script}, CUT) == [FULL]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("window.YTD.note_tweet.part0 = [{", "x.zip/data/note-tweet.js is broken after post 0"),
        ("window.YTD.like.part0 = []", "x.zip/data/note-tweet.js is not the part of an X archive"),
    ],
)
def test_a_damaged_file_of_notes(tmp_path: Path, script: str, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        texts(tmp_path, {"note-tweet.js": script}, CUT)


def test_notes_past_the_bound_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(x_notes, "MAX_NOTES", 2 * (len(FULL) + 256))
    later = [WHEN.replace(second=second) for second in range(3)]
    notes = Notes((second, FULL) for second in later)
    assert [notes.whole(Post(CUT, created_at=second)).text for second in later] == [FULL, FULL, CUT]


def test_thousands_of_one_second_are_not_all_compared() -> None:
    notes = Notes((WHEN, CUT + "x" * number) for number in range(20_000))
    assert notes.whole(Post(CUT, created_at=WHEN)).text in {CUT + "x" * number for number in range(MAX_AT_ONCE)}
