"""What every messenger says of trainings, cards and utterances. Pure: a messenger gives it language and form."""

from __future__ import annotations

from bot.domain import Job, JobState, Persona, Utterance
from bot.figures import bytes_text, duration
from bot.replies import Help
from bot.texts import Text
from trainer.card_report import percent
from trainer.protocol import Preview, Progress, ReportCard

POST_CHARACTERS = 100  # of a post that is shown before it is learnt
WRITTEN = Text("written by a machine")
REPORT_SOON = Text("Its report card comes in a moment; /card has it then.")
NO_REPORT = Text("No report card yet.")
STAGES = {
    "fetch": Text("reading posts"),
    "wait": Text("waiting until the network lets me read on"),
    "clean": Text("cleaning"),
    "train": Text("training"),
    "check": Text("checking"),
    "publish": Text("publishing"),
}

ELSEWHERE = {"/help", "/status", "/cancel"}  # commands that are asked for, or not offered on messengers
SIGNS = {
    JobState.QUEUED: "⏳",
    JobState.RUNNING: "🏃",
    JobState.DONE: "✅",
    JobState.FAILED: "❌",
    JobState.CANCELLED: "✖️",
}


def place_in_queue(position: int) -> Text:
    """`position` jobs are before it."""
    return Text("Place {place} in the queue", place=position + 1) if position else Text("Starting …")


def losses(now: Progress) -> list[Text]:
    """For those who want the numbers."""
    if now.loss is None:
        return []
    if now.held_out_loss is None:
        return [Text("loss {loss:.2f}", loss=now.loss)]
    return [Text("loss {loss:.2f}, on held-out posts {held:.2f}", loss=now.loss, held=now.held_out_loss)]


def learning(preview: Preview) -> list[Text]:
    """What is about to be learnt, a line for each account."""
    return [
        Text(
            "@{handle}: {kept:,} of {downloaded:,} posts, {characters:,} characters",
            handle=one.handle,
            kept=one.kept,
            downloaded=one.downloaded,
            characters=one.characters,
        )
        for one in preview.accounts
    ]


def say_again(question: str, line: str) -> Text:
    """How to say yes where a button can't."""
    return Text(
        "{question} To say yes, send it again like this: {command}", question=question, command=f"/train {line}"
    )


def shown_posts(job: Job, preview: Preview) -> list[str]:
    """Some of the posts, for who gave them: in a group others would see them, too."""
    if not job.caller.private:
        return []
    return [post if len(post) <= POST_CHARACTERS else f"{post[:POST_CHARACTERS]}…" for post in preview.posts]


def remarks(reply: Utterance) -> list[Text]:
    """What is to be known about an utterance."""
    lines = []
    if reply.cut:
        lines.append(Text("The beginning of your text was too long for me and was left out."))
    if reply.quotes:
        lines.append(Text("{n} came out as a quote from a real post; I left that out.", n=reply.quotes))
    return lines


def summary(persona: Persona) -> Text:
    posts = sum(account.kept for account in persona.manifest.corpus.accounts)
    return Text("{posts:,} posts, version {version}", posts=posts, version=persona.version)


def run_line(persona: Persona, day: str) -> Text:
    manifest = persona.manifest
    if manifest.run is None:
        return Text(
            "Version {version}, {day}: trained elsewhere, takes {size}.",
            version=persona.version,
            day=day,
            size=bytes_text(persona.n_bytes),
        )
    return Text(
        "Version {version}, {day}: trained in {time}, takes {size}.",
        version=persona.version,
        day=day,
        time=duration(manifest.run.seconds),
        size=bytes_text(persona.n_bytes),
    )


def commands(reply: Help) -> list[tuple[str, Text]]:
    """Those of messengers with their summaries, /say first."""
    names = {usage.split()[0]: Text(summary) for usage, summary in reply.commands}
    return sorted(((name, names[name]) for name in names if name not in ELSEWHERE), key=lambda one: one[0] != "/say")


def report_lines(card: ReportCard) -> list[Text]:
    """The report card in three lines."""
    lines = [
        Text(
            "📏 Surprise at its real posts: {after:.2f} bits per byte, {before:.2f} before training (less is better)",
            after=card.bits_per_byte,
            before=card.bits_per_byte_base,
        )
    ]
    if card.attribution is not None and card.attribution_ceiling is not None:
        lines.append(
            Text(
                "🎭 Taken for the author: {share} of its texts ({ceiling} of the real posts)",
                share=percent(card.attribution),
                ceiling=percent(card.attribution_ceiling),
            )
        )
    lines.append(
        Text(
            "🔎 With eight words in a row copied: {share} of its texts ({own} of the real posts)",
            share=percent(card.copied),
            own=percent(card.copied_own),
        )
    )
    return lines


def more_lines(card: ReportCard) -> list[Text]:
    """Of the report card, what its three lines leave out."""
    return [
        Text(
            "🧼 Clean: {share} of {n} texts; 📐 {length:.0f} characters long (the real posts: {own:.0f})",
            share=percent(card.clean),
            n=card.generations,
            length=card.length,
            own=card.length_own,
        ),
        Text(
            "🎨 Different word pairs: {share} (in the real posts: {own})",
            share=percent(card.distinct_2),
            own=percent(card.distinct_2_own),
        ),
    ]
