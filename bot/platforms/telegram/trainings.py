"""Asking for a training: the document, the job, and its message in the chat."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from dataclasses import replace
from pathlib import Path

import httpx
import telegram
from telegram.error import BadRequest, TelegramError

from bot.arguments import TrainArguments, parse_train, train_line
from bot.domain import Job
from bot.errors import BadInput, Costly, UserError
from bot.phrases import say_again
from bot.platforms.telegram.desk import Asked, Desk
from bot.platforms.telegram.message import Message, button
from bot.platforms.uploads import check, fetch_into, queue_with_file
from bot.settings import TELEGRAM_API
from bot.texts import Text
from bot.usecases.say import find_persona
from bot.usecases.train import submit

OFFICIAL_MEGABYTES = 20  # that Telegram's own Bot API server lets bots read
SECONDS = 300.0
MAX_DATA = 64  # bytes that a button carries
CHUNK = 64 * 1024
logger = logging.getLogger(__name__)


async def train(desk: Desk, asked: Asked) -> None:
    """`/train @alice:2 @bob --fresh`, as a message, as a document's caption, or in reply to a document."""
    wanted = parse_train(asked.text)
    if wanted.files:
        raise BadInput(Text("Send the file here, with /train @name as its caption."))
    answered = asked.message.reply_to_message
    await queue(desk, asked, wanted, asked.message.document or (answered.document if answered else None))


async def unnamed(desk: Desk, asked: Asked) -> None:
    """A document without a word, in a private chat."""
    raise BadInput(Text("Whose posts are these? Reply to the file with /train @name, and I learn from it."))


async def retrain(desk: Desk, asked: Asked) -> None:
    """With the accounts and weights that it has."""
    persona = await find_persona(desk.services, asked.caller, asked.text)
    await queue(desk, asked, TrainArguments(persona.voices), None)


async def queue(desk: Desk, asked: Asked, wanted: TrainArguments, document: telegram.Document | None) -> None:
    """Queue it, and show it. Raises UserError or OperatorError."""
    try:
        job, position = await _submit(desk, asked, wanted, document)
    except Costly as costly:
        await asked.answer.show(_question(asked, replace(wanted, spend=costly.cost), costly.text, document is not None))
        return
    desk.posts.answering[job.id] = asked.answer.reply_to
    try:
        await desk.board.open(job, position)
    except TelegramError:  # the job runs all the same, and its end will be told
        logger.exception("job %d can't be shown", job.id)


async def _submit(
    desk: Desk, asked: Asked, wanted: TrainArguments, document: telegram.Document | None
) -> tuple[Job, int]:
    if document is None:
        return await submit(desk.services, asked.caller, wanted)
    return await queue_with_file(desk.services, asked.caller, wanted, lambda: _fetch(desk, document))


def _question(asked: Asked, wanted: TrainArguments, question: str, with_file: bool) -> Message:
    """With a button to say yes; not for a file, which is gone by then, nor where Telegram's data are too short."""
    line = train_line(wanted)
    sure = button("spend", "💵 " + asked.look.say("Yes, read them"), line)
    if with_file or len(str(sure.callback_data).encode()) > MAX_DATA:
        return asked.look.notice(say_again(question, line))
    return Message(asked.look.notice(question).body, ((sure,),))


async def spend(desk: Desk, asked: Asked) -> None:
    """Somebody says yes to what a training costs."""
    asked.answer.in_place = True
    await queue(desk, asked, parse_train(asked.text), None)


async def _fetch(desk: Desk, document: telegram.Document) -> Path:
    """Raises UserError."""
    settings = desk.services.settings
    name, size = document.file_name or "posts.txt", document.file_size or 0
    official = settings.telegram.api_base == TELEGRAM_API
    if official and size > OFFICIAL_MEGABYTES * 1_000_000:
        raise too_large(name, size)
    check(name, size, settings.limits.upload_megabytes)
    try:
        file = await desk.outbox.ask(lambda: desk.outbox.bot.get_file(document.file_id))
        async with asyncio.timeout(SECONDS):
            return await fetch_into(desk.services.folders.uploads, name, lambda path: _download(file, name, size, path))
    except (TelegramError, httpx.HTTPError, TimeoutError) as error:
        if isinstance(error, BadRequest) and "too big" in error.message.lower():
            raise too_large(name, size) from error
        raise UserError(Text("{file} couldn't be downloaded from Telegram. Try again.", file=name)) from error


def too_large(name: str, size: int) -> BadInput:
    return BadInput(
        Text(
            "{file} has {size:.0f} MB; Telegram lets me read {limit} MB. Of an X archive, send data/tweets.js alone, "
            "or a zip without the media. Of other files, the latest part is enough.",
            file=name,
            size=size / 1e6,
            limit=OFFICIAL_MEGABYTES,
        )
    )


async def _download(file: telegram.File, name: str, size: int, path: Path) -> None:
    """As a stream; the library would hold all in memory. A Bot API server on this machine gives the file itself."""
    place = file.file_path or ""
    if os.path.isfile(place):  # noqa: ASYNC240 (a look at it)
        await asyncio.to_thread(shutil.copyfile, place, path)
        return
    async with httpx.AsyncClient() as client, client.stream("GET", place) as response:
        response.raise_for_status()
        with path.open("wb") as target:
            async for chunk in response.aiter_bytes(CHUNK):
                size -= len(chunk)
                if size < 0:
                    raise BadInput(Text("{file} is longer than it said.", file=name))
                await asyncio.to_thread(target.write, chunk)
