"""How a job's message looks, from the queue to its end. Pure."""

from __future__ import annotations

from datetime import datetime

from bot import render
from bot.domain import Job, Persona
from bot.platforms.discord.controls import Row, button, button_row
from bot.platforms.discord.look import BAD, GOOD, NEUTRAL, Look, layout
from bot.platforms.discord.markdown import first_part, plain
from bot.platforms.discord.message import Message, Picture
from bot.texts import Text
from trainer.protocol import Progress

BAR_CELLS = 20
REASON_LIMIT = 1500
STAGES = {
    "fetch": Text("reading posts"),
    "clean": Text("cleaning"),
    "train": Text("training"),
    "check": Text("checking"),
    "publish": Text("publishing"),
}


def waiting(look: Look, job: Job, position: int) -> Message:
    """`position` jobs are before it."""
    line = look.say("Place {place} in the queue", place=position + 1) if position else look.say("Starting …")
    return layout(NEUTRAL, [title(look, job), line, asked_by(look, job)], [cancel_row(look, job)])


def progress(look: Look, job: Job, now: Progress, at: datetime) -> Message:
    texts = [title(look, job), stage(look, now, at), "\n".join([*losses(look, now), asked_by(look, job)])]
    return layout(NEUTRAL, texts, [cancel_row(look, job)])


def title(look: Look, job: Job) -> str:
    return "### " + look.say("Training {persona}", persona=f"@{plain(job.persona)}")


def asked_by(look: Look, job: Job) -> str:
    return look.small("asked for by {person}", person=f"<@{job.caller.user}>")


def cancel_row(look: Look, job: Job) -> Row:
    return button_row(button("cancel", look.say("Cancel"), "✖️", job.id))


def stage(look: Look, now: Progress, at: datetime | None = None) -> str:
    """Bar, stage; when it will be ready, which Discord counts down by itself."""
    parts = [look.told(STAGES[now.stage])]
    if now.total:
        share = now.done / now.total
        parts = [f"`{render.bar(share, BAR_CELLS)}` {100 * share:.0f}%", *parts]
    if now.seconds_left is not None and at is not None:
        parts.append(look.say("ready {when}", when=f"<t:{round(at.timestamp() + now.seconds_left)}:R>"))
    return " · ".join(parts)


def losses(look: Look, now: Progress) -> list[str]:
    """For those who want the numbers."""
    if now.loss is None:
        return []
    if now.held_out_loss is None:
        return [look.small("loss {loss:.2f}", loss=now.loss)]
    return [look.small("loss {loss:.2f}, on held-out posts {held:.2f}", loss=now.loss, held=now.held_out_loss)]


def trained(look: Look, persona: Persona, warn_characters: int, pictures: tuple[Picture, ...] = ()) -> Message:
    """What it says first, then what it was made of and how good it is."""
    manifest = persona.manifest
    report = (
        look.report_lines(manifest.report)
        if manifest.report
        else [look.say("Its report card comes in a moment; /card has it then.")]
    )
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
