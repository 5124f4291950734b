"""Long posts of an X archive: tweets.js has their beginnings, note-tweet.js all of their text.

    window.YTD.note_tweet.part0 = [ {"noteTweet": {"createdAt": "…", "core": {"text": "…"}}}, … ]

Nothing but the time says which post a note belongs to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile

from bot.sources.formats.json_list import JsonText
from bot.sources.formats.members import Members
from bot.sources.formats.reading import Meter, Metered
from bot.sources.formats.x_script import script_items
from bot.sources.posts import Broken, make_post
from trainer.corpus import Post

# Characters of notes in memory, at most 4 bytes each: 64 MiB. Some 30,000 long posts; the cut text of later ones stays.
MAX_NOTES = 16 * 1024**2

MAX_AT_ONCE = 8  # notes of one second, so that a hostile file's posts aren't each compared with thousands

_OVERHEAD = 256  # characters that a note of no length is counted as: the objects that hold it
_TAIL = 200  # characters at the end of a post, with links
_BEGINNING = 1000  # characters compared; X cuts after 280
_PART = re.compile(r"note-tweet(?:-part([0-9]{1,6}))?\.js")
_CUT = re.compile(r"…(?:\s+https://t\.co/\w+)*\s*\Z")


class Notes:
    """Full texts by the second in which they were posted."""

    def __init__(self, notes: Iterable[tuple[datetime, str]]) -> None:
        self._texts: defaultdict[datetime, list[str]] = defaultdict(list)
        room = MAX_NOTES
        for second, text in notes:
            room -= len(text) + _OVERHEAD
            if room < 0:
                break
            if len(self._texts[second]) < MAX_AT_ONCE:
                self._texts[second].append(text)

    def whole(self, post: Post) -> Post:
        """The post with its full text, if it was cut and a note has it."""
        if not self._texts or post.created_at is None or post.is_retweet or not _CUT.search(post.text[-_TAIL:]):
            return post
        texts = self._texts.get(post.created_at.replace(microsecond=0), [])
        return replace(post, text=_most_alike(texts, post.text)) if texts else post


def find_notes(names: Collection[str], folder: str) -> list[str]:
    """In any order: the time of each note counts."""
    return [path for path in names if path.startswith(folder) and _PART.fullmatch(path.removeprefix(folder))]


def read_notes(members: Members, paths: Sequence[str], name: str, meter: Meter) -> Notes:
    """`name` is the archive's in messages. Raises BadInput when a file is broken; what is no note is left out."""
    return Notes(note for path in paths for note in _notes(members, path, name, meter))


def _notes(members: Members, path: str, name: str, meter: Meter) -> Iterator[tuple[datetime, str]]:
    with members.open(path) as script:
        text = JsonText(Metered(script, meter).read, f"{name}/{path}")
        for item in script_items(text, f"{name}/{path}", ("note_tweet",)):
            note = _note(item)
            if note and note.created_at:
                yield note.created_at.replace(microsecond=0), note.text


def _note(item: object) -> Post | None:
    note = item.get("noteTweet") if isinstance(item, dict) else None
    core = note.get("core") if isinstance(note, dict) else None
    if not isinstance(note, dict) or not isinstance(core, dict):
        return None
    try:
        return make_post(core.get("text"), created_at=note.get("createdAt"))
    except Broken:
        return None


def _most_alike(texts: Sequence[str], cut: str) -> str:
    """The text with the longest common beginning; one alone is the one. `cut` itself when none of several has any."""
    if len(texts) == 1:
        return texts[0]
    best = max(texts, key=lambda text: _n_common(text, cut))
    return best if _n_common(best, cut) else cut


def _n_common(text: str, cut: str) -> int:
    """How many characters both begin with."""
    pairs = zip(text[:_BEGINNING], cut[:_BEGINNING], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
