"""Settings, lists, a card, help, and the words with which the bot comes into a group."""

from __future__ import annotations

from benchmarks.drawing.lighthouse import LADLE, PIP, QUIET, hold
from benchmarks.telegram_look.seen import Items, Note, Screen, alert, all_seen, seen
from benchmarks.telegram_look.town import asked, changed, shown
from tests.bot.platforms.telegram.town import Town

OTHERS = ("brenda_the_foghorn", "gerald_the_gull", "marguerite_rows", "mr_thrupp")
MORE = ("oblong_promise", "saltmarrow_bakery", "seal_committee", "wendell_goes_led")


async def settings(place: Town) -> list[Screen]:
    await trained(place)
    group = Screen("Harbour", "3 members", [*await introduced(place), *await decided(place)], group=True)
    people = Screen("Mynah", "bot", await listed(place))
    return [group, people, Screen("Mynah", "bot", await answered(place))]


async def introduced(place: Town) -> Items:
    return [Note("Ann added Mynah", "service"), seen(place.group.sent[0], place.ann)]


async def decided(place: Town) -> Items:
    """The form, each of its pages, and somebody who may not."""
    chat, ann = place.group, place.ann
    theirs, form = await asked(place, ann, chat, "/settings")
    items = all_seen((theirs, form), ann)
    for label, choice in (("Speaks by default", OTHERS[0]), ("answers a day", "200"), ("trainings a day", "")):
        await changed(place, ann, form, label)
        items += [Note(f"{label} is pressed"), seen(form, ann)]
        if choice:
            await changed(place, ann, form, choice)
    await changed(place, ann, form, "Back")
    await changed(place, ann, form, "Everyone may train")
    items += [Note("and in the end"), seen(form, ann)]
    wrong = await (await place.fake.press(place.ben, form, "Everyone")).until()
    return [*items, Note("Ben presses the first one"), alert(wrong)]


async def listed(place: Town) -> Items:
    """Who can speak, page by page; one is chosen."""
    chat, ann = place.alone, place.ann
    theirs, page = await asked(place, ann, chat, "/personas")
    items = all_seen((theirs, page), ann)
    await changed(place, ann, page, "▶️")
    items += [Note("▶️ is pressed"), seen(page, ann)]
    await changed(place, ann, page, "◀️")
    await changed(place, ann, page, f"@{PIP}")
    items += [Note(f"back again, and @{PIP} is pressed"), seen(page, ann)]
    return items


async def answered(place: Town) -> Items:
    """Trainings, a question, privacy, what can't be done."""
    chat, ann = place.alone, place.ann
    items: Items = []
    for text in ("/help", "/jobs", f"/forget @{PIP}", "/privacy", "/say @gerald My dream is", "/say"):
        items += all_seen(await asked(place, ann, chat, text), ann)
    return items


async def trained(place: Town) -> None:
    """One that is done, one that failed, one under way, and one that waits."""
    chat, ann = place.alone, place.ann
    await place.fake.write(ann, chat, f"/train @{PIP}")
    await shown(chat, "Taken for the author")
    for name in (*OTHERS, *MORE):
        await place.persona(name)
    await place.fake.write(ann, chat, f"/train @{QUIET}")
    await shown(chat, "could not be trained")
    hold(place.service)
    await place.fake.write(ann, chat, f"/train @{LADLE}")
    await shown(chat, "45%")
    await asked(place, ann, chat, f"/train @{PIP}:2 @{LADLE}")
