"""Asking for a training: the attachment, the job, and its message in the channel."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path

import discord

from bot.arguments import TrainArguments, parse_train, train_line
from bot.domain import Caller, Job, JobMessage
from bot.errors import BadInput, Costly
from bot.phrases import say_again
from bot.platforms.discord.answer import Answer
from bot.platforms.discord.controls import button, buttons_below
from bot.platforms.discord.desk import Desk
from bot.platforms.discord.message import Message
from bot.platforms.discord.people import Asked, caller_of
from bot.platforms.discord.steady import NETWORK, missing_permission
from bot.platforms.discord.uploads import download
from bot.platforms.ids import custom_id
from bot.platforms.uploads import check, queue_with_file
from bot.texts import Text
from bot.usecases.train import submit as queue

MAX_ID = 100  # characters of a button's id
MENTION = re.compile(r"<@!?\d+>")
logger = logging.getLogger(__name__)


async def train(desk: Desk, asked: Asked, text: str, file: discord.Attachment | None = None) -> None:
    """`text` is as in a terminal: `@alice:2 @bob --fresh`."""

    async def work(answer: Answer) -> None:
        if MENTION.search(text):
            raise BadInput(
                Text(
                    "That is somebody on Discord. I learn from posts, not from chat: name an account, or attach a file."
                )
            )
        wanted = parse_train(text)
        if wanted.files:
            raise BadInput(Text("Attach the file to the command, as its option “file”."))
        await submit(desk, answer, caller_of(asked), wanted, file)

    await desk.answer(asked, work)


async def submit(
    desk: Desk, answer: Answer, caller: Caller, wanted: TrainArguments, file: discord.Attachment | None = None
) -> None:
    """Queue it, show it in the channel, tell the person where. Raises UserError or OperatorError."""
    try:
        job, position = await _queue(desk, caller, wanted, file)
    except Costly as costly:
        await answer.show(_question(desk, caller, replace(wanted, spend=costly.cost), costly.text, file is not None))
        return
    try:
        known = await desk.board.open(job, position)
    except (discord.HTTPException, *NETWORK):  # the job runs all the same, and its end will be told
        logger.exception("job %d can't be shown", job.id)
        known = None
    await answer.show(desk.look(caller.locale).notice(_where(answer.asked, job, known)))


def _question(desk: Desk, caller: Caller, wanted: TrainArguments, question: str, with_file: bool) -> Message:
    """With a button to say yes; not for a file, which is gone by then, nor where Discord's ids are too short."""
    look, line = desk.look(caller.locale), train_line(wanted)
    if with_file or len(custom_id("spend", line)) > MAX_ID:
        return look.notice(say_again(question, line))
    sure = button("spend", look.say("Yes, read them"), "💵", line, style=discord.ButtonStyle.danger)
    return Message(look.notice(question).content, buttons_below(sure))


async def _queue(
    desk: Desk, caller: Caller, wanted: TrainArguments, file: discord.Attachment | None
) -> tuple[Job, int]:
    services = desk.services
    if file is None:
        return await queue(services, caller, wanted)
    given = file

    async def fetch() -> Path:
        check(given.filename, given.size, services.settings.limits.upload_megabytes)
        return await download(given, services.folders.uploads)

    return await queue_with_file(services, caller, wanted, fetch)


def _where(asked: Asked, job: Job, known: JobMessage | None) -> Text:
    """Where the job can be watched."""
    if known is None:
        return Text("Training @{persona}. I can't show it here or write to you; /jobs has it.", persona=job.persona)
    if known.channel == job.caller.channel:
        link = f"https://discord.com/channels/{asked.guild_id or '@me'}/{known.channel}/{known.message}"
        return Text("Training @{persona}. Follow it here: {link}", persona=job.persona, link=Text(link))
    missing = _missing(asked)
    if missing is None:
        return Text("Training @{persona}. I wrote you a private message that shows how far it is.", persona=job.persona)
    return Text(
        "Training @{persona}. In this channel I lack the permission “{permission}”, so I wrote you a private "
        "message that shows how far it is.",
        persona=job.persona,
        permission=missing,
    )


def _missing(asked: Asked) -> Text | None:
    if not asked.is_guild_integration() or asked.guild_id is None:
        return None
    return missing_permission(asked.app_permissions, isinstance(asked.channel, discord.Thread))
