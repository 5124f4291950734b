"""How a job's message looks, from the queue to its end. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from telegram import InlineKeyboardButton, MessageEntity

from bot import phrases, render
from bot.domain import Job, Persona, is_private
from bot.pictures.painter import Picture
from bot.platforms.telegram.look import Look
from bot.platforms.telegram.message import Message, button
from bot.platforms.telegram.rich import (
    CAPTION_LIMIT,
    LIMIT,
    Rich,
    bold,
    first_part,
    fitting,
    lines,
    marked,
    mention,
    paragraphs,
    plain,
    quote,
)
from trainer.protocol import Preview, Progress

BAR_CELLS = 10
REASON_LIMIT = 1500
BARS = {"fetch", "wait", "train"}


@dataclass(frozen=True)
class Jobs:
    """bot.platforms.board.JobLook"""

    look_for: Callable[[str], Look]  # a person's locale
    warn_characters: int

    def look(self, job: Job) -> Look:
        return self.look_for(job.caller.locale)

    def waiting(self, job: Job, position: int) -> Message:
        look = self.look(job)
        body = title(look, job) + "\n" + look.told(phrases.place_in_queue(position))
        return Message(paragraphs(body, given(look, job)), ((cancel(look, job),),))

    def progress(self, job: Job, now: Progress, at: datetime, preview: Preview | None) -> Message:
        look = self.look(job)
        learning = [*map(look.told, phrases.learning(preview))] if preview else []
        posts = [quote(plain(post)) for post in phrases.shown_posts(job, preview)] if preview else []
        body = lines([title(look, job), stage(look, now), *map(look.told, phrases.losses(now)), *learning, *posts])
        return Message(body, ((cancel(look, job),),))

    def ready(self, job: Job, persona: Persona, pictures: tuple[Picture, ...]) -> Message:
        """What it says first, then what it was made of and how good it is, below the picture to share.

        A caption is short: what there is no room for, the pictures show.
        """
        look = self.look(job)
        head = bold("✅ " + look.say("{persona} is ready", persona=f"@{persona.name}"))
        sample, table, rest = look.sample(persona), look.training_table(persona), self._rest(look, job, persona)
        rows = (look.persona_buttons(persona.name, "speak", "card"), look.persona_buttons(persona.name, "made"))
        whole = paragraphs(head, sample, table, rest)
        bare = Message(first_part(whole), rows)
        if not pictures:
            return bare
        caption = fitting(CAPTION_LIMIT, whole, paragraphs(head, table, rest), paragraphs(head, rest))
        return Message(caption, rows, pictures[:1], bare=bare)

    def _rest(self, look: Look, job: Job, persona: Persona) -> Rich:
        """How good it is, and what else is to be known."""
        manifest = persona.manifest
        report = look.report_lines(manifest.report) if manifest.report else [look.told(phrases.REPORT_SOON)]
        warnings = [look.told(one) for one in render.remarks(manifest.corpus.accounts, self.warn_characters)]
        return paragraphs("\n".join(report), "\n".join(f"⚠️ {one}" for one in warnings), given(look, job))

    def failed(self, job: Job, reason: str) -> Message:
        look = self.look(job)
        heading = bold("❌ " + look.say("{persona} was not trained", persona=f"@{job.persona}"))
        return Message(first_part(paragraphs(heading, first_part(Rich(look.told(reason)), REASON_LIMIT)), LIMIT))

    def ready_call(self, job: Job) -> Message:
        look = self.look(job)
        body = called(look, job, look.say("@{persona} is ready. Try /say", persona=job.persona))
        return Message(body, (look.persona_buttons(job.persona, "speak"),))

    def failed_call(self, job: Job) -> Message:
        look = self.look(job)
        told = look.say("@{persona} could not be trained; the message above says why.", persona=job.persona)
        return Message(called(look, job, told))


def title(look: Look, job: Job) -> Rich:
    return bold(look.say("Training {persona}", persona=f"@{job.persona}"))


def given(look: Look, job: Job) -> str:
    """Who hands over a file should know what becomes of it."""
    if not any(is_private(account.reference) for account in job.accounts):
        return ""
    return look.say("I learn from the file that you gave me. What it holds stays in this chat; /forget deletes it.")


def cancel(look: Look, job: Job) -> InlineKeyboardButton:
    return button("cancel", "✖️ " + look.say("Cancel"), job.id)


def stage(look: Look, now: Progress) -> Rich:
    """Bar, share, stage, time left."""
    name = look.told(phrases.STAGES[now.stage])
    if now.stage not in BARS or not now.total:  # the other ones are short: a bar would only jump
        return Rich(name)
    share = now.done / now.total
    left = [look.say("{time} left", time=render.coarse(now.seconds_left))] if now.seconds_left is not None else []
    bar = marked(MessageEntity.CODE, render.bar(share, BAR_CELLS))
    return bar + "\n" + " · ".join([f"{100 * share:.0f}%", name, *left])


def called(look: Look, job: Job, text: str) -> Rich:
    """In a group, who asked for it is mentioned, which rings for them; their name isn't known."""
    if job.caller.private or not job.caller.user.isdigit():
        return Rich(text)
    return mention(int(job.caller.user), look.say("Your training:")) + " " + text
