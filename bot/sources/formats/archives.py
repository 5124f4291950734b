"""Archives of several files: which network's it is, told by the names in it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain import Profile
from bot.errors import BadInput
from bot.sources.formats import x_profile
from bot.sources.formats.mastodon_archive import actor_profile, outbox_posts
from bot.sources.formats.members import Members, nearest
from bot.sources.formats.reading import FORMATS, Meter
from bot.sources.formats.telegram_export import export_posts
from bot.sources.formats.x_archive import archive_posts as x_posts
from bot.sources.formats.x_archive import posts_folder
from bot.texts import Text
from trainer.corpus import Post

_OUTBOX, _RESULT = "outbox.json", "result.json"
_MAX_SHOWN = 60  # characters of what a person typed


def archive_posts(members: Members, name: str, meter: Meter, part: str | None) -> Iterator[Post]:
    """The posts of an X or Mastodon archive, or of a Telegram Desktop export, of which `part` says whose.

    `name` is the archive's in messages. Raises BadInput.
    """
    if (folder := posts_folder(members.names(), name)) is not None:
        refuse_part(part, name)
        return x_posts(members, folder, name, meter)
    if (folder := _folder_of(_OUTBOX, members, name)) is not None:
        refuse_part(part, name)
        return _file_posts(members, folder + _OUTBOX, name, meter, None)
    if (folder := _folder_of(_RESULT, members, name)) is not None:
        return _file_posts(members, folder + _RESULT, name, meter, part)
    raise BadInput(_nothing_found(name))


def archive_profile(members: Members, name: str) -> Profile | None:
    """What an archive says of its owner. Raises BadInput or OSError when it can't be read."""
    folder = posts_folder(members.names(), name)
    return actor_profile(members) if folder is None else x_profile.archive_profile(members, folder)


def refuse_part(part: str | None, name: str) -> None:
    """Raises BadInput when a part is named of a file that has none."""
    if part is not None:
        raise BadInput(
            Text(
                "{name} has no columns and no senders, so {part} can't be chosen from it. Leave the column or sender "
                "out.",
                name=name,
                part=repr(part[:_MAX_SHOWN]),
            )
        )


def _folder_of(base: str, members: Members, name: str) -> str | None:
    found = {path.removesuffix(base) for path in members.names() if path == base or path.endswith(f"/{base}")}
    return nearest(found, name) if found else None


def _file_posts(members: Members, path: str, name: str, meter: Meter, part: str | None) -> Iterator[Post]:
    meter.start(members.size(path))
    with members.open(path) as file:
        if path.endswith(_OUTBOX):
            yield from outbox_posts(file, f"{name}/{path}", meter)
        else:
            yield from export_posts(file, f"{name}/{path}", meter, part)


def _nothing_found(name: str) -> Text:
    return Text(
        "In {name} there is no data/tweets.js (as in an X archive), no outbox.json (as in Mastodon's) and no "
        "result.json (as in a Telegram Desktop export as JSON). Give me {formats}.",
        name=name,
        formats=FORMATS,
    )
