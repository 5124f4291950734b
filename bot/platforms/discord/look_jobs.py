"""How a job's message looks, from the queue to its end. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot import phrases, render
from bot.domain import Job, Persona
from bot.platforms.discord.controls import Row, button, button_row
from bot.platforms.discord.look import BAD, GOOD, NEUTRAL, Look, layout
from bot.platforms.discord.markdown import first_part, plain
from bot.platforms.discord.message import Message
from bot.platforms.pictures import Picture
from bot.texts import Text
from trainer.protocol import Progress

BAR_CELLS = 20
REASON_LIMIT = 1500


def waiting(look: Look, job: Job, position: int) -> Message:
    """`position` jobs are before it."""
    return layout(
        NEUTRAL,
        [title(look, job), look.told(phrases.place_in_queue(position)), asked_by(look, job)],
        [cancel_row(look, job)],
    )


def progress(look: Look, job: Job, now: Progress, at: datetime) -> Message:
    texts = [
        title(look, job),
        stage(look, now, at),
        "\n".join([*map(look.small, phrases.losses(now)), asked_by(look, job)]),
    ]
    return layout(NEUTRAL, texts, [cancel_row(look, job)])


def title(look: Look, job: Job) -> str:
    return "### " + look.say("Training {persona}", persona=f"@{plain(job.persona)}")


def asked_by(look: Look, job: Job) -> str:
    return look.small(Text("asked for by {person}", person=f"<@{job.caller.user}>"))


def cancel_row(look: Look, job: Job) -> Row:
    return button_row(button("cancel", look.say("Cancel"), "✖️", job.id))


def stage(look: Look, now: Progress, at: datetime | None = None) -> str:
    """Bar, stage; when it will be ready, which Discord counts down by itself."""
    parts = [look.told(phrases.STAGES[now.stage])]
    if now.total:
        share = now.done / now.total
        parts = [f"`{render.bar(share, BAR_CELLS)}` {100 * share:.0f}%", *parts]
    if now.seconds_left is not None and at is not None:
        parts.append(look.say("ready {when}", when=f"<t:{round(at.timestamp() + now.seconds_left)}:R>"))
    return " · ".join(parts)


def trained(look: Look, persona: Persona, warn_characters: int, pictures: tuple[Picture, ...] = ()) -> Message:
    """What it says first, then what it was made of and how good it is."""
    manifest = persona.manifest
    report = look.report_lines(manifest.report) if manifest.report else [look.told(phrases.REPORT_SOON)]
    warnings = [look.told(one) for one in render.thin_warnings(manifest.corpus.accounts, warn_characters)]
    texts = [
        "### " + look.say("{persona} is ready", persona=f"@{plain(persona.name)}"),
        look.sample(persona),
        look.training_table(persona),
        "\n".join([*report, *warnings]),
        look.run_line(persona),
    ]
    return layout(GOOD, texts, [look.persona_buttons(persona.name, "speak", "card", "retrain")], pictures)


def failed(look: Look, job: Job, message: str) -> Message:
    heading = "### " + look.say("{persona} was not trained", persona=f"@{plain(job.persona)}")
    return layout(BAD, [heading, first_part(look.quoted(message), REASON_LIMIT), asked_by(look, job)])


def ready_call(look: Look, job: Job) -> str:
    """The one mention of who asked."""
    return look.say("<@{user}>, **@{persona}** is ready. Try /say", user=job.caller.user, persona=plain(job.persona))


def failed_call(look: Look, job: Job) -> str:
    return look.say(
        "<@{user}>, **@{persona}** could not be trained; the message above says why.",
        user=job.caller.user,
        persona=plain(job.persona),
    )


@dataclass(frozen=True)
class Jobs:
    """bot.platforms.board.JobLook"""

    look_for: Callable[[str], Look]  # a person's locale
    warn_characters: int

    def look(self, job: Job) -> Look:
        return self.look_for(job.caller.locale)

    def waiting(self, job: Job, position: int) -> Message:
        return waiting(self.look(job), job, position)

    def progress(self, job: Job, now: Progress, at: datetime) -> Message:
        return progress(self.look(job), job, now, at)

    def ready(self, job: Job, persona: Persona, pictures: tuple[Picture, ...]) -> Message:
        return trained(self.look(job), persona, self.warn_characters, pictures)

    def failed(self, job: Job, reason: str) -> Message:
        return failed(self.look(job), job, reason)

    def ready_call(self, job: Job) -> Message:
        return Message(ready_call(self.look(job), job))

    def failed_call(self, job: Job) -> Message:
        return Message(failed_call(self.look(job), job))
