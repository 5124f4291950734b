"""How lists, cards and pages look. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from telegram import CopyTextButton, InlineKeyboardButton

from bot import phrases, render
from bot.domain import Caller, Job, JobState, Persona, is_private
from bot.pictures.painter import Picture
from bot.platforms.ids import link_name
from bot.platforms.telegram.look import Look
from bot.platforms.telegram.look_jobs import stage
from bot.platforms.telegram.look_say import query
from bot.platforms.telegram.message import Message, Row, button, persona_button, rows_of
from bot.platforms.telegram.rich import (
    CAPTION_LIMIT,
    Rich,
    block,
    bold,
    first_part,
    fitting,
    lines,
    original,
    paragraphs,
    plain,
    with_examples,
)
from bot.replies import Help, JobList, Notice, Page, PersonaList, Reply
from bot.texts import Text
from bot.usecases.jobs import state_text

START = "persona_"  # of links that lead to a persona: t.me/bot?start=persona_alice
PAGE = 8  # personas
SHOWN = 15  # jobs
CANCELS = 3  # buttons
REASON_LIMIT = 90
NAME_LIMIT = 40  # characters of a persona's name on a button


def shown(look: Look, reply: Reply, caller: Caller, now: datetime) -> Message:
    """What commands answer, but for utterances, trainings and cards."""
    match reply:
        case PersonaList():
            return personas(look, reply.personas, reply.current)
        case JobList():
            return jobs(look, reply, caller, now)
        case Help():
            return help_page(look, reply, caller.private)
        case Page():
            return Message(paragraphs(*(bold(look.told(head)) + "\n" + look.told(body) for head, body in reply.parts)))
        case Notice():
            return look.notice(reply.text)
    return Message(first_part(block(render.plain(reply, now))))


def personas(look: Look, known: Sequence[Persona], current: str | None, page: int = 0) -> Message:
    """A page of them, a button each: who is pressed speaks here from then on."""
    if not known:
        return look.notice(Text("No persona yet. Train one: /train @pip_the_lighthouse"))
    last = (len(known) - 1) // PAGE
    page = min(max(page, 0), last)
    some = known[page * PAGE : (page + 1) * PAGE]
    names = [("✅ " if one.name == current else "") + _short(one.name) for one in some]
    buttons = [persona_button("choose", name, one.name) for name, one in zip(names, some, strict=True)]
    body = lines([bold(look.say("Who can speak here")), *(persona_line(look, one, current) for one in some)])
    body = body + "\n\n" + look.say("Press a name to choose who speaks here.")
    return Message(body, (*rows_of(buttons, 2), *((_pages(page, last),) if last else ())))


def _short(name: str) -> str:
    return f"@{name}" if len(name) <= NAME_LIMIT else f"@{name[:NAME_LIMIT]}…"


def _pages(page: int, last: int) -> tuple[InlineKeyboardButton, ...]:
    back = [button("page", "◀️", page - 1)] if page else []
    on = [button("page", "▶️", page + 1)] if page < last else []
    return *back, button("page", f"{page + 1} / {last + 1}", page), *on


def persona_line(look: Look, one: Persona, current: str | None) -> Rich:
    speaks = " · " + look.say("speaks here") if one.name == current else ""
    return Rich("• ") + bold(plain(f"@{one.name}")) + f" · {look.told(phrases.summary(one))}{speaks}"


def chosen(look: Look, persona: Persona, private: bool) -> Message:
    """The card of who speaks from now on, in the place of the list."""
    shown = card(look, persona, private)
    head = Rich(look.say("@{persona} speaks here from now on.", persona=persona.name))
    back = (button("page", "◀️ " + look.say("Back"), 0),)
    return Message(first_part(paragraphs(head, shown.body)), (*shown.rows, back))


def card(look: Look, persona: Persona, private: bool, pictures: tuple[Picture, ...] = ()) -> Message:
    """`private`: nobody else is there. What a caption has no room for, the pictures show."""
    report = persona.manifest.report
    head, table, run = bold(plain(f"@{persona.name}")), look.training_table(persona), look.run_line(persona)
    numbers = "\n".join(look.report_lines(report) if report else [look.told(phrases.NO_REPORT)])
    more = "\n".join([numbers, *map(look.told, phrases.more_lines(report))]) if report else numbers
    whole = paragraphs(head, table, more, look.sample(persona), run)
    bare = Message(first_part(whole), card_rows(look, persona, private))
    if not pictures:
        return bare
    shorter = (paragraphs(head, table, more, run), paragraphs(head, table, numbers, run), paragraphs(head, more, run))
    return Message(fitting(CAPTION_LIMIT, whole, *shorter), bare.rows, pictures, bare=bare)


def card_rows(look: Look, persona: Persona, private: bool) -> tuple[Row, ...]:
    rows = [("speak", "retrain"), ("made",)]
    below = [*(look.persona_buttons(persona.name, *row) for row in rows), elsewhere(look, persona, private)]
    return tuple(row for row in below if row)


def made(look: Look, persona: Persona, pictures: tuple[Picture, ...]) -> Message:
    """How it was made, in pictures; in words where those aren't allowed."""
    head = bold(look.say("How @{persona} was made", persona=persona.name))
    body = paragraphs(head, "\n\n".join(look.told(picture.alt) for picture in pictures))
    return Message(body, pictures=pictures, bare=Message(body))


def elsewhere(look: Look, persona: Persona, private: bool) -> tuple[InlineKeyboardButton, ...]:
    """To take a persona to another chat: a public one anybody may, of a private file whoever has given it."""
    public = not any(is_private(account.source) for account in persona.manifest.corpus.accounts)
    link = f"https://t.me/{look.username}?start={START}{link_name(persona.name)}"
    copied = InlineKeyboardButton("🔗 " + look.say("Copy link"), copy_text=CopyTextButton(link))
    other = InlineKeyboardButton("↗️ " + look.say("Other chat"), switch_inline_query=query(persona.name))
    return (*([copied] if public else []), *([other] if look.inline and (public or private) else []))


def jobs(look: Look, reply: JobList, caller: Caller, now: datetime) -> Message:
    if not reply.jobs:
        return look.notice(Text("No trainings yet. /train @pip_the_lighthouse starts one."))
    active = [job for job in reply.jobs if job.state in {JobState.QUEUED, JobState.RUNNING}]
    theirs = [job for job in active if caller.admin or job.caller.user == caller.user][:CANCELS]
    rows = tuple((button("cancel", "✖️ " + look.say("Cancel") + " " + _short(job.persona), job.id),) for job in theirs)
    body = [bold(look.say("Trainings")), *(job_line(look, job, reply, now) for job in reply.jobs[:SHOWN])]
    return Message(first_part(lines(body)), rows)


def job_line(look: Look, job: Job, reply: JobList, now: datetime) -> Rich:
    line = (
        Rich(f"{phrases.SIGNS[job.state]} ")
        + bold(plain(f"@{job.persona}"))
        + f" {look.told(state_text(job.state))} · "
    )
    line = line + look.say("asked for {time} ago", time=render.coarse((now - job.created_at).total_seconds()))
    if reply.progress is not None and reply.progress[0] == job.id:
        return line + "\n" + stage(look, reply.progress[1])
    return line + "\n" + first_part(Rich(look.told(job.error)), REASON_LIMIT) if job.error else line


def introduction(look: Look) -> Message:
    """Of the bot, to a group that it was put into."""
    body = paragraphs(
        bold(look.say("I finish your sentences")),
        look.say("In the voice of an account, learnt from its posts."),
        with_examples(look.say("Begin with /train @pip_the_lighthouse, a sample (admins may). Then: /say My dream is")),
        look.say("/help has the rest, /privacy what I keep."),
    )
    return Message(body)


def help_page(look: Look, reply: Help, private: bool) -> Message:
    """What is easiest first, then the commands."""
    listed = [f"{name} — {look.told(summary)}" for name, summary in phrases.commands(reply)]
    easy = (
        look.say("Write the beginning of a sentence, just like that.")
        if private
        else look.say("Reply to what I said, and I go on. Admins decide with /settings who may train.")
    )
    tips = [look.say("/say @persona --n 3 My dream is: three ways to go on, in a voice of your choice.")]
    tips.append(look.say("For a file of posts: send it with /train @name as its caption."))
    if look.inline:
        tips.append(original(look.say("In any chat: @{bot} and the beginning of a sentence.", bot=look.username)))
    return Message(
        paragraphs(bold(look.say("I finish your sentences")), easy, "\n".join(listed), with_examples("\n".join(tips)))
    )
