"""Mastodon's archive of a person's own account: outbox.json has the posts, actor.json says who they are.

    {"type": "OrderedCollection", "orderedItems": [{"type": "Create", "published": "…", "to": […], "cc": […],
     "object": {"type": "Note", "content": "<p>…</p>", "contentMap": {"en": "…"}}}, {"type": "Announce", …}]}

Only what everybody may see is read: what an account says to its followers, or to somebody, is there as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

from bot.domain import Profile
from bot.errors import BadInput, UserError
from bot.sources.formats.json_list import JsonText
from bot.sources.formats.json_walk import check_end, keys
from bot.sources.formats.members import Members, picture
from bot.sources.formats.reading import Meter, Metered
from bot.sources.html import html_text
from bot.sources.posts import MAX_CHARACTERS, Broken, kind, make_post, numbered
from bot.texts import Text
from trainer.corpus import Post, on_one_line

ITEMS = "orderedItems"

_PUBLIC = {"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"}  # as ActivityPub 5.6 has them
_ACTOR = "actor.json"
_MAX_ACTOR = 1024 * 1024  # bytes
_MAX_HTML = 10 * MAX_CHARACTERS
_MAX_NAME, _MAX_BIO = 100, 1000  # characters; Mastodon's own limits are 30 and 500


def outbox_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """The public posts, boosts among them. Raises BadInput."""
    text = JsonText(Metered(file, meter).read, name)
    found = False
    for key in keys(text):
        if key == ITEMS:
            found = True
            yield from activity_posts(text, name)
    check_end(text)
    if not found:
        raise BadInput(
            Text(
                "{name} is not a Mastodon outbox: it has no list “orderedItems”. Give me the outbox.json of your "
                "archive from Mastodon.",
                name=name,
            )
        )


def activity_posts(text: JsonText, name: str) -> Iterator[Post]:
    """The posts of the list that `text` is at. Raises BadInput."""
    yield from filter(None, numbered(text.inner_items(), name, _post))


def _post(activity: object) -> Post | None:
    """None for what isn't public, and for what isn't a post. Raises Broken."""
    if not isinstance(activity, dict):
        raise Broken(Text("it is {kind}, not an object", kind=kind(activity)))
    if not _is_public(activity):
        return None
    note, published = activity.get("object"), activity.get("published")
    if activity.get("type") == "Announce" or isinstance(note, str):
        return make_post("", True, published, activity.get("id"))
    if activity.get("type") != "Create" or not isinstance(note, dict):
        return None
    if ("to" in note or "cc" in note) and not _is_public(note):
        return None
    language, content = _language(note)
    return make_post(content, False, published or note.get("published"), note.get("id"), language)


def _is_public(record: dict[str, object]) -> bool:
    """Listed or unlisted. In ActivityStreams a list of one may be written without its brackets."""
    for field in (record.get("to"), record.get("cc")):
        readers = field if isinstance(field, list) else [field]
        if any(isinstance(reader, str) and reader in _PUBLIC for reader in readers):
            return True
    return False


def _language(note: dict[str, object]) -> tuple[str | None, object]:
    """Of a note: its language, if it has a single one, and its text. A note of pictures alone may have none; HTML far
    too long comes back as it is, to be refused.
    """
    versions, content = note.get("contentMap"), note.get("content")
    [(language, only)] = versions.items() if isinstance(versions, dict) and len(versions) == 1 else [(None, "")]
    content = only if content is None else content
    return language, html_text(content) if isinstance(content, str) and len(content) <= _MAX_HTML else content


def actor_profile(members: Members) -> Profile | None:
    """The account's name, what it says of itself and its picture; None where they can't be read."""
    path = min((name for name in members.names() if name.split("/")[-1] == _ACTOR), key=len, default=None)
    try:
        actor = _actor(members, path) if path else None
    except (UserError, OSError, ValueError, RecursionError):  # the posts are what counts
        return None
    if path is None or actor is None:
        return None
    name = _words(actor.get("name")) or _words(actor.get("preferredUsername"))
    bio = _words(html_text(summary)) if isinstance(summary := actor.get("summary"), str) else ""
    avatar = _avatar(members, path.removesuffix(_ACTOR), actor.get("icon"))
    return Profile(name[:_MAX_NAME], bio[:_MAX_BIO], avatar) if name else None


def _words(value: object) -> str:
    """A string on one line, or nothing."""
    return on_one_line(value) if isinstance(value, str) else ""


def _actor(members: Members, path: str) -> dict[str, object] | None:
    with members.open(path) as file:
        data = file.read(_MAX_ACTOR + 1)
    actor = json.loads(data) if len(data) <= _MAX_ACTOR else None
    return actor if isinstance(actor, dict) else None


def _avatar(members: Members, folder: str, icon: object) -> bytes | None:
    url = icon.get("url") if isinstance(icon, dict) else None
    if not isinstance(url, str):
        return None
    try:
        return picture(members, folder + url)
    except (UserError, OSError):
        return None
