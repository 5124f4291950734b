"""Trainings: from the queue to the report card, one that fails, and files."""

from __future__ import annotations

from benchmarks.drawing.lighthouse import LADLE, PIP, QUIET, end_one, hold
from benchmarks.telegram_look.seen import Items, Note, Screen, alert, all_seen, seen
from benchmarks.telegram_look.town import asked, pressed, shown
from tests.bot.platforms.telegram.town import Town, whole
from tests.doubles.sources import make_posts
from tests.doubles.telegram import Message

CHOIR, SONGS = "harbour_choir", make_posts(400, "the tide sings ")
POSTS = "\n".join(post.text for post in SONGS).encode()


async def training(place: Town) -> list[Screen]:
    group = Screen("Harbour", "3 members", await queued(place), group=True)
    failed = Screen("Harbour", "3 members", [*await refused(place), *await mixed(place)], group=True)
    return [group, failed, Screen("Mynah", "bot", await given(place))]


async def queued(place: Town) -> Items:
    """In the queue; somebody who may not cancel it; then its turn."""
    chat, ann = place.group, place.ann
    hold(place.service)
    theirs, first = await asked(place, ann, chat, f"/train @{LADLE}")
    await shown(chat, "45%")
    mine, board = await asked(place, ann, chat, f"/train @{PIP}")
    items = all_seen((theirs, first, mine, board), ann)
    wrong = await (await place.fake.press(place.ben, board, "Cancel")).until()
    return [*items, Note("Ben presses ✖️ Cancel"), alert(wrong), *await ended(place, board)]


async def ended(place: Town, board: Message) -> Items:
    """Halfway, ready, and who asked is called."""
    chat, ann = place.group, place.ann
    end_one(place.service)
    await chat.until(lambda chat: "45%" in board.plain)
    items: Items = [Note("two minutes later, in the same message"), seen(board, ann)]
    end_one(place.service)
    call = await shown(chat, f"{PIP} is ready. Try")
    await chat.until(lambda chat: "Taken for the author" in board.plain)
    return [*items, Note("half a minute later, in the same message"), seen(board, ann), Note("below"), seen(call, ann)]


async def refused(place: Town) -> Items:
    """Who may not; too little to learn from."""
    chat, ann, ben = place.group, place.ann, place.ben
    items = all_seen(await asked(place, ben, chat, f"/train @{PIP}"), ann)
    theirs = await place.fake.write(ann, chat, f"/train @{QUIET}")
    call = await shown(chat, f"{QUIET} could not be trained")
    assert call.reply_to is not None
    return items + all_seen((theirs, call.reply_to, call), ann)


async def mixed(place: Town) -> Items:
    """Two voices in one."""
    chat, ann = place.group, place.ann
    place.service.trainer.gate.set()
    theirs, board = await asked(place, ann, chat, f"/train @{PIP}:2 @{LADLE}")
    await chat.until(lambda chat: "Taken for the author" in board.plain)
    return all_seen((theirs, board), ann)


async def given(place: Town) -> Items:
    """A file without a word; with its command; and what can't be posts."""
    hold(place.service)
    place.service.sources.posts[CHOIR] = SONGS  # which the double doesn't read from the file
    bare = await uploaded(place, "posts.txt", POSTS)
    song = await uploaded(place, "shanty.mp3", b"la" * 1_200_000, f"/train @{CHOIR}")
    theirs = await place.fake.upload(place.ann, place.alone, "posts.txt", POSTS, caption=f"/train @{CHOIR}")
    board = await shown(place.alone, "45%")
    items = all_seen((*bare, *song, theirs, board), place.ann)
    place.service.trainer.gate.set()
    call = await shown(place.alone, "is ready. Try")
    await place.alone.until(lambda chat: "Taken for the author" in board.plain)
    items += [Note("a minute later, in the same message"), seen(board, place.ann), seen(call, place.ann)]
    await pressed(place, place.ann, board, "How it was made")
    return [*items, Note("Ann presses 🔍 How it was made"), *all_seen(place.alone.sent[-2:], place.ann)]


async def uploaded(place: Town, name: str, data: bytes, caption: str = "") -> list[Message]:
    before = len(place.alone.sent)
    theirs = await place.fake.upload(place.ann, place.alone, name, data, caption)
    return [theirs, await whole(place.alone, before)]
