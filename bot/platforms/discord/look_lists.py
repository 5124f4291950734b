"""How lists, cards and pages look. Pure."""

from __future__ import annotations

from datetime import datetime

from bot import phrases, render
from bot.domain import Caller, Job, JobState, Persona
from bot.pictures.painter import Picture
from bot.platforms.discord.controls import button, button_row
from bot.platforms.discord.look import NEUTRAL, Look, layout
from bot.platforms.discord.look_jobs import stage
from bot.platforms.discord.markdown import LIMIT, first_part, plain
from bot.platforms.discord.message import Message
from bot.replies import Help, JobList, Notice, Page, PersonaList, Reply
from bot.texts import Text
from bot.usecases.jobs import state_text

SHOWN = 15  # rows of a list
CANCELS = 3  # buttons
REASON_LIMIT = 90


def shown(look: Look, reply: Reply, caller: Caller, now: datetime) -> Message:
    """What commands answer, but for utterances, trainings and cards."""
    match reply:
        case PersonaList():
            return personas(look, reply)
        case JobList():
            return jobs(look, reply, caller)
        case Help():
            return help_page(look, reply, caller)
        case Page():
            return layout(NEUTRAL, [f"### {look.told(head)}\n{look.told(body)}" for head, body in reply.parts])
        case Notice():
            return look.notice(reply.text)
    return Message(first_part(plain(render.plain(reply, now)), LIMIT))


def personas(look: Look, reply: PersonaList) -> Message:
    if not reply.personas:
        return look.notice(Text("No persona yet. Train one: /train @pip_the_lighthouse"))
    lines = [persona_line(look, one, one.name == reply.current) for one in reply.personas[:SHOWN]]
    if len(reply.personas) > SHOWN:
        lines.append(look.say("… and {n} more", n=len(reply.personas) - SHOWN))
    return layout(NEUTRAL, ["### " + look.say("Who can speak here"), "\n".join(lines)])


def persona_line(look: Look, one: Persona, current: bool) -> str:
    speaks = " · " + look.say("speaks in this channel") if current else ""
    return f"- **@{plain(one.name)}** · {look.told(phrases.summary(one))}{speaks}"


def card(look: Look, persona: Persona, pictures: tuple[Picture, ...] = ()) -> Message:
    report = persona.manifest.report
    lines = (
        [*look.report_lines(report), *map(look.told, phrases.more_lines(report))]
        if report
        else [look.told(phrases.NO_REPORT)]
    )
    texts = [
        f"### @{plain(persona.name)}",
        look.training_table(persona),
        "\n".join(lines),
        look.sample(persona),
        look.run_line(persona),
    ]
    return layout(NEUTRAL, texts, [look.persona_buttons(persona.name, "speak", "retrain")], pictures, look.alt)


def jobs(look: Look, reply: JobList, caller: Caller) -> Message:
    if not reply.jobs:
        return look.notice(Text("No trainings yet. /train @pip_the_lighthouse starts one."))
    lines = [job_line(look, job, reply) for job in reply.jobs[:SHOWN]]
    active = [job for job in reply.jobs if job.state in {JobState.QUEUED, JobState.RUNNING}]
    theirs = [job for job in active if caller.admin or job.caller.user == caller.user][:CANCELS]
    cancels = [button("cancel", f"{look.say('Cancel')} @{job.persona}", "✖️", job.id) for job in theirs]
    rows = [button_row(*cancels)] if cancels else []
    return layout(NEUTRAL, ["### " + look.say("Trainings"), "\n".join(lines)], rows)


def job_line(look: Look, job: Job, reply: JobList) -> str:
    note = f"\n  {plain(first_part(job.error, REASON_LIMIT))}" if job.error else ""
    if reply.progress is not None and reply.progress[0] == job.id:
        note = f"\n  {stage(look, reply.progress[1])}"
    asked = look.say("asked for {when}", when=f"<t:{int(job.created_at.timestamp())}:R>")
    return f"- {phrases.SIGNS[job.state]} **@{plain(job.persona)}** {look.told(state_text(job.state))} · {asked}{note}"


def help_page(look: Look, reply: Help, caller: Caller) -> Message:
    """The commands, /say first."""
    lines = [f"- {look.told(name)} — {look.told(summary)}" for name, summary in phrases.commands(reply)]
    tips = [look.say("Or mention me with the beginning of a sentence, or pick “Continue this” in a message's menu.")]
    if not caller.private:
        tips.append(look.say("Admins decide with /settings where I talk and who may train."))
    return layout(NEUTRAL, ["### " + look.say("I finish your sentences"), "\n".join(lines), "\n".join(tips)])
