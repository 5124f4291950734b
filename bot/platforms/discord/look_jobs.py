"""How a job's message looks, from the queue to its end. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot import phrases, render
from bot.domain import Job, Persona
from bot.pictures.painter import Picture
from bot.platforms.discord.controls import Row, button, button_row
from bot.platforms.discord.look import BAD, GOOD, NEUTRAL, Look, layout
from bot.platforms.discord.markdown import first_part, plain
from bot.platforms.discord.message import Message
from bot.texts import Text
from trainer.protocol import Preview, Progress

BAR_CELLS = 20
REASON_LIMIT = 1500


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
        when = f"<t:{round(at.timestamp() + now.seconds_left)}:R>"
        waits = now.stage == "wait"
        parts.append(look.say("goes on {when}", when=when) if waits else look.say("ready {when}", when=when))
    return " · ".join(parts)


def _previewed(look: Look, job: Job, preview: Preview | None) -> list[str]:
    if preview is None:
        return []
    posts = [f"> {plain(post)}" for post in phrases.shown_posts(job, preview)]
    return ["\n".join([*map(look.told, phrases.learning(preview)), *posts])]


@dataclass(frozen=True)
class Jobs:
    """bot.platforms.board.JobLook"""

    look_for: Callable[[str], Look]  # a person's locale
    warn_characters: int

    def look(self, job: Job) -> Look:
        return self.look_for(job.caller.locale)

    def waiting(self, job: Job, position: int) -> Message:
        look = self.look(job)
        texts = [title(look, job), look.told(phrases.place_in_queue(position)), asked_by(look, job)]
        return layout(NEUTRAL, texts, [cancel_row(look, job)])

    def progress(self, job: Job, now: Progress, at: datetime, preview: Preview | None) -> Message:
        look = self.look(job)
        numbers = "\n".join([*map(look.small, phrases.losses(now)), asked_by(look, job)])
        texts = [title(look, job), stage(look, now, at), *_previewed(look, job, preview), numbers]
        return layout(NEUTRAL, texts, [cancel_row(look, job)])

    def ready(self, job: Job, persona: Persona, pictures: tuple[Picture, ...]) -> Message:
        """What it says first, then what it was made of and how good it is."""
        look, manifest = self.look(job), persona.manifest
        report = look.report_lines(manifest.report) if manifest.report else [look.told(phrases.REPORT_SOON)]
        warnings = [look.told(one) for one in render.remarks(manifest.corpus.accounts, self.warn_characters)]
        texts = [
            "### " + look.say("{persona} is ready", persona=f"@{plain(persona.name)}"),
            look.sample(persona),
            look.training_table(persona),
            "\n".join([*report, *warnings]),
            look.run_line(persona),
        ]
        buttons = look.persona_buttons(persona.name, "speak", "card", "retrain")
        return layout(GOOD, texts, [buttons], pictures, look.alt)

    def failed(self, job: Job, reason: str) -> Message:
        look = self.look(job)
        heading = "### " + look.say("{persona} was not trained", persona=f"@{plain(job.persona)}")
        return layout(BAD, [heading, first_part(look.quoted(reason), REASON_LIMIT), asked_by(look, job)])

    def ready_call(self, job: Job) -> Message:
        """The one mention of who asked."""
        look, persona = self.look(job), plain(job.persona)
        return Message(look.say("<@{user}>, **@{persona}** is ready. Try /say", user=job.caller.user, persona=persona))

    def failed_call(self, job: Job) -> Message:
        text = self.look(job).say(
            "<@{user}>, **@{persona}** could not be trained; the message above says why.",
            user=job.caller.user,
            persona=plain(job.persona),
        )
        return Message(text)
