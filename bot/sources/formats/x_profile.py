"""Who an X archive belongs to: `account.js`, `profile.js` and the picture beside them.

window.YTD.account.part0 = [ {"account": {"username": "…", "accountDisplayName": "…", "accountId": "…"}} ]
window.YTD.profile.part0 = [ {"profile": {"description": {"bio": "…"}, "avatarMediaUrl": "https://…/abc.jpg"}} ]
"""

from __future__ import annotations

import re

from bot.domain import Profile
from bot.sources.formats.json_list import JsonText
from bot.sources.formats.members import Members, picture
from bot.sources.formats.x_script import script_items
from trainer.corpus import on_one_line

# Characters; X's own limits are 50 and 160 of its own units.
MAX_NAME = 100
MAX_BIO = 1000

_PICTURE = re.compile(r"https?://[^?#]*/([A-Za-z0-9_-]{1,100}\.[A-Za-z]{1,5})")


def archive_profile(members: Members, folder: str) -> Profile | None:
    """What the files in `folder` say; None without a name. Raises BadInput or OSError when one can't be read."""
    account = _first(members, f"{folder}account.js", "account")
    profile = _first(members, f"{folder}profile.js", "profile")
    name = _words(account, "accountDisplayName") or _words(account, "username")
    if not name:
        return None
    bio = _words(_inner(profile, "description"), "bio")
    avatar = _PICTURE.fullmatch(_words(profile, "avatarMediaUrl"))
    path = f"{folder}profile_media/{_words(account, 'accountId')}-{avatar[1]}" if avatar else ""
    return Profile(name[:MAX_NAME], bio[:MAX_BIO], picture(members, path))


def _first(members: Members, path: str, kind: str) -> object:
    """The first item of a script, without the object around it; None where there is none."""
    if path not in members.names():
        return None
    with members.open(path) as script:
        return _inner(next(script_items(JsonText(script.read, path), path, (kind,)), None), kind)


def _inner(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _words(value: object, key: str) -> str:
    """A string on one line, or nothing."""
    text = _inner(value, key)
    return on_one_line(text) if isinstance(text, str) else ""
