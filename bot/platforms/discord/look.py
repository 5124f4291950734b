"""How replies look on Discord. Pure: replies → Messages, in the person's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import discord

from bot import render
from bot.domain import Job, JobState, Persona, Utterance
from bot.platforms.discord.answer import Message, Picture
from bot.platforms.discord.controls import Row, button, button_row, buttons_below
from bot.platforms.discord.ids import reference
from bot.platforms.discord.markdown import LIMIT, bold, first_part, last_part, plain, with_commands
from bot.replies import Card, Help, JobList, Notice, PersonaList, Reply
from bot.texts import Text, translate
from bot.usecases.jobs import state_text
from trainer.protocol import Progress, ReportCard

NEUTRAL, GOOD, BAD = discord.Colour(0x5865F2), discord.Colour(0x2D7D46), discord.Colour(0xB3261E)
LAYOUT_LIMIT = 4000  # characters of all texts in a layout
PROMPT_LIMIT = 1200
BAR_CELLS = 16
SHOWN = 15  # rows of a list

WRITTEN = Text("written by a machine")
STAGES = {
    "fetch": Text("reading posts"),
    "clean": Text("cleaning"),
    "train": Text("training"),
    "check": Text("checking"),
    "publish": Text("publishing"),
}


@dataclass(frozen=True)
class Look:
    """One person's language; `commands`: the ids under which Discord knows them, for clickable mentions."""

    locale: str = "en"
    commands: dict[str, int] = field(default_factory=dict)

    def say(self, template: str, **values: object) -> str:
        return self.told(Text(template, **values))

    def told(self, text: str) -> str:
        """A sentence of ours, in the person's language."""
        return with_commands(translate(text, self.locale), self.commands)

    def notice(self, text: str) -> Message:
        """A sentence of ours; what it quotes from people is shown as it is."""
        return Message(first_part(self.told(quoting(text)), LIMIT))

    def label(self, persona: str) -> str:
        return f"-# @{plain(persona)} · {self.told(WRITTEN)}"

    def utterance(self, reply: Utterance, prompt: str, asked_by: str = "") -> Message:
        """The prompt in bold, and how it went on. Buttons: the same again; on from here."""
        notes = [self.label(reply.persona) + asked_by]
        if reply.cut:
            notes.append("-# " + self.say("The beginning of your text was too long for me and was left out."))
        if reply.quotes:
            notes.append("-# " + self.say("{n} came out as a quote from a real post; I left that out.", n=reply.quotes))
        body = self.spoken(reply.samples, prompt)
        buttons = [button("again", self.say("Again"), "🔁", reference(reply.persona), max(1, len(reply.samples)))]
        if len(reply.samples) == 1:
            buttons.append(button("more", self.say("More"), "➡️", reference(reply.persona)))
        tail = "\n".join(notes)
        return Message(f"{first_part(body, LIMIT - len(tail) - 1)}\n{tail}", buttons_below(*buttons))

    def spoken(self, samples: Sequence[str], prompt: str) -> str:
        """`**My dream is** to sail`, or the prompt and a list of ways to go on."""
        shown = last_part(prompt, PROMPT_LIMIT)
        rests = [sample.removeprefix(prompt) for sample in samples]
        if not rests:
            return bold(shown)
        if len(rests) == 1:
            return bold(shown) + plain(rests[0])
        return "\n".join([bold(shown), *(f"{n}. {plain(rest.strip())}" for n, rest in enumerate(rests, 1))])

    def growing(self, persona: str, prompt: str, texts: Sequence[str]) -> Message:
        """What there is of an utterance that is on its way."""
        body = self.spoken([prompt + text for text in texts], prompt)
        return Message(f"{first_part(body, LIMIT - 200)} ▌\n{self.label(persona)}")

    def reply(self, reply: Reply, now: datetime) -> Message:
        """What commands answer, but for utterances and trainings."""
        match reply:
            case PersonaList():
                return self.personas(reply)
            case Card():
                return self.card(reply.persona)
            case JobList():
                return self.jobs(reply)
            case Help():
                return self.help(reply)
            case Notice():
                return self.notice(reply.text)
        return Message(first_part(plain(render.plain(reply, now)), LIMIT))

    def personas(self, reply: PersonaList) -> Message:
        if not reply.personas:
            return self.notice(Text("No persona yet. Train one: /train @pip_the_lighthouse"))
        lines = [self._persona_line(one, reply.current) for one in reply.personas[:SHOWN]]
        if len(reply.personas) > SHOWN:
            lines.append(self.say("… and {n} more", n=len(reply.personas) - SHOWN))
        return layout(NEUTRAL, ["### " + self.say("Who can speak here"), "\n".join(lines)])

    def _persona_line(self, one: Persona, current: str | None) -> str:
        mark = "▸" if one.name == current else "·"
        posts = sum(account.kept for account in one.manifest.corpus.accounts)
        what = self.say("{posts:,} posts, version {version}", posts=posts, version=one.version)
        return f"{mark} **@{plain(one.name)}** — {what}"

    def card(self, persona: Persona, pictures: tuple[Picture, ...] = ()) -> Message:
        manifest = persona.manifest
        texts = [
            "### " + f"@{plain(persona.name)}",
            block(render.training_table(manifest.corpus.accounts, self.told)),
            self.run_line(persona),
            "\n".join(self.report_lines(manifest.report)) if manifest.report else self.say("No report card yet."),
            f"> {plain(first_part(manifest.sample, 600))}\n{self.label(persona.name)}",
        ]
        return layout(NEUTRAL, texts, self.persona_buttons(persona.name, "speak", "retrain"), pictures)

    def run_line(self, persona: Persona) -> str:
        manifest = persona.manifest
        return self.say(
            "Version {version} of {day}, trained on {base} in {time}, {size}.",
            version=persona.version,
            day=f"<t:{int(manifest.created_at.timestamp())}:D>",
            base=plain(manifest.base.name),
            time=render.clock(manifest.run.seconds),
            size=render.bytes_text(persona.n_bytes),
        )

    def report_lines(self, card: ReportCard) -> list[str]:
        """The report card in three lines."""
        lines = [
            self.say(
                "📏 Surprise at its real posts: {after:.2f} bits per byte, {before:.2f} before training",
                after=card.bits_per_byte,
                before=card.bits_per_byte_base,
            )
        ]
        if card.attribution is not None and card.attribution_ceiling is not None:
            lines.append(
                self.say(
                    "🎭 Taken for the author: {share} (its real posts: {ceiling})",
                    share=render.percent(card.attribution),
                    ceiling=render.percent(card.attribution_ceiling),
                )
            )
        lines.append(
            self.say(
                "🔎 Copied eight words in a row: {share} (its real posts: {own})",
                share=render.percent(card.copied),
                own=render.percent(card.copied_own),
            )
        )
        return lines

    def persona_buttons(self, persona: str, *actions: str) -> list[Row]:
        labels = {
            "speak": (self.say("Say something"), "💬"),
            "card": (self.say("Card"), "📇"),
            "retrain": (self.say("Retrain"), "🔄"),
        }
        return [button_row(*(button(action, *labels[action], reference(persona)) for action in actions))]

    def jobs(self, reply: JobList) -> Message:
        if not reply.jobs:
            return self.notice(Text("No trainings yet. /train @pip_the_lighthouse starts one."))
        lines = [self._job_line(job, reply) for job in reply.jobs[:SHOWN]]
        active = [job for job in reply.jobs if job.state in {JobState.QUEUED, JobState.RUNNING}][:5]
        cancels = [button("cancel", f"{self.say('Cancel')} #{job.id}", "✖️", job.id) for job in active]
        return layout(
            NEUTRAL, ["### " + self.say("Trainings"), "\n".join(lines)], [button_row(*cancels)] if cancels else []
        )

    def _job_line(self, job: Job, reply: JobList) -> str:
        note = f" — {plain(first_part(job.error, 200))}" if job.error else ""
        if reply.progress is not None and reply.progress[0] == job.id:
            note = " — " + self.stage_line(reply.progress[1])
        asked = f"<t:{int(job.created_at.timestamp())}:R>"
        return f"`#{job.id}` **@{plain(job.persona)}** {self.told(state_text(job.state))}, {asked}{note}"

    def help(self, reply: Help) -> Message:
        known = [(usage, summary) for usage, summary in reply.commands if usage.split()[0][1:] in self.commands]
        lines = [f"{self.told(usage.split()[0])} {self.told(Text(summary))}" for usage, summary in known]
        tip = self.say("Or mention me with the beginning of a sentence, or pick “Continue this” in a message's menu.")
        return layout(NEUTRAL, ["### Mynah", "\n".join(lines), tip])

    # A job's message

    def waiting(self, job: Job, position: int) -> Message:
        """`position` jobs are before it."""
        line = self.say("Waiting: {place} in the queue", place=position + 1) if position else self.say("Starting …")
        return layout(NEUTRAL, [self.title(job), line], [self.cancel_row(job)])

    def progress(self, job: Job, progress: Progress, now: datetime) -> Message:
        return layout(NEUTRAL, [self.title(job), self.stage_line(progress, now)], [self.cancel_row(job)])

    def title(self, job: Job) -> str:
        return "### " + self.say("Training {persona}", persona=f"@{plain(job.persona)}")

    def cancel_row(self, job: Job) -> Row:
        return button_row(button("cancel", self.say("Cancel"), "✖️", job.id))

    def stage_line(self, progress: Progress, now: datetime | None = None) -> str:
        """Stage, bar, share, losses; when it will be ready, which Discord counts down by itself."""
        parts = [self.told(STAGES[progress.stage])]
        if progress.total:
            share = progress.done / progress.total
            parts.append(f"`{render.bar(share, BAR_CELLS)}` {100 * share:.0f}%")
        if progress.loss is not None:
            parts.append(self.say("loss {loss:.2f}", loss=progress.loss))
        if progress.held_out_loss is not None:
            parts.append(self.say("held out {loss:.2f}", loss=progress.held_out_loss))
        if progress.seconds_left is not None and now is not None:
            parts.append(self.say("ready {when}", when=f"<t:{round(now.timestamp() + progress.seconds_left)}:R>"))
        return " · ".join(parts)

    def trained(self, persona: Persona, warn_characters: int, pictures: tuple[Picture, ...] = ()) -> Message:
        manifest = persona.manifest
        texts = [
            "### " + self.say("{persona} is ready", persona=f"@{plain(persona.name)}"),
            block(render.training_table(manifest.corpus.accounts, self.told)),
            "\n".join(
                [
                    self.run_line(persona),
                    *map(self.told, render.thin_warnings(manifest.corpus.accounts, warn_characters)),
                ]
            ),
            "\n".join(self.report_lines(manifest.report))
            if manifest.report
            else self.say("Its report card is being written …"),
            f"> {plain(first_part(manifest.sample, 600))}\n{self.label(persona.name)}",
        ]
        return layout(GOOD, texts, self.persona_buttons(persona.name, "speak", "card", "retrain"), pictures)

    def failed(self, job: Job, message: str) -> Message:
        title = "### " + self.say("{persona} was not trained", persona=f"@{plain(job.persona)}")
        return layout(BAD, [title, first_part(self.told(quoting(message)), 1500)])

    def ready(self, job: Job, persona: Persona) -> str:
        """The one mention of who asked."""
        return self.say("<@{user}> @{persona} is ready.", user=job.caller.user, persona=plain(persona.name))

    def not_ready(self, job: Job) -> str:
        return self.say("<@{user}> @{persona} was not trained.", user=job.caller.user, persona=plain(job.persona))


def quoting(text: str) -> str:
    if not isinstance(text, Text):
        return plain(text)
    values = {name: quoting(value) if isinstance(value, str) else value for name, value in text.values.items()}
    return Text(text.template, **values)


def block(text: str) -> str:
    return f"```\n{text}\n```"


def layout(
    colour: discord.Colour,
    texts: Sequence[str],
    rows: Sequence[Row] = (),
    pictures: tuple[Picture, ...] = (),
) -> Message:
    """A box with a coloured edge; texts that are too long together are cut from the last one on."""
    box: discord.ui.Container[discord.ui.LayoutView] = discord.ui.Container(accent_colour=colour)
    left = LAYOUT_LIMIT
    for text in texts:
        if left > 1:
            box.add_item(discord.ui.TextDisplay(first_part(text, left)))
            left -= len(text)
    if pictures:
        items = [discord.MediaGalleryItem(f"attachment://{picture.name}") for picture in pictures]
        box.add_item(discord.ui.MediaGallery(*items))
    for one in rows:
        box.add_item(one)
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(box)
    return Message(view=view, pictures=pictures)


def utc_now() -> datetime:
    return datetime.now(UTC)
