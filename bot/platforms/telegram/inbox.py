"""Updates on their way from Telegram to their handlers: stored before Telegram is told that we have them.

So a kill loses none; and one that comes twice is taken once.
"""

from __future__ import annotations

import asyncio
import json
import logging

import telegram
from telegram import Update

from bot.errors import OperatorError
from bot.platforms.telegram.message import Sent, sent_at
from bot.ports import Inbox

TRIES = 2  # processes that may die over an update
logger = logging.getLogger(__name__)


class Arrivals(asyncio.Queue[object]):
    """The queue that the library's Updater fills; `put` is its one seam between receiving and confirming.

    `inbox` is the store's.
    """

    def __init__(self, inbox: Inbox) -> None:
        super().__init__()
        self.inbox = inbox
        self.waiting: asyncio.Queue[tuple[Update, Sent | None]] = asyncio.Queue()  # with what was shown for it before

    async def put(self, item: object) -> None:
        if isinstance(item, Update) and await self._is_new(item):
            self.waiting.put_nowait((item, None))

    async def _is_new(self, update: Update) -> bool:
        if update.inline_query is not None:  # worth nothing later
            return True
        try:
            return await self.inbox.keep(update.update_id, update.to_json())
        except OperatorError as error:  # a full disk; better answered now than never
            logger.error("an update can't be stored: %s", error)
            return True

    async def reopen(self, bot: telegram.Bot) -> None:
        """What the process before has left."""
        for letter in await self.inbox.reopen():
            update = Update.de_json(json.loads(letter.content), bot)
            if letter.tries > TRIES:
                logger.error("update %d is given up: it wasn't dealt with in %d runs", letter.number, TRIES)
                await self.inbox.done(letter.number)
            else:
                self.waiting.put_nowait((update, sent_at(letter.note) if letter.note else None))
